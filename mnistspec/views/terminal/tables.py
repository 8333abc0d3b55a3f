"""Tables for the terminal, a pipe or a file: rich renderables that fit into 80 columns; nothing here prints."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from mnistspec.analysis.classes import describe_classes
from mnistspec.runs.result import average_classes
from mnistspec.views.writing import format_share
from mnistspec.wording import printable_lines, write_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from rich.console import ConsoleOptions, RenderableType

    from mnistspec.data.statistics import DatasetStatistics, SplitStatistics
    from mnistspec.network.summary import Summary

WIDTH = 80
_WIDEST = 10_000  # columns that a table may have
_SMALL = 0.001  # the probability below which a class is no runner-up


class Printable:
    """A renderable in which each text is made printable after it is laid out, whoever wrote it."""

    def __init__(self, renderable: RenderableType) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Yield what is printed."""
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else Segment(printable_lines(segment.text), segment.style)


def render_text(renderable: RenderableType, width: int = WIDTH) -> str:
    """Return a renderable as plain text: no colour, no blanks at line ends, whatever the terminal is."""
    file = StringIO()
    Console(
        file=file, width=width, color_system=None, force_terminal=False, force_jupyter=False, legacy_windows=False
    ).print(Printable(renderable), crop=False)
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def make_table(title: Text | None = None, *, show_footer: bool = False, show_edge: bool = True) -> Table:
    """Return an empty table in the style of all; without its edge there is no blank line above and below."""
    return Table(
        title=title, show_footer=show_footer, show_edge=show_edge, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False,
        title_justify="left", caption_justify="left", title_style="bold", caption_style="", header_style="bold",
        footer_style="bold",
    )  # fmt: skip


def summary_table(summary: Summary) -> Table:
    """Return a line a block and the totals; kernel, stride, jump and receptive field are sides of squares in pixels."""
    table = make_table(
        Text(f"{summary.name}: {write_shape(summary.input_shape)} to {write_shape(summary.output_shape)}"),
        show_footer=True,
    )
    table.add_column("layer", "total", overflow="fold")
    table.add_column("output", justify="right", overflow="fold")
    table.add_column("params", f"{summary.total_params:,}", justify="right", overflow="fold")
    table.add_column("MACs", f"{summary.macs:,}", justify="right", overflow="fold")
    for name in ("kernel", "stride", "jump"):
        table.add_column(name, justify="right")
    table.add_column("receptive\nfield", str(summary.receptive_field), justify="right")
    for row in summary.layers:
        sides = (row.kernel, row.stride, row.jump, row.receptive_field)
        table.add_row(
            Text(row.name), write_shape(row.output_shape), _count(row.params), _count(row.macs), *map(str, sides)
        )
    fixed = summary.total_params - summary.trainable_params
    table.caption = f"{summary.trainable_params:,} trainable parameters, {fixed:,} fixed; MACs of one image"
    return table


def evaluation_table(confusion: np.ndarray, class_names: Sequence[str], title: str = "test set by class") -> Table:
    """Return a line a class, the totals, and the means, from counts by label (row) and prediction (column)."""
    results = describe_classes(confusion, class_names)
    means = average_classes([result.figures for result in results])
    counts = [(result.figures.images, result.figures.images - result.right) for result in results]
    table = make_table(Text(title), show_footer=True)
    table.add_column("class", "total\nmean")
    for heading, column in zip(("images", "wrong"), zip(*counts, strict=True), strict=True):
        table.add_column(heading, f"{sum(column):,}", justify="right")
    for heading, mean in (("precision", means.precision), ("recall", means.recall), ("F1", means.f1)):
        table.add_column(f"{heading}\n%", f"\n{_percent(mean)}", justify="right")
    table.add_column("most often\ntaken for")
    for result, line in zip(results, counts, strict=True):
        figures = result.figures
        times = "once" if result.times == 1 else f"{result.times:,} times"
        mistaken = "-" if result.confused_with is None else f"{result.confused_with} ({times})"
        shares = map(_percent, (figures.precision, figures.recall, figures.f1))
        table.add_row(Text(figures.name), *(f"{count:,}" for count in line), *shares, Text(mistaken))
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def confusion_table(confusion: np.ndarray, class_names: Sequence[str]) -> Table:
    """Return the counts by actual class (row) and predicted class (column); a dot is none."""
    table = make_table(Text("actual class (row), predicted class (column)"))
    table.add_column("")
    for name in class_names:
        # Ten columns of five letters fit; in the same order the rows have the names in full.
        table.add_column(Text(name[:5].rstrip()), justify="right", no_wrap=True)
    for name, row in zip(class_names, confusion.tolist(), strict=True):
        table.add_row(Text(name), *(str(count) if count else "." for count in row))
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
        runners_up = ", ".join(f"{name} {format_share(other, 1)}" for name, other in others if other >= _SMALL)
        table.add_row(Text(file), Text(first), format_share(share, 2), Text(runners_up or "-"))
    table.width = Console(width=_WIDEST).measure(table).maximum  # a path is never broken, however narrow the terminal
    return table


def statistics_table(statistics: DatasetStatistics) -> Group:
    """Return the statistics of a data set side by side: pixels in [0, 1], the images of each class, the digest."""
    table = make_table(Text(statistics.name))
    for name in ("", "train", "test"):
        table.add_column(name, justify="right" if name else "left")
    columns = [_describe_split(split) for split in (statistics.train, statistics.test)]
    for label, *values in zip(("images", "size", "minimum", "maximum", "mean", "std"), *columns, strict=True):
        table.add_row(label, *values)
    table.add_section()
    for name, count in statistics.train.images_per_class.items():
        table.add_row(Text(name), f"{count:,}", f"{statistics.test.images_per_class[name]:,}")
    return Group(table, Text(f"SHA-256 {statistics.digest}"))


def _describe_split(split: SplitStatistics) -> list[str]:
    rows = ([f"{getattr(level, name):.4f}" for level in split.levels] for name in ("minimum", "maximum", "mean", "std"))
    return [f"{split.images:,}", write_shape(split.shape[1:]), *map(" ".join, rows)]


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"
