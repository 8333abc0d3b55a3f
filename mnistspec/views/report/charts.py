"""The charts that compare the series of a report: accuracy by series, accuracy over parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from mnistspec.views.pictures.canvas import (
    DPI,
    GREEN,
    GREY,
    INK,
    SMALL_SIZE,
    VERMILION,
    Canvas,
    make_printable,
    measure_text,
    theme,
)
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from mnistspec.analysis.comparison import Series

_WIDTH = 480
_WIDE = 20  # the ratio of most to fewest parameters from which the axis is logarithmic
_LABEL_HEIGHT = 20.0


@theme()
def draw_accuracies(all_series: Sequence[Series], labels: Sequence[tuple[str, ...]]) -> Canvas:
    """Return the chart of each series' accuracy: a dot a seed, a bar at the mean, a diamond at the reference."""
    names = ["\n".join(_clip(line, 20) for line in (words[0], " ".join(words[1:])) if line) for words in labels]
    left = 18 + max(measure_text(line, SMALL_SIZE) for name in names for line in name.split("\n"))
    body = 20 + 42 * len(all_series)
    canvas = Canvas(_WIDTH, body + 82)
    axes = canvas.add_axes(left, 5, _WIDTH - left - 16, body)
    for place, series in enumerate(all_series):
        _draw_series(canvas, axes, series, place, " ".join(labels[place]))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.05)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("accuracy (percent of the images)")
    canvas.add_legend(axes, columns=3, x=6 - left)
    return canvas


def _draw_series(canvas: Canvas, axes: Axes, series: Series, place: int, label: str) -> None:
    """Draw one line of the chart; the first of a kind gets into the legend."""
    explained = set(axes.get_legend_handles_labels()[1])

    def name(word: str) -> str | None:
        return None if word in explained else word

    (dots,) = axes.plot(
        series.accuracies, [place] * len(series.runs), "o", color=VERMILION, markersize=4.5, alpha=0.55,
        markeredgewidth=0, label=name("one seed"),
    )  # fmt: skip
    seeds = zip(series.seeds, series.accuracies, strict=True)
    canvas.explain(dots, *(f"{label}, seed {seed}: {accuracy:.2f} % in the last epoch" for seed, accuracy in seeds))
    ends = place - 0.28, place + 0.28
    (bar,) = axes.plot([series.mean] * 2, ends, color=INK, label=name("mean"))
    canvas.explain(bar, f"{label}: mean {series.mean:.2f} % over {plural(len(series.runs), 'seed')}")
    reference = series.spec.reference.test_accuracy
    if reference is not None:
        (mark,) = axes.plot(
            reference, place, "D", color=GREEN, markerfacecolor="none", markersize=5.5, label=name("reference")
        )
        canvas.explain(mark, f"{label}: the reference reports {reference:.2f} %")


@theme()
def draw_parameters(all_series: Sequence[Series], labels: Sequence[str]) -> Canvas:
    """Return the chart of mean accuracy over parameters, with a line from the lowest seed to the highest."""
    canvas = Canvas(_WIDTH, 390)
    axes = canvas.add_axes(70, 10, 392, 318)
    counts = [series.params for series in all_series]
    is_wide = min(counts) > 0 and max(counts) / min(counts) > _WIDE
    for series, label in zip(all_series, labels, strict=True):
        low, high = min(series.accuracies), max(series.accuracies)
        axes.plot([series.params] * 2, [low, high], color=VERMILION, linewidth=1.2, alpha=0.6)
        (dot,) = axes.plot(series.params, series.mean, "o", color=VERMILION, markersize=4.5)
        canvas.explain(dot, f"{label}: {series.params:,} parameters, {series.mean:.2f} % ({low:.2f} to {high:.2f})")
    if is_wide:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=8))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value / 1e6:g}M" if value >= 1e6 else f"{value:,.0f}")
    )
    axes.margins(x=0.08, y=0.1)
    axes.grid()
    _write_labels(axes, all_series, [_clip(label, 26) for label in labels])
    axes.set_xlabel(f"parameters{', logarithmic' if is_wide else ''}")
    axes.set_ylabel("accuracy (percent of the images)")
    return canvas


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
            label, place, (72 / DPI * (2 * apart if is_moved else apart), 72 / DPI * offset), va="center",
            textcoords="offset points", ha="left" if apart > 0 else "right", size=SMALL_SIZE,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 3} if is_moved else None,
        )  # fmt: skip


def _find_offsets(
    axes: Axes, places: Sequence[tuple[float, float]], labels: Sequence[str]
) -> list[tuple[float, float]]:
    """Return for each label how far it is from its dot, to the right and up, in pixels."""
    points = [axes.transData.transform(place).tolist() for place in places]
    middle = axes.bbox.x0 + 0.6 * axes.bbox.width
    taken: list[tuple[float, float, float]] = []  # left, right and height
    offsets = [(0.0, 0.0)] * len(points)
    for index in sorted(range(len(points)), key=lambda index: points[index][1]):
        x, height = points[index]
        is_left, width = x > middle, measure_text(labels[index], SMALL_SIZE) + 30
        left, right = (x - width, x) if is_left else (x, x + width)
        while covered := [
            other for start, end, other in taken if start < right and left < end and abs(other - height) < _LABEL_HEIGHT
        ]:
            height = max(covered) + _LABEL_HEIGHT
        taken.append((left, right, height))
        offsets[index] = (-12 if is_left else 12, height - points[index][1])
    return offsets


def _clip(label: str, length: int) -> str:
    text = make_printable(label)
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"
