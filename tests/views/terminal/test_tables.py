"""The tables: what they say, that they fit into 80 columns, and that a name in them is never taken for markup."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mnistspec.analysis.classes import describe_classes
from mnistspec.data.statistics import DatasetStatistics, SplitStatistics
from mnistspec.formats.levels import Levels
from mnistspec.language.loader import load_spec
from mnistspec.network.summary import Row, Summary, summarize
from mnistspec.runs.measurement import Measured
from mnistspec.views.terminal.classes import confusion_table, evaluation_table, predictions_table
from mnistspec.views.terminal.epochs import epoch_row, epochs_header
from mnistspec.views.terminal.tables import (
    WIDTH,
    render_text,
    statistics_table,
    summary_table,
)
from mnistspec.views.writing import format_share
from tests.places import SPECS
from tests.views.examples import CLOTHES, DIGITS, make_confusion, make_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

GOLDEN = Path(__file__).parent / "golden"


def render(renderable: RenderableType) -> str:
    """Return the text after asserting that it fits, with nothing cut off."""
    text = render_text(renderable)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "\x1b" not in text
    return text


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of each line, where cells are two blanks or more apart."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def number(cell: str) -> int:
    """Return the number in a cell; a dash or a dot is none."""
    return 0 if cell in {"-", "."} else int(cell.replace(",", ""))


def test_summary_of_step4_is_as_recorded(regenerate: bool) -> None:
    text = render(summary_table(summarize(load_spec(SPECS / "step4.yaml"))))
    file = GOLDEN / "step4.txt"
    if regenerate:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_columns_of_the_recorded_summary_add_up() -> None:
    rows = rows_of((GOLDEN / "step4.txt").read_text(encoding="utf-8"))
    layers = [row for row in rows if len(row) == 8][1:]
    params, macs = (sum(number(row[column]) for row in layers) for column in (2, 3))
    total = next(row for row in rows if row[:1] == ["total"])
    assert len(layers) == 27
    assert total == ["total", "5,088", f"{macs:,}", "28"]
    assert params == 5088


@pytest.mark.parametrize("step", range(7))
def test_summary_of_each_step_fits(step: int) -> None:
    summary = summarize(load_spec(SPECS / f"step{step}.yaml"))
    text = render(summary_table(summary))
    rows = [row for row in rows_of(text) if len(row) == 8][1:]
    assert [row[0] for row in rows] == [layer.name for layer in summary.layers]
    assert sum(number(row[2]) for row in rows) == summary.total_params


def test_summary_of_a_large_network_loses_no_digit() -> None:
    row = Row(0, "leakyrelu123", "leakyrelu", 1, (4096, 28, 28), 50_000_000, 20_000_000_000, 28, 28, 784, 1000)
    summary = Summary("x" * 64, (1, 28, 28), (10,), 50_000_000, 49_000_000, 20_000_000_000, 1000, (row,))
    text = render(summary_table(summary))
    assert "49,000,000 trainable parameters, 1,000,000 fixed" in text
    wide = rows_of(render_text(summary_table(summary), 100))
    assert ["total", "50,000,000", "20,000,000,000", "1000"] in wide


def test_epochs_are_lines_of_one_width_that_fit() -> None:
    metrics = make_run(300)[-1]
    odd = metrics.model_copy(
        update={
            "lr": 1.2345e-10,
            "train_loss": math.nan,
            "test_loss": 1.5e30,
            "seconds": 12345.6,
            "test_accuracy": 100.0,
        }
    )
    lines = [epochs_header(Measured.test), epoch_row(metrics, best=False), epoch_row(odd, best=False)]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(epoch_row(odd, best=True)) <= WIDTH
    assert epoch_row(odd, best=True).endswith("  best")
    assert rows_of(lines[2]) == [["300", "1.23e-10", "nan", "98.90", "1.5e+30", "100.00", "12345.6"]]
    assert epoch_row(make_run(1)[0], best=False).split() == ["1", "0.1", "0.6380", "87.86", "0.1240", "97.84", "12.3"]


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
@pytest.mark.parametrize("mistakes", [0, 10, 90])
def test_evaluation_adds_up(names: Sequence[str], mistakes: int) -> None:
    confusion = make_confusion(mistakes)
    rows = rows_of(render(evaluation_table(confusion, names)))
    classes = [row for row in rows if len(row) == 7 and row[0] in names]
    total, mean = (next(row for row in rows if row and row[0] == word) for word in ("total", "mean"))
    for column in (1, 2):
        assert sum(number(row[column]) for row in classes) == number(total[column])
    assert total == ["total", "9,000", f"{9000 - int(confusion.trace()):,}"]
    there = [row for row in classes if row[1] != "0"]
    assert len(there) == 9
    for column in (3, 4, 5):
        average = sum(float(row[column]) for row in there) / 9
        assert float(mean[column - 2]) == pytest.approx(average, abs=0.01)
    guesses, right = confusion.sum(0), confusion.diagonal()
    assert [float(row[3]) for row in there] == [round(100 * right[i] / guesses[i], 2) for i in range(10) if i != 2]
    assert classes[2][1:] == ["0", "0", "-" if not guesses[2] else "0.00", "-", "-" if not guesses[2] else "0.00", "-"]


def test_classes_are_described_by_numbers() -> None:
    confusion = np.array([[8, 1, 1], [0, 0, 0], [3, 2, 5]])
    first, second, third = describe_classes(confusion, ["a", "b", "c"])
    assert (first.figures.images, first.right, first.confused_with, first.times) == (10, 8, "b", 1)
    assert first.figures.recall == pytest.approx(80)
    assert (second.figures.recall, second.confused_with) == (None, None)
    assert (third.confused_with, third.times) == ("a", 3)
    assert "b (once)" in render(evaluation_table(confusion, ["a", "b", "c"]))


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
def test_confusion_shows_each_count(names: Sequence[str]) -> None:
    confusion = 6 * make_confusion(90)
    lines = render(confusion_table(confusion, names)).splitlines()[-10:]
    counts = [
        [number(cell) for cell in line.removeprefix(" " + name).split()]
        for name, line in zip(names, lines, strict=True)
    ]
    assert counts == confusion.tolist()


def test_predictions_name_the_class_and_the_runners_up() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [0.9999999, 1e-7, 0]])
    rows = rows_of(
        render(predictions_table(["a.png", "[red]b[/red].png", "c"], probabilities.tolist(), ["x", "[y]", "z"]))
    )
    assert rows[-3:] == [
        ["a.png", "x", "70.00 %", "[y] 20.0 %, z 10.0 %"],
        ["[red]b[/red].png", "x", "100.00 %", "-"],
        ["c", "x", ">99.99 %", "-"],
    ]


def test_predictions_break_no_file_name() -> None:
    name = "photos/" + "x" * 100 + ".png"
    probabilities = np.full((1, 10), 0.1)
    text = render_text(predictions_table([name], probabilities.tolist(), CLOTHES))
    assert [line.split()[0] for line in text.splitlines()[2:]] == [name]


def test_shares_are_never_rounded_to_certainty() -> None:
    assert [format_share(share, 1) for share in (0, 1e-9, 0.5, 0.9999, 1)] == [
        "0.0 %", "<0.1 %", "50.0 %", ">99.9 %", "100.0 %"
    ]  # fmt: skip


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
def test_statistics_show_both_splits(names: Sequence[str]) -> None:
    train = SplitStatistics((60_000, 1, 28, 28), (Levels(0.0, 1.0, 0.13066, 0.30811),), dict.fromkeys(names, 6000))
    test = replace(train, shape=(10_000, 1, 28, 28), images_per_class=dict.fromkeys(names, 1000))
    rows = rows_of(render(statistics_table(DatasetStatistics("mnist", "0123abcd" * 8, train, test))))
    assert ["images", "60,000", "10,000"] in rows
    assert ["mean", "0.1307", "0.1307"] in rows
    assert [row for row in rows if row[:1] == [names[9]]] == [[names[9], "6,000", "1,000"]]
    assert rows[-1] == ["SHA-256 " + "0123abcd" * 8]


def test_tables_need_neither_torch_nor_matplotlib() -> None:
    program = (
        "import sys, mnistspec.views.terminal.classes, mnistspec.views.terminal.epochs;"
        "sys.exit(str({'torch', 'matplotlib'} & set(sys.modules) or ''))"
    )
    result = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert result.stderr.strip() == ""
