"""The written file builds the same network, learns, and is what a formatter and a linter would leave alone."""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.dense import FullyConnected
from mnistspec.language.vocabulary.pools import GlobalAveragePool
from mnistspec.network.builder import build_model
from mnistspec.network.code import write_code
from mnistspec.network.expressions import WIDTH, Call, Symbol, render, write_call
from mnistspec.training.optimization import make_optimizer, make_scheduler
from tests.language.corpus_files import GOOD, settings_of
from tests.language.strategies import pinned, specs
from tests.needs import need_module
from tests.places import SPECS
from tests.profiles import examples

SHIPPED = sorted(SPECS.glob("*.yaml"))


def run_code(spec: Spec) -> dict[str, Any]:
    """Return the names that the file of a spec defines."""
    names: dict[str, Any] = {"__name__": "written"}
    exec(compile(write_code(spec), "written.py", "exec"), names)  # noqa: S102 - what is tested
    return names


def assert_same_network(spec: Spec, names: dict[str, Any]) -> nn.Module:
    """Assert that both networks have the same parts, and under one seed the same bits; return the written one."""
    torch.manual_seed(5)
    expected = build_model(spec)
    torch.manual_seed(5)
    model: nn.Module = names["build_model"]()
    assert repr(model) == repr(expected)
    state = model.state_dict()
    assert list(state) == list(expected.state_dict())
    assert all(torch.equal(state[key], value) for key, value in expected.state_dict().items())
    images = torch.randn(3, 1, 28, 28)
    model.eval(), expected.eval()
    assert torch.equal(model(images), expected(images))
    return model


def rates_of(optimizer: torch.optim.Optimizer, schedule: Any, steps: int) -> list[float]:
    """Return the learning rates of so many steps."""
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_specs(path: Path) -> None:
    assert len(SHIPPED) == 8
    spec = load_spec(path)
    assert_same_network(spec, run_code(spec))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_corpus(path: Path) -> None:
    spec = load_spec(path, settings_of(path))
    ast.parse(write_code(spec))
    if len(spec.layers) < 100:
        assert_same_network(spec, run_code(spec))


@given(specs())
@examples(25)
@pinned
def test_any_spec(spec: Spec) -> None:
    names = run_code(spec)
    model = assert_same_network(spec, names)
    assert names["EPOCHS"] == spec.train.epochs
    expected = make_optimizer(spec.train.optimizer, model)
    optimizer = names["make_optimizer"](model)
    assert type(optimizer) is type(expected)
    how = {"fused": None}  # the same step, taken in one call
    assert {**optimizer.defaults, **how} == {**expected.defaults, **how}
    if "make_augmentation" in names:
        image = names["make_augmentation"]()(torch.rand(1, 28, 28))
        assert image.shape == (1, 28, 28)
        assert image.isfinite().all()


@given(specs())
@examples(25)
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_any_schedule(spec: Spec) -> None:
    names = run_code(spec)
    steps, epochs = -(-60_000 // spec.train.batch_size), spec.train.epochs
    if "make_schedule" not in names:
        assert spec.train.scheduler.word == "constant"
        return
    rates = []
    count = min(epochs * steps, 40)
    for make in (names["make_schedule"], lambda o, e, s: make_scheduler(spec.train.scheduler, o, e, s)):
        optimizer = make_optimizer(spec.train.optimizer, nn.Linear(1, 1))
        rates.append(rates_of(optimizer, make(optimizer, epochs, steps), count))
    assert rates[0] == rates[1]


def test_the_written_test_pass_drops_nothing() -> None:
    names = run_code(load_spec(SPECS / "step6.yaml", ["defaults=null", "layers=[flatten, {dropout: 0.9}, {fc: 10}]"]))
    model = names["build_model"]()
    images, labels = torch.randn(40, 1, 28, 28), torch.arange(40) % 10
    loss, accuracy = names["test"](model.train(), images, labels)
    logits = model.eval()(images)
    assert loss == pytest.approx(float(nn.functional.cross_entropy(logits, labels).detach()))
    assert accuracy == 100 * int(logits.argmax(1).eq(labels).sum()) / 40


def test_steps_are_counted_anew_for_other_data() -> None:
    spec = load_spec(SPECS / "step6.yaml", ["train.scheduler={step: {step_size: 2, warmup: {epochs: 1}}}"])
    code = write_code(spec)
    assert "rise = max(1, round(1.0 * steps))" in code
    assert "StepLR(optimizer, step_size=2 * steps)" in code
    schedule = run_code(spec)["make_schedule"](torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0), 5, 10)
    assert schedule._schedulers[1].step_size == 20


