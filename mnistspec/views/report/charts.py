"""The charts of a report: curves with their spread over the seeds, accuracy by series, accuracy over parameters."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from mnistspec.views.pictures.curves import Panel, find_limits
from mnistspec.views.pictures.page import make_printable
from mnistspec.views.report.chart import FONT, GREY, INK, REFERENCE, RULE, SMALL, TEST, TRAIN, Chart, hover

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from mnistspec.analysis.comparison import Series

_MARKED = 40  # epochs at most, for a dot at each
_WIDE = 20  # the ratio of most to fewest parameters from which the axis is logarithmic
_LABEL_HEIGHT = 12.0  # points
_LINES = ((TRAIN, (0, (4, 2))), (TEST, "solid"))


@dataclass(frozen=True)
class Curve:
    """A quantity over the epochs, for each seed a row of equal length."""

    rows: list[list[float]]

    @property
    def mean(self) -> list[float]:
        """The mean over the seeds."""
        return [fmean(column) for column in zip(*self.rows, strict=True)]

    @property
    def low(self) -> list[float]:
        """The lowest of the seeds."""
        return [min(column) for column in zip(*self.rows, strict=True)]

    @property
    def high(self) -> list[float]:
        """The highest of the seeds."""
        return [max(column) for column in zip(*self.rows, strict=True)]


def draw_curves(curves: dict[str, Curve], *, label: str, unit: str, digits: int, target: float | None = None) -> Chart:
    """Return the chart of one quantity by the names of its two curves, of the training first.

    The means over the seeds are lines; bands reach from the lowest seed to the highest.
    """
    chart = Chart(360, 264, (50, 8, 8, 64))
    for (name, curve), (color, line) in zip(curves.items(), _LINES, strict=True):
        _draw_curve(chart.axes, name, curve, color, line)
        _mark_epochs(chart.axes, name, curve, color, lambda value: f"{value:.{digits}f}{unit}")
    if target is not None:
        text = f"target {target:g}{unit}"
        hover(chart.axes.axhline(target, color=INK, linestyle=":", linewidth=1.1, label=text), text)
    ends = {f"{name} {end}": getattr(curve, end) for name, curve in curves.items() for end in ("low", "high")}
    *_, measured = curves.values()
    low, high = find_limits(Panel(label, unit, digits, max, {"test": measured.mean, **ends}, target))
    chart.axes.set_ylim(low, high)
    count = len(measured.mean)
    chart.axes.set_xlim(0.5, count + 0.5) if count < _MARKED else chart.axes.margins(x=0.02)
    chart.axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    chart.axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    chart.axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    chart.axes.grid(axis="y", color=RULE, linewidth=0.6)
    cut = any(value < low or value > high for values in ends.values() for value in values)
    chart.label("epoch" + (" (the axis is cut: the first epochs lie outside)" if cut else ""), label)
    chart.explain(columns=3)
    return chart


def _draw_curve(axes: Axes, name: str, curve: Curve, color: str, line: object) -> None:
    epochs = range(1, len(curve.mean) + 1)
    if len(curve.rows) > 1:
        axes.fill_between(epochs, curve.low, curve.high, color=color, alpha=0.18, linewidth=0)
    axes.plot(epochs, curve.mean, color=color, linestyle=line, linewidth=1.6, label=name)


def _mark_epochs(axes: Axes, name: str, curve: Curve, color: str, write: Callable[[float], str]) -> None:
    if len(curve.mean) > _MARKED:
        return
    for epoch, (mean, low, high) in enumerate(zip(curve.mean, curve.low, curve.high, strict=True), 1):
        (dot,) = axes.plot(epoch, mean, "o", color=color, markersize=3.2)
        spread = f" ({write(low)} to {write(high)})" if len(curve.rows) > 1 else ""
        hover(dot, f"epoch {epoch}: {name} {write(mean)}{spread}")


def draw_accuracies(all_series: Sequence[Series], labels: Sequence[tuple[str, ...]]) -> Chart:
    """Return the chart of each series' accuracy: a dot a seed, a bar at the mean, a diamond at the reference."""
    names = ["\n".join(_clip(line, 20) for line in (words[0], " ".join(words[1:])) if line) for words in labels]
    widest = max(len(line) for name in names for line in name.split("\n"))
    chart = Chart(360, 76 + 32 * len(all_series), (14 + 5.6 * widest, 4, 12, 64))
    axes = chart.axes
    for place, series in enumerate(all_series):
        _draw_series(axes, series, place, " ".join(labels[place]))
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.05)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    axes.grid(axis="both", color=RULE, linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    chart.label("accuracy (percent of the images)")
    chart.explain(columns=3)
    return chart


def _draw_series(axes: Axes, series: Series, place: int, label: str) -> None:
    """Draw one line of the chart; the first of a kind gets into the legend."""
    explained = set(axes.get_legend_handles_labels()[1])

    def explain(word: str) -> str | None:
        return None if word in explained else word

    for index, (seed, accuracy) in enumerate(zip(series.seeds, series.accuracies, strict=True)):
        word = None if index else explain("one seed")
        (dot,) = axes.plot(
            accuracy, place, "o", color=TEST, markersize=5, alpha=0.55, markeredgewidth=0, label=word
        )  # fmt: skip
        hover(dot, f"{label}, seed {seed}: {accuracy:.2f} % in the last epoch")
    ends = place - 0.28, place + 0.28
    (bar,) = axes.plot([series.mean] * 2, ends, color=INK, linewidth=1.8, label=explain("mean"))
    hover(bar, f"{label}: mean {series.mean:.2f} % over {len(series.runs)} seeds")
    reference = series.spec.reference.test_accuracy
    if reference is not None:
        (mark,) = axes.plot(
            reference, place, "D", color=REFERENCE, markerfacecolor="none", markersize=6, label=explain("reference")
        )
        hover(mark, f"{label}: the reference reports {reference:.2f} %")


def draw_parameters(all_series: Sequence[Series], labels: Sequence[str]) -> Chart:
    """Return the chart of mean accuracy over parameters, with a line from the lowest seed to the highest."""
    chart = Chart(360, 290, (50, 8, 14, 46))
    axes = chart.axes
    counts = [series.params for series in all_series]
    is_wide = min(counts) > 0 and max(counts) / min(counts) > _WIDE
    for series, label in zip(all_series, labels, strict=True):
        low, high = min(series.accuracies), max(series.accuracies)
        axes.plot([series.params] * 2, [low, high], color=TEST, linewidth=1.2, alpha=0.6)
        (dot,) = axes.plot(series.params, series.mean, "o", color=TEST, markersize=5)
        hover(dot, f"{label}: {series.params:,} parameters, {series.mean:.2f} % ({low:.2f} to {high:.2f})")
    if is_wide:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=8))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value / 1e6:g}M" if value >= 1e6 else f"{value:,.0f}")
    )
    axes.tick_params(axis="x", which="minor", color=GREY)
    axes.margins(x=0.08, y=0.1)
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    axes.grid(color=RULE, linewidth=0.6)
    _write_labels(axes, all_series, [_clip(label, 26) for label in labels])
    chart.label(f"parameters{', logarithmic' if is_wide else ''}", "accuracy (percent)")
    return chart


