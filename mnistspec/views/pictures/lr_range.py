"""The curve of a learning-rate range test: the loss over the learning rate, with the suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from mnistspec.training.lr_range import smooth
from mnistspec.views.pictures.page import BLUE, FAINT, FONT, GREY, INK, TEXT_SIZE, VERMILION, Page, label_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from mnistspec.training.lr_range import RangePoint, Suggestion

_NOTE = "Dots: the loss of each batch before it was learned from. Line: their weighted means."


def draw_lr_range(points: Sequence[RangePoint], suggestion: Suggestion | None, *, title: str) -> Page:
    """Return a page with the curve of one point or more."""
    page = Page(820, 470, title, _NOTE)
    axes = page.add_axes(84, 14, 700, 330)
    rates, losses = [point.lr for point in points], [point.loss for point in points]
    smoothed = smooth(losses)
    axes.set_xscale("log")
    axes.plot(rates, losses, ".", color=GREY, markersize=4, alpha=0.6, label="one batch")
    axes.plot(rates, smoothed, color=BLUE, linewidth=1.8, label="smoothed")
    if suggestion is not None:
        _mark(axes, suggestion.valley, f"valley: {suggestion.valley:.2g}", VERMILION, "-")
        _mark(axes, suggestion.steepest, f"steepest: {suggestion.steepest:.2g}", INK, ":")
    low, high = min(smoothed), smoothed[0]
    room = (high - low) or abs(high) or 1.0
    axes.set_ylim(low - 0.25 * room, high + 0.35 * room)
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="both", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    label_axes(axes, "learning rate", "loss (mean cross-entropy, nats)")
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, -0.17), ncols=4, frameon=False, borderaxespad=0, handlelength=2,
        labelcolor=INK, prop={"family": FONT, "size": TEXT_SIZE},
    )  # fmt: skip
    return page


def _mark(axes: Axes, lr: float, label: str, color: str, line: str) -> None:
    axes.axvline(lr, color=color, linestyle=line, linewidth=1.4, label=label)
