"""The curve of a learning-rate range test: the loss over the learning rate, with the suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from mnistspec.training.lr_range import smooth
from mnistspec.views.pictures.canvas import BLUE, GREY, INK, VERMILION, Canvas, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.training.lr_range import RangePoint, Suggestion

_NOTE = "Dots: the loss of each batch before it was learned from. Line: their weighted means."


@theme()
def draw_lr_range(points: Sequence[RangePoint], suggestion: Suggestion | None, *, title: str) -> Canvas:
    """Return a canvas with the curve of one point or more."""
    canvas = Canvas(820, 470, title, _NOTE)
    axes = canvas.add_axes(84, 14, 700, 330)
    rates, losses = [point.lr for point in points], [point.loss for point in points]
    smoothed = smooth(losses)
    axes.set_xscale("log")
    axes.plot(rates, losses, ".", color=GREY, markersize=4, alpha=0.6, label="one batch")
    axes.plot(rates, smoothed, color=BLUE, linewidth=1.8, label="smoothed")
    if suggestion is not None:
        marks = (("valley", suggestion.valley, VERMILION, "-"), ("steepest", suggestion.steepest, INK, ":"))
        for name, lr, color, line in marks:
            axes.axvline(lr, color=color, linestyle=line, linewidth=1.4, label=f"{name}: {lr:.2g}")
    low, high = min(smoothed), smoothed[0]
    room = (high - low) or abs(high) or 1.0
    axes.set_ylim(low - 0.25 * room, high + 0.35 * room)
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.grid()
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss (mean cross-entropy, nats)")
    canvas.add_legend(axes, columns=4)
    return canvas
