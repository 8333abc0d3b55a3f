"""The order of series in a report: by name and number, what is built on before what builds on it."""

from __future__ import annotations

from itertools import pairwise, permutations
from pathlib import Path

import pytest

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import compare_runs
from mnistspec.analysis.order import natural_key, order_series, read_extended
from mnistspec.language.loader import load_spec
from mnistspec.runs.folder import RunDir
from tests.sweeps.fakes import TINY, make_run, make_seeds, write_spec

WIDE = TINY.replace("conv: 4", "conv: 8")
DEEP = WIDE.replace("relu,", "relu, bn,")


def order(root: Path) -> dict[str, str | None]:
    """The names in order, each with the name that it is held against."""
    ordered = order_series(compare_runs(collect_runs([root]).runs).all_series)
    return {series.spec.name: before.spec.name if before else None for series, before in ordered}


def make(folder: Path, name: str, text: str = TINY, extends: str = "") -> None:
    run = make_run(folder / "runs", load_spec(write_spec(folder, name, text)), 90.0)
    if extends:
        (run / "spec.yaml").write_text(f"extends: {extends}\n", encoding="utf-8")


@pytest.mark.parametrize("names", list(permutations(("step10", "step2", "step1", "step0"), 4))[::5])
def test_numbered_names_are_one_line(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        make(tmp_path, name)
    assert list(order(tmp_path / "runs").items()) == [
        ("step0", None), ("step1", "step0"), ("step2", "step1"), ("step10", "step2")
    ]  # fmt: skip


def test_names_without_numbers_stand_in_their_order(tmp_path: Path) -> None:
    for name in ("vgg16", "alexnet", "resnet18", "lenet"):
        make(tmp_path, name)
    assert list(order(tmp_path / "runs")) == ["alexnet", "lenet", "resnet18", "vgg16"]


def test_two_numbered_names_are_steps(tmp_path: Path) -> None:
    for name in ("zeta2", "alpha", "zeta1"):
        make(tmp_path, name)
    assert list(order(tmp_path / "runs")) == ["zeta1", "zeta2", "alpha"]


def test_numbers_anywhere_in_a_name_are_numbers() -> None:
    names = ["2", "10", "a", "a0", "a1", "a02", "a2b3", "a2b10", "a10", "b"]
    keys = [natural_key(name) for name in names]
    assert all(before < after for before, after in pairwise(keys))
    assert natural_key("a007") == natural_key("a7")


def test_a_name_behind_the_steps_is_held_against_the_nearest(tmp_path: Path) -> None:
    make(tmp_path, "step1")
    make(tmp_path, "step2", WIDE)
    make(tmp_path, "step3", DEEP)
    make(tmp_path, "beyond", DEEP.replace("0.1", "0.2"))
    make(tmp_path, "aside", WIDE.replace("0.1", "0.2"))
    assert list(order(tmp_path / "runs").items()) == [
        ("step1", None), ("step2", "step1"), ("step3", "step2"), ("aside", "step2"), ("beyond", "step3")
    ]  # fmt: skip


def test_of_steps_that_are_as_near_the_last_counts(tmp_path: Path) -> None:
    for name in ("step1", "step2", "step3"):
        make(tmp_path, name)
    make(tmp_path, "beyond", WIDE)
    assert order(tmp_path / "runs")["beyond"] == "step3"


def test_what_is_extended_comes_first(tmp_path: Path) -> None:
    make(tmp_path, "small", extends="sub/wide.yaml")
    make(tmp_path, "wide", WIDE, extends="zero.yaml")
    make(tmp_path, "zero")
    make(tmp_path, "other")
    assert list(order(tmp_path / "runs").items()) == [
        ("other", None), ("zero", "other"), ("wide", "zero"), ("small", "wide")
    ]  # fmt: skip


def test_a_spec_is_not_built_on_another_of_its_name(tmp_path: Path) -> None:
    make(tmp_path, "a", extends="old/a.yaml")
    make(tmp_path, "b")
    assert list(order(tmp_path / "runs").items()) == [("a", None), ("b", "a")]


def test_the_first_seed_says_what_is_extended(tmp_path: Path) -> None:
    make(tmp_path, "z")
    make_seeds(tmp_path / "runs", write_spec(tmp_path, "a", WIDE), {0: 90.0, 1: 91.0})
    for run in collect_runs([tmp_path / "runs"]).runs:
        if run.spec.name == "a" and run.spec.train.seed == 0:
            (run.path / "spec.yaml").write_text("extends: z.yaml", encoding="utf-8")
    assert list(order(tmp_path / "runs").items()) == [("z", None), ("a", "z")]


def test_a_branch_does_not_break_the_line(tmp_path: Path) -> None:
    make(tmp_path, "step1")
    make(tmp_path, "step2", WIDE, extends="step1.yaml")
    make(tmp_path, "step3", DEEP)
    make(tmp_path, "branch", DEEP, extends="step1.yaml")
    found = order(tmp_path / "runs")
    assert list(found) == ["step1", "step2", "step3", "branch"]
    assert (found["step3"], found["branch"]) == ("step2", "step1")


def test_specs_that_extend_one_another_in_a_circle_have_an_order(tmp_path: Path) -> None:
    make(tmp_path, "b", extends="a.yaml")
    make(tmp_path, "a", extends="b.yaml")
    assert order(tmp_path / "runs") == {"a": None, "b": "a"}


def test_series_of_one_name_stand_together(tmp_path: Path) -> None:
    for setting in ("train.epochs=1", "train.epochs=2"):
        make_seeds(tmp_path / "runs", write_spec(tmp_path, "step2"), {0: 90.0, 1: 91.0}, setting)
    make(tmp_path, "step1")
    ordered = order_series(compare_runs(collect_runs([tmp_path / "runs"]).runs).all_series)
    assert [(series.spec.name, series.settings.get("train.epochs")) for series, _ in ordered] == [
        ("step1", None), ("step2", "1"), ("step2", "2")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"extends: 3", b"extends: {a: b}", b"extends: [a]", b"\xff", b"a: [", None]
)
def test_a_spec_that_says_nothing_usable_extends_nothing(tmp_path: Path, content: bytes | None) -> None:
    run = RunDir(make_run(tmp_path, load_spec(write_spec(tmp_path)), 90.0))
    path = run.path / "spec.yaml"
    path.unlink() if content is None else path.write_bytes(content)
    assert read_extended(run) is None
