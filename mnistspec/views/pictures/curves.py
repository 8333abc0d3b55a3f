"""The four curves of a run: loss and accuracy, in training and on the test set, over its epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator, ScalarFormatter

from mnistspec.views.pictures.page import BLUE, FAINT, FONT, INK, TEXT_SIZE, VERMILION, Page, label_axes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from mnistspec.training.metrics import EpochMetrics

_STYLES = {"train": (BLUE, "--"), "test": (VERMILION, "-")}
_MARKED = 30  # epochs at most, for a dot at each


@dataclass(frozen=True)
class Panel:
    """A quantity with its curves; ``best`` is min or max, ``target`` a line to reach."""

    label: str
    unit: str
    digits: int
    best: Callable[[Sequence[float]], float]
    curves: dict[str, list[float]]
    target: float | None = None

    def format(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{value:.{self.digits}f}{self.unit}" if abs(value) < 1e4 else f"{value:.3g}{self.unit}"


def plot_curves(metrics: Sequence[EpochMetrics], path: Path, *, title: str, target: float | None = None) -> None:
    """Write the curves of a run of one epoch or more; ``target`` is a test accuracy in percent."""
    draw_curves(metrics, title=title, target=target).save(path)


def draw_curves(metrics: Sequence[EpochMetrics], *, title: str, target: float | None = None) -> Page:
    """Return the page that ``plot_curves`` writes."""
    loss = {"train": [m.train_loss for m in metrics], "test": [m.test_loss for m in metrics]}
    accuracy = {"train": [m.train_accuracy for m in metrics], "test": [m.test_accuracy for m in metrics]}
    panels = (
        Panel("loss (mean cross-entropy, nats)", "", 4, min, loss),
        Panel("accuracy (percent of the images)", " %", 2, max, accuracy, target),
    )
    note = "Filled dot: the last epoch, the figure that counts. Ring: the best of each curve, known only afterwards."
    page = Page(1120, 470, title, note)
    epochs = [m.epoch for m in metrics]
    for number, panel in enumerate(panels):
        axes = page.add_axes(90 + 550 * number, 14, 450, 310)
        _draw_panel(axes, epochs, panel)
    return page


def _draw_panel(axes: Axes, epochs: list[int], panel: Panel) -> None:
    for name, values in panel.curves.items():
        _draw_curve(axes, epochs, name, values, panel)
    if panel.target is not None:
        label = f"target {panel.format(panel.target)}"
        axes.axhline(panel.target, color=INK, linestyle=":", linewidth=1.2, label=label)
    low, high = find_limits(panel)
    axes.set_ylim(low, high)
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5) if len(epochs) < _MARKED else axes.margins(x=0.03)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    label_axes(axes, "epoch" + _describe_cut(panel, low, high), panel.label)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.17), frameon=False, borderaxespad=0, handlelength=3,
        labelcolor=INK, prop={"family": FONT, "size": TEXT_SIZE},
    )  # fmt: skip


def _draw_curve(axes: Axes, epochs: list[int], name: str, values: list[float], panel: Panel) -> None:
    color, line = _STYLES[name]
    finite = {epoch: value for epoch, value in zip(epochs, values, strict=True) if math.isfinite(value)}
    label = f"{name}: last {panel.format(values[-1])}"
    if finite:
        best = panel.best(list(finite.values()))
        where = next(epoch for epoch, value in finite.items() if value == best)
        label += f", best {panel.format(best)} (epoch {where})"
        axes.plot(where, best, "o", color=color, markersize=10, markerfacecolor="none", markeredgewidth=1.3)
    axes.plot(
        epochs, [finite.get(epoch, math.nan) for epoch in epochs], color=color, linestyle=line, linewidth=1.6,
        marker="." if len(epochs) <= _MARKED else "", markersize=6, label=label,
    )  # fmt: skip
    axes.plot(epochs[-1], finite.get(epochs[-1], math.nan), "o", color=color, markersize=6)


def find_limits(panel: Panel) -> tuple[float, float]:
    """Return the ends of the vertical axis.

    It holds the last three quarters of the epochs, and of the first one, often far off, as much as fits into twice the
    range of these.
    """
    end = 0.0, 1.0
    length = len(panel.curves["test"])
    for first in range(length // 4, -1, -1):
        values = [value for curve in panel.curves.values() for value in curve[first:] if math.isfinite(value)]
        if panel.target is not None:
            values.append(panel.target)
        if not values:
            continue
        low, high = min(values), max(values)
        if first == length // 4:
            end = low, high
            room = 2 * (high - low)
        elif high - low <= room:
            end = low, high
    pad = 0.07 * (end[1] - end[0]) or 0.05 * abs(end[0]) or 1.0
    return end[0] - pad, end[1] + pad


def _describe_cut(panel: Panel, low: float, high: float) -> str:
    values = [value for curve in panel.curves.values() for value in curve if math.isfinite(value)]
    if values and min(values) < low:
        return f" (the axis is cut: values from {panel.format(min(values))})"
    if values and max(values) > high:
        return f" (the axis is cut: values up to {panel.format(max(values))})"
    return ""
