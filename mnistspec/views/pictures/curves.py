"""Loss and accuracy over the epochs, in training and in testing: of one run, or the spread of several."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from mnistspec.views.pictures.canvas import BLUE, INK, VERMILION, Canvas, theme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from mnistspec.training.metrics import EpochMetrics

RING = "Ring: the best of each curve, known only afterwards."
_NOTE = f"Filled dot: the last epoch, the figure that counts. {RING}"
_STYLES = ((BLUE, (0, (4, 2))), (VERMILION, "solid"))
_MARKED = 40  # epochs at most, for a dot at each


@dataclass(frozen=True)
class Quantity:
    """What a chart shows; ``sign`` is 1 where more is better, -1 where less is."""

    name: str
    label: str
    unit: str
    digits: int
    sign: int

    def format(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{value:.{self.digits}f}{self.unit}" if abs(value) < 1e4 else f"{value:.3g}{self.unit}"


LOSS = Quantity("loss", "loss (mean cross-entropy, nats)", "", 4, -1)
ACCURACY = Quantity("accuracy", "accuracy (percent of the images)", " %", 2, 1)


@theme()
def draw_run(
    metrics: Sequence[EpochMetrics], *, title: str, target: float | None = None, measured: str = "test"
) -> Canvas:
    """Return the curves of a run of one epoch or more; ``target`` is in percent, on what was ``measured``."""
    canvas = Canvas(1120, 470, title, _NOTE)
    for left, quantity, line in ((90, LOSS, None), (640, ACCURACY, target)):
        names = {"train": f"train_{quantity.name}", measured: f"test_{quantity.name}"}
        curves = {kind: np.array([[getattr(row, name) for row in metrics]]) for kind, name in names.items()}
        _draw_panel(canvas, canvas.add_axes(left, 14, 450, 310), quantity, curves, line)
    return canvas


@theme()
def draw_quantity(quantity: Quantity, curves: Mapping[str, np.ndarray], target: float | None = None) -> Canvas:
    """Return the chart of one quantity: by its names training and what was measured, each (seeds, epochs).

    Lines are the means over the seeds; bands reach from the lowest seed to the highest.
    """
    canvas = Canvas(480, 398)
    _draw_panel(canvas, canvas.add_axes(70, 10, 398, 262), quantity, curves, target)
    return canvas


def _draw_panel(
    canvas: Canvas, axes: Axes, quantity: Quantity, curves: Mapping[str, np.ndarray], target: float | None
) -> None:
    finite = {name: np.where(np.isfinite(rows), rows, math.nan) for name, rows in curves.items()}
    *_, measured = finite.values()
    limits = find_limits(finite.values(), target)
    axes.set_ylim(limits)
    for (name, rows), (color, line) in zip(finite.items(), _STYLES, strict=True):
        _draw_curve(canvas, axes, quantity, name, rows, color, line)
    if target is not None:
        text = f"target {quantity.format(target)}"
        canvas.explain(axes.axhline(target, color=INK, linestyle=":", linewidth=1.2, label=text), text)
    epochs = measured.shape[1]
    axes.set_xlim(0.5, epochs + 0.5) if epochs < _MARKED else axes.margins(x=0.03)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="y")
    axes.set_xlabel("epoch" + _describe_cut(quantity, finite.values(), limits))
    axes.set_ylabel(quantity.label)
    canvas.add_legend(axes)


def _draw_curve(
    canvas: Canvas, axes: Axes, quantity: Quantity, name: str, rows: np.ndarray, color: str, line: object
) -> None:
    """Draw a line at the mean with dots at its epochs, and a band for several seeds or a ring for the best of one."""
    epochs, mean, several = np.arange(1, rows.shape[1] + 1), rows.mean(0), len(rows) > 1
    low, high = rows.min(0), rows.max(0)
    label = f"{name}: last {quantity.format(mean[-1])}"
    if several:
        label += f" ({quantity.format(low[-1])} to {quantity.format(high[-1])})"
        axes.fill_between(epochs, low, high, color=color, alpha=0.18, linewidth=0)
    elif not np.isnan(mean).all():
        best = int(np.nanargmax(quantity.sign * mean))
        label += f", best {quantity.format(mean[best])} (epoch {best + 1})"
        axes.plot(best + 1, mean[best], "o", color=color, markersize=10, markerfacecolor="none", markeredgewidth=1.3)
    axes.plot(epochs, mean, color=color, linestyle=line, label=label)

    def explain(place: int) -> str:
        spread = f" ({quantity.format(low[place])} to {quantity.format(high[place])})" if several else ""
        return f"epoch {place + 1}: {name} {quantity.format(mean[place])}{spread}"

    bottom, top = axes.get_ylim()
    seen, last = [place for place in range(len(mean)) if bottom <= mean[place] <= top], len(mean) - 1
    marked = [place for place in seen if place < last < _MARKED]
    for places, size in ((marked, 3.2), ([place for place in seen if place == last], 6)):
        if places:
            (dots,) = axes.plot(epochs[places], mean[places], "o", color=color, markersize=size)
            canvas.explain(dots, *map(explain, places))


def find_limits(curves: Iterable[np.ndarray], target: float | None) -> tuple[float, float]:
    """Return the ends of the vertical axis for curves (seeds, epochs).

    It holds the last three quarters of the epochs, and of the first one, often far off, as much as fits into twice the
    range of these.
    """
    rows = np.concatenate(list(curves))
    end, room = (0.0, 1.0), math.inf
    quarter = rows.shape[1] // 4
    for first in range(quarter, -1, -1):
        values = rows[:, first:][np.isfinite(rows[:, first:])]
        values = values if target is None else np.append(values, target)
        if not len(values):
            continue
        low, high = float(values.min()), float(values.max())
        if first == quarter:
            end, room = (low, high), 2 * (high - low)
        elif high - low <= room:
            end = low, high
    pad = 0.07 * (end[1] - end[0]) or 0.05 * abs(end[0]) or 1.0
    return end[0] - pad, end[1] + pad


def _describe_cut(quantity: Quantity, curves: Iterable[np.ndarray], limits: tuple[float, float]) -> str:
    values = np.concatenate([rows[np.isfinite(rows)] for rows in curves])
    if len(values) and values.min() < limits[0]:
        return f" (the axis is cut: values from {quantity.format(values.min())})"
    if len(values) and values.max() > limits[1]:
        return f" (the axis is cut: values up to {quantity.format(values.max())})"
    return ""