def test_a_length_is_written_where_it_is_torchs_default_by_chance() -> None:
    settings = ["train.batch_size=12000", "train.scheduler={step: {step_size: 2, warmup: {epochs: 1}}}"]
    assert "total_iters=rise" in write_code(load_spec(SPECS / "step6.yaml", settings))  # 5, for these data


def test_the_length_of_a_run_counts_what_is_not_held_out() -> None:
    # 1,050 images in batches of 110 are 10 steps; torch divides by a rise of one step less one.
    settings = ["train.epochs=1", "train.batch_size=110", "train.holdout=58950", "targets=null"]
    settings.append("train.scheduler={onecycle: {max_lr: 0.1, pct_start: 0.1}}")
    text = write_code(load_spec(SPECS / "step6.yaml", settings))
    assert f"pct_start={0.1 + 1e-9!r}" in text


@pytest.fixture(scope="module")
def ruff() -> list[str]:
    """The command of ruff with its default rules."""
    need_module("ruff")
    return [sys.executable, "-m", "ruff"]


def test_it_passes_the_linter_and_the_formatter(tmp_path: Path, ruff: list[str]) -> None:
    odd = [
        ("qmnist", ["data=qmnist", "train.holdout=100"]),
        ("decay", ["train.scheduler={multistep: {milestones: [1, 2, 3], warmup: {epochs: 0.5}}}"]),
        ("many", [f"train.scheduler={{multistep: {{milestones: {list(range(1, 15))}}}}}"]),
        ("balanced", ["train.class_weights=balanced"]),
        ("weighted", ["train.class_weights={9: 1e-6, 0: 2}", "train.scheduler=constant"]),
        ("clothes", ["data=fashion-mnist", "train.class_weights={ankle boot: 0.30000000000000004}"]),
        ("long", [f"title={'word ' * 300}"]),
        ("adam", ["train.optimizer={adamw: {lr: 0.001, betas: [0.8, 0.99], eps: 1e-7, weight_decay: 0.1}}"]),
    ]
    for path in (*SHIPPED, *GOOD):
        (tmp_path / f"{path.stem}.py").write_text(write_code(load_spec(path, settings_of(path))), encoding="utf-8")
    for name, changes in odd:
        (tmp_path / f"{name}.py").write_text(write_code(load_spec(SPECS / "step6.yaml", changes)), encoding="utf-8")
    title = 'quotes \'\'""" and backslashes \\\\ \\" ' * 20
    spec = load_spec(SPECS / "step6.yaml").model_copy(update={"title": title})
    (tmp_path / "words.py").write_text(write_code(spec), encoding="utf-8")
    for check in (["check", "--isolated"], ["format", "--isolated", "--diff"]):
        done = subprocess.run([*ruff, *check, str(tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_title_cannot_leave_its_docstring() -> None:
    title = '""" + exit(7) + """ \\ \\" \n\x07 {x} @size@ é 数'
    spec = load_spec(SPECS / "step1.yaml").model_copy(update={"title": title})
    names = run_code(spec)
    assert "exit(7)" in names["__doc__"]
    assert "数" in names["__doc__"]


@given(st.text(max_size=400) | st.text(list("ax\\N{}u12U'\" \n\u200b é"), min_size=60, max_size=200))
@example("a" * 81 + "\\xyy")
@example("a" * 82 + "\\N{")
@example("a" * 83 + "\\u12")
@example("\\" * 300)
@example('ends in a quote"')
@example("\ud800 \x1b[31m")
@examples(200)
def test_any_title_stands_in_the_docstring(title: str) -> None:
    spec = Spec(name="drawn", layers=(GlobalAveragePool(), FullyConnected(out_features=10))).model_copy(
        update={"title": title}
    )
    written = ast.get_docstring(ast.parse(write_code(spec))) or ""
    visible = "".join(char for char in title if char.isprintable() and not char.isspace())
    shown = "".join(written.split())
    assert shown.startswith(f"drawn:{visible}".replace('"', "'") if title else "drawn")


def test_symbols_are_written_as_products() -> None:
    steps = Symbol(469, "steps")
    assert repr(3 * steps) == "3 * steps"
    assert repr(steps * 3) == "steps * 3"
    assert 3 * steps == 1407


def test_long_expressions_are_broken_as_a_formatter_does() -> None:
    first, second = "a" * 30, "b" * 30
    call = Call("names_of", (first, second))
    assert WIDTH == 88
    assert render(call, 0) == f"names_of({first}, {second})"
    assert render(call, 20).split() == ["names_of(", f"{first},", second, ")"]
    assert render(call, 24).splitlines()[1:3] == [f"{' ' * 28}{first},", f"{' ' * 28}{second},"]
    assert render("x" * 100, 4) == " " * 4 + "x" * 100


def test_lines_are_filled_to_the_last_column() -> None:
    for width, lines in ((WIDTH, 1), (WIDTH + 1, 3)):
        assert len(render(Call("f", ("x" * (width - 8),)), 4, after=",").splitlines()) == lines
    for width, lines in ((WIDTH, 3), (WIDTH + 1, 4)):
        arguments = ("x" * 40, "y" * (width - 50))  # beside an indentation of 8 and a comma with its blank
        assert len(render(Call("f" * 20, arguments), 4).splitlines()) == lines
    assert render(Call("f" * 100, ()), 4) == f"    {'f' * 100}()"


def test_arguments_are_written_where_they_differ_from_the_default() -> None:
    def function(size: int, p: float = 0.5, mode: str = "a", pair: tuple[int, int] = (1, 2)) -> None:
        raise AssertionError((size, p, mode, pair))

    for arguments, how, text in (
        ({"size": 3, "p": 0.5, "mode": "a"}, {}, "f(3)"),
        ({"size": 3, "p": 0.25, "mode": "b"}, {}, 'f(3, p=0.25, mode="b")'),
        ({"p": 1, "pair": (3, 4)}, {}, "f(p=1, pair=(3, 4))"),
        ({"size": [3]}, {"by_name": True}, "f(size=[3])"),
        ({"unknown": 3}, {}, "f()"),
    ):
        assert str(write_call("f", function, arguments, **how)) == text
    assert str(write_call("f", function, {"size": 1}, "first", "second")) == "f(first, second, 1)"


def test_a_symbol_is_copied_with_its_name() -> None:
    copied = copy.deepcopy(Symbol(469, "steps"))
    assert (int(copied), repr(copied)) == (469, "steps")


def test_augmentations_are_torchvisions_with_the_recipes_ranges() -> None:
    recipes = "[rotation: {degrees: [-5, 8]}, affine: {degrees: [1, 3], translate: [0.1, 0.2], scale: [0.9, 1.2], "
    recipes += "shear: [-3, 4]}, color_jitter: {brightness: [0.5, 1.1], contrast: [0.7, 1.5]}]"
    names = run_code(load_spec(SPECS / "step6.yaml", [f"train.augment={recipes}"]))
    rotation, affine, jitter = names["make_augmentation"]().transforms
    assert (rotation.degrees, affine.degrees) == ([-5.0, 8.0], [1.0, 3.0])
    assert (list(affine.translate), list(affine.scale), list(affine.shear)[:2]) == ([0.1, 0.2], [0.9, 1.2], [-3.0, 4.0])
    assert (list(jitter.brightness), list(jitter.contrast)) == ([0.5, 1.1], [0.7, 1.5])
    assert {transform.interpolation.value for transform in (rotation, affine)} == {"bilinear"}
    assert (rotation.fill, affine.fill) == (None, None)


def test_whole_numbers_and_defaults_are_short() -> None:
    text = write_code(load_spec(SPECS / "step6.yaml", ["train.augment=[rotation: 5, color_jitter: {contrast: 0.5}]"]))
    assert "v2.RandomRotation(degrees=(-5, 5), interpolation=bilinear, fill=None)" in text
    assert "v2.ColorJitter(contrast=(0.5, 1.5))" in text
    text = write_code(load_spec(SPECS / "step1.yaml", ["train.optimizer={adam: 0.001}"]))
    assert "return torch.optim.Adam(model.parameters(), lr=0.001)" in text  # worth its line, although torch's default
    layers = "layers=[maxpool: {kernel_size: 2, stride: 3}, flatten, fc: 10]"
    text = write_code(load_spec(SPECS / "step1.yaml", ["defaults=null", layers]))
    assert "nn.MaxPool2d(2, stride=3)" in text
    assert "nn.MaxPool2d(2)" in write_code(load_spec(SPECS / "step1.yaml"))


def test_a_title_is_not_broken_at_its_hyphens() -> None:
    title = "well-known " * 20
    lines = write_code(load_spec(SPECS / "step1.yaml", [f"title={title}"])).splitlines()[:6]
    assert " ".join(lines).count("well-known") == 20
