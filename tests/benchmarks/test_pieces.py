"""What the benchmark is made of, on tiny data: that it measures what it says, never how fast that is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from mnistspec import build_model, load_spec
from tests.benchmarks import product
from tests.benchmarks.measurement import PROGRAMS, SAME_WORK, SHORT, STEP6, BenchmarkError, Figures, Plan, run_rounds
from tests.benchmarks.report import describe_machine, to_data, to_markdown, write_page
from tests.benchmarks.rows import ROWS, Row, count_flop, evaluate
from tests.needs import need_module
from tests.places import ROOT
from tests.small_mnist import write_mnist

CPU = torch.device("cpu")
SETTINGS = [option.removeprefix("--set=") for option in SAME_WORK]
PRODUCT = {"images", "reached", "epochs", "epoch_s", "train_s", "epochs_s", "outside_percent", "peak_mb", "wall_s"}
LOOP = {"epoch_s", "train_s", "accuracy", "peak_mb", "wall_s"}
PRINTED = {
    "yardstick": LOOP, "lightning": LOOP, "yardstick_cuda": LOOP,
    "same": PRODUCT, "step6": PRODUCT, "reach": PRODUCT, "step6_cuda": PRODUCT,
    "matrix": {"flop_per_s", "threads", "peak_mb", "wall_s"}, "side_by_side": {"epochs_per_min"},
    **{name: {"wall_s"} for name in ("help", "validate", "import_torch", "build")},
}  # fmt: skip


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two batches to learn from, and some images to test with."""
    return write_mnist(tmp_path_factory.mktemp("data"), 256, 100)


def find_row(key: str) -> Row:
    return next(row for row in ROWS if row.key == key)


def test_the_yardstick_is_the_network_of_the_same_work() -> None:
    """Same parameters in the same order, and the same function of them."""
    need_module("tqdm")
    from tests.benchmarks.notebook import DROPOUT, make_network  # noqa: PLC0415 - it needs tqdm

    spec = load_spec(STEP6, SETTINGS)
    ours, yardstick = build_model(spec), make_network()
    assert sum(parameter.numel() for parameter in yardstick.parameters()) == spec.reference.params == 6720
    state = zip(yardstick.state_dict().items(), ours.state_dict().values(), strict=True)
    yardstick.load_state_dict({name: values.view(there.shape) for (name, there), values in state})
    images = torch.randn(32, 1, 28, 28)
    for model in (ours, yardstick):
        rates = [module.p for module in model if isinstance(module, nn.Dropout)]
        assert rates == [DROPOUT] * 6
        model.eval()
    torch.testing.assert_close(ours(images).log_softmax(1), yardstick(images))
    assert not spec.train.augment
    assert spec.train.batch_size == 128


def test_the_short_recipe_is_for_the_same_network() -> None:
    """But for the dropout, which is the recipe's to choose."""
    short, step6 = (build_model(load_spec(path, ["defaults.dropout.p=0.5"])) for path in (SHORT, STEP6))
    assert str(short) == str(step6)


def test_an_epoch_of_the_yardstick(data_dir: Path) -> None:
    need_module("tqdm")
    from tests.benchmarks import notebook  # noqa: PLC0415 - it needs tqdm

    figures = notebook.measure(data_dir, CPU)
    assert figures.keys() == LOOP - {"peak_mb", "wall_s"}
    assert 0 < figures["train_s"] < figures["epoch_s"]
    assert 0 <= figures["accuracy"] <= 100


def test_an_epoch_of_the_product(data_dir: Path) -> None:
    backward = torch.Tensor.backward
    figures = product.measure(STEP6, SETTINGS, data_dir, CPU)
    assert figures.keys() == PRODUCT - {"peak_mb", "wall_s"}
    assert 0 < figures["train_s"] < figures["epoch_s"] == pytest.approx(figures["epochs_s"], abs=0.1)
    assert 0 < figures["outside_percent"] < 100
    assert (figures["images"], figures["epochs"], figures["reached"]) == (256, 1, 0)
    assert torch.Tensor.backward is backward