def _write_labels(axes: Axes, all_series: Sequence[Series], labels: Sequence[str]) -> None:
    """Write the labels beside the dots, towards the middle, and higher where they would cover one another."""
    axes.autoscale_view()  # before places are asked for
    places = [(series.params, series.mean) for series in all_series]
    offsets = _find_offsets(axes, places, labels)
    low, high = axes.get_ylim()
    top = max(axes.transData.transform(place)[1] + offset for place, (_, offset) in zip(places, offsets, strict=True))
    if top + _LABEL_HEIGHT / 2 > axes.bbox.y1:
        axes.set_ylim(low, high + (high - low) * (top + _LABEL_HEIGHT - axes.bbox.y1) / (axes.bbox.y1 - axes.bbox.y0))
        offsets = _find_offsets(axes, places, labels)
    for place, label, (apart, offset) in zip(places, labels, offsets, strict=True):
        is_moved = offset >= 1
        axes.annotate(
            label, place, (2 * apart if is_moved else apart, offset), textcoords="offset points", va="center",
            ha="left" if apart > 0 else "right", family=FONT, size=SMALL, color=INK, parse_math=False,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 3} if is_moved else None,
        )  # fmt: skip


def _find_offsets(
    axes: Axes, places: Sequence[tuple[float, float]], labels: Sequence[str]
) -> list[tuple[float, float]]:
    """Return for each label how far it is from its dot, to the right and up, in points."""
    points = [axes.transData.transform(place).tolist() for place in places]
    middle = axes.bbox.x0 + 0.6 * axes.bbox.width
    taken: list[tuple[float, float, float]] = []  # left, right and height, in points
    offsets = [(0.0, 0.0)] * len(points)
    for index in sorted(range(len(points)), key=lambda index: points[index][1]):
        x, height = points[index]
        is_left, width = x > middle, 6 * len(labels[index]) + 18
        left, right = (x - width, x) if is_left else (x, x + width)
        while covered := [
            other for start, end, other in taken if start < right and left < end and abs(other - height) < _LABEL_HEIGHT
        ]:
            height = max(covered) + _LABEL_HEIGHT
        taken.append((left, right, height))
        offsets[index] = (-7 if is_left else 7, height - points[index][1])
    return offsets


def _clip(label: str, length: int) -> str:
    text = make_printable(label)
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"
