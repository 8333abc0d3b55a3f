"""Tables of what a network makes of images: figures by class, confusions, predictions; they fit into 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from mnistspec.analysis.classes import MOST_CLASSES, SHOWN, describe_classes, find_confusions, rank_worst
from mnistspec.runs.result import average_classes
from mnistspec.views.terminal.tables import WIDTH, cut_name, make_table
from mnistspec.views.writing import format_share
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from rich.table import Table

_NAME, _GUESS, _LONG_NAME = 14, 11, 26  # columns of a class's name, at most
_WIDEST = 10_000  # columns that a table may have
_SMALL = 0.001  # the probability below which a class is no runner-up


def evaluation_table(confusion: np.ndarray, class_names: Sequence[str], title: str = "test set by class") -> Table:
    """Return a line a class, the totals, and the means, from counts by label (row) and prediction (column)."""
    results = describe_classes(confusion, class_names)
    shown = results if len(results) <= MOST_CLASSES else rank_worst(results)[:SHOWN]
    means = average_classes([result.figures for result in results])
    counts = [(result.figures.images, result.figures.images - result.right) for result in results]
    title += ", the worst first" if len(results) > MOST_CLASSES else ""
    table = make_table(Text(title), show_footer=True)
    table.add_column("class", "total\nmean")
    for heading, column in zip(("images", "wrong"), zip(*counts, strict=True), strict=True):
        table.add_column(heading, f"{sum(column):,}", justify="right")
    for heading, mean in (("precision", means.precision), ("recall", means.recall), ("F1", means.f1)):
        table.add_column(f"{heading}\n%", f"\n{_percent(mean)}", justify="right")
    table.add_column("most often\ntaken for")
    for result in shown:
        figures = result.figures
        line = figures.images, figures.images - result.right
        times = "once" if result.times == 1 else f"{result.times:,} times"
        mistaken = "-" if result.confused_with is None else f"{cut_name(result.confused_with, _GUESS)} ({times})"
        shares = map(_percent, (figures.precision, figures.recall, figures.f1))
        table.add_row(cut_name(figures.name, _NAME), *(f"{count:,}" for count in line), *shares, Text(mistaken))
    if len(shown) < len(results):
        rest = rank_worst(results)[SHOWN:]
        images, right = (sum(numbers) for numbers in zip(*((r.figures.images, r.right) for r in rest), strict=True))
        table.add_row(plural(len(rest), "other"), f"{images:,}", f"{images - right:,}", *["-"] * 4)
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def confusion_table(confusion: np.ndarray, class_names: Sequence[str]) -> Table:
    """Return the counts by actual class (row) and predicted class (column); a dot is none.

    Of more classes than fit into 80 columns, or than ``MOST_CLASSES``, it is the most frequent confusions.
    """
    letters = _find_letters(confusion, class_names)
    if not letters or len(class_names) > MOST_CLASSES:
        return _confusions_table(confusion, class_names)
    table = make_table(Text("actual class (row), predicted class (column)"))
    table.add_column("")
    for name in class_names:
        # In the same order the rows have the names.
        table.add_column(Text(name[:letters].rstrip()), justify="right", no_wrap=True)
    for name, row in zip(class_names, confusion.tolist(), strict=True):
        table.add_row(cut_name(name, _NAME), *(str(count) if count else "." for count in row))
    return table


def _find_letters(confusion: np.ndarray, class_names: Sequence[str]) -> int:
    """Return how many letters, five at most, of a name there is room for above its counts; 0 if not even for two."""
    names = max(cut_name(name, _NAME).cell_len for name in class_names)
    digits = [len(str(count)) for count in confusion.max(0).tolist()]
    for letters in range(5, 1, -1):
        heads = [Text(name[:letters].rstrip()).cell_len for name in class_names]
        if names + sum(2 + max(pair) for pair in zip(heads, digits, strict=True)) <= WIDTH:
            return letters
    return 0


def _confusions_table(confusion: np.ndarray, class_names: Sequence[str]) -> Table:
    table = make_table(Text("the most frequent confusions"))
    for name in ("actual class", "predicted class"):
        table.add_column(name)
    for name in ("images", "of the class"):
        table.add_column(name, justify="right")
    for pair in find_confusions(confusion, class_names):
        names = (cut_name(name, _LONG_NAME) for name in (pair.label, pair.guess))
        table.add_row(*names, f"{pair.count:,}", format_share(pair.share, 1))
    return table


def predictions_table(
    files: Sequence[str], probabilities: Sequence[Sequence[float]], class_names: Sequence[str]
) -> Table:
    """Return a line an image: file, class, probability, and up to two runners-up, from probabilities (n, classes)."""
    table = make_table()
    table.add_column("file", no_wrap=True)
    for name in ("prediction", "probability", "runners-up"):
        table.add_column(name, justify="right" if name == "probability" else "left", no_wrap=True)
    for file, row in zip(files, probabilities, strict=True):
        (first, share), *others = sorted(zip(class_names, row, strict=True), key=lambda pair: -pair[1])[:3]
        runners_up = ", ".join(
            f"{cut_name(name, _GUESS)} {format_share(other, 1)}" for name, other in others if other >= _SMALL
        )
        table.add_row(Text(file), cut_name(first, _NAME), format_share(share, 2), Text(runners_up or "-"))
    table.width = Console(width=_WIDEST).measure(table).maximum  # a path is never broken, however narrow the terminal
    return table