@pytest.mark.parametrize(("until", "epochs", "reached"), [(0.0, 1, 1), (101.0, 2, 0)])
def test_training_until_an_accuracy(data_dir: Path, until: float, epochs: int, reached: int) -> None:
    figures = product.measure(STEP6, ["train.epochs=2"], data_dir, CPU, until)
    assert (figures["epochs"], figures["reached"]) == (epochs, reached)


def test_what_is_nested_counts_once() -> None:
    stopwatch = product.Stopwatch()
    begun = time.perf_counter()
    stopwatch.enter()
    stopwatch.enter()
    time.sleep(0.02)
    stopwatch.leave()
    stopwatch.leave()
    inside = time.perf_counter() - begun
    time.sleep(0.02)
    assert 0.02 <= stopwatch.seconds <= inside


def test_arithmetic_of_an_image() -> None:
    assert count_flop() == pytest.approx(5.83e6, rel=0.005)


def test_rounds_go_in_turn() -> None:
    plan = Plan()
    order = [(index, name) for index, name, _ in run_rounds(plan, ["validate", "help"], 2)]
    assert order == [(0, "help"), (0, "validate"), (1, "help"), (1, "validate")]


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="IDX files"):
        PROGRAMS["same"](Plan(tmp_path / "nowhere"), 0)


def test_every_row_can_be_made_of_what_it_needs() -> None:
    """What a row's programs print is enough for it; without that it says that it is not measured."""
    assert {need for row in ROWS for need in row.needs} == PROGRAMS.keys() == PRINTED.keys()
    for row in ROWS:
        measured: dict[str, Figures] = {need: dict.fromkeys(PRINTED[need], 2.0) for need in row.needs}
        assert len(evaluate(row, [measured, {}, measured]).figures) == 2
    missing = [evaluate(row, [], "no reason") for row in ROWS]
    assert to_markdown(missing, describe_machine(), 3).count("| not measured | no reason |") == len(ROWS)


def test_medians_limits_and_ranges() -> None:
    rounds = [{"yardstick": {"epoch_s": 30.0}, "same": {"epoch_s": ours}} for ours in (10.0, 5.0, 6.0)]
    measurement = evaluate(find_row("same-work"), rounds)
    assert measurement.median == 5
    assert measurement.meets is True
    table = to_markdown([measurement], describe_machine(), 3)
    assert "| 4x | 6x | 5.0x (3.0x to 6.0x) | yardstick 30.0 s, mnistspec 6.0 s |" in table
    slow = evaluate(find_row("help"), [{"help": {"wall_s": 0.6}}])
    assert slow.meets is False
    assert to_data([slow])[0]["measured"] == 0.6


def test_an_accuracy_that_is_not_reached_counts_as_never() -> None:
    reach = {"wall_s": 50.0, "epochs": 15.0}
    rounds = [{"yardstick": {"epoch_s": 30.0}, "reach": {**reach, "reached": reached}} for reached in (1.0, 0.0, 0.0)]
    measurement = evaluate(find_row("accuracy"), rounds)
    assert measurement.figures == (9, 0, 0)
    assert measurement.meets is False


def test_the_table_is_put_into_its_page(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text("before\n<!-- benchmark: python -m tests.benchmarks -->\nold\n<!-- end of benchmark -->\nafter\n")
    for table in ("| new |\n", "| newer |\n"):
        write_page(table, page)
        start, end = "<!-- benchmark: python -m tests.benchmarks -->", "<!-- end of benchmark -->"
        assert page.read_text() == f"before\n{start}\n\n{table}\n{end}\nafter\n"


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    for name in ("lightning", "tqdm"):
        need_module(name)
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks",
        "--quick",
        "--only",
        "same-work",
        "lightning",
        "memory",
        "cuda",
    ]
    done = subprocess.run(
        [*command, "--json", tmp_path / "figures.json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    content = json.loads((tmp_path / "figures.json").read_text())
    assert content["quick"]
    figures = {row["row"]: row["measured"] for row in content["rows"]}
    assert all(figures[key] > 0 for key in ("same-work", "lightning", "memory"))
    assert done.stdout.count("\n| ") == 2 + 4
