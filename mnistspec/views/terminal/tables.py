"""Tables for the terminal, a pipe or a file: rich renderables that fit into 80 columns; nothing here prints."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from mnistspec.analysis.classes import MOST_CLASSES, SHOWN
from mnistspec.wording import plural, printable_lines, write_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, RenderableType

    from mnistspec.data.statistics import DatasetStatistics, SplitStatistics
    from mnistspec.network.summary import Summary

WIDTH = 80


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


def cut_name(name: str, width: int) -> Text:
    """Return a name in at most ``width`` columns of the terminal, with an ellipsis for what is cut off."""
    text = Text(name)
    text.truncate(width, overflow="ellipsis")
    return text


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


def statistics_table(statistics: DatasetStatistics) -> Group:
    """Return the statistics of a data set side by side: pixels in [0, 1], the images of each class, the digest."""
    table = make_table(Text(statistics.name))
    for name in ("", "train", "test"):
        table.add_column(name, justify="right" if name else "left")
    columns = [_describe_split(split) for split in (statistics.train, statistics.test)]
    for label, *values in zip(("images", "size", "minimum", "maximum", "mean", "std"), *columns, strict=True):
        table.add_row(label, *values)
    table.add_section()
    rows = [(name, count, statistics.test.images_per_class[name]) for name, count in _counts(statistics)]
    shown = rows if len(rows) <= MOST_CLASSES else rows[:SHOWN]
    for name, train, test in shown:
        table.add_row(cut_name(name, 40), f"{train:,}", f"{test:,}")
    if rest := rows[len(shown) :]:
        _, *counts = zip(*rest, strict=True)
        table.add_row(plural(len(rest), "other"), *(f"{sum(map(int, column)):,}" for column in counts))
    return Group(table, Text(f"SHA-256 {statistics.digest}"))


def _counts(statistics: DatasetStatistics) -> list[tuple[str, int]]:
    """Return the number of training images of each class in their order; of many classes the rarest come first."""
    counts = list(statistics.train.images_per_class.items())
    return counts if len(counts) <= MOST_CLASSES else sorted(counts, key=lambda pair: pair[1])


def _describe_split(split: SplitStatistics) -> list[str]:
    rows = ([f"{getattr(level, name):.4f}" for level in split.levels] for name in ("minimum", "maximum", "mean", "std"))
    return [f"{split.images:,}", write_shape(split.shape[1:]), *map(" ".join, rows)]


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"
