"""What goes wrong most often where there are too many classes for a matrix: lists with bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from mnistspec.analysis.classes import SHOWN, describe_classes, find_confusions, rank_worst
from mnistspec.views.pictures.canvas import BLUE, GREY, MARGIN, RULE, TEXT_SIZE, VERMILION, Canvas, cut_text, theme
from mnistspec.views.writing import format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.axes import Axes

# In pixels.
_NAME, _GAP, _ROW = 230, 14, 24
_BAR, _FIGURE = 130, 78
_APART = 2 * MARGIN
_PAIRS = 2 * _NAME + 3 * _GAP + 20 + _BAR + 2 * _FIGURE  # label, arrow, guess, bar, count, share
_CLASSES = _NAME + _GAP + _BAR + _FIGURE


@theme()
def draw_worst(confusion: np.ndarray, class_names: Sequence[str], *, title: str, note: str) -> Canvas:
    """Return the most frequent confusions, and the classes with the lowest F1, of counts (classes, classes)."""
    pairs = find_confusions(confusion, class_names)
    there = [result for result in describe_classes(confusion, class_names) if result.figures.images]
    worst = rank_worst(there)[:SHOWN]
    height = 2 * _ROW + _ROW * max(len(pairs), len(worst), 1) + MARGIN
    canvas = Canvas(2 * MARGIN + _PAIRS + _APART + _CLASSES, height, title, note)
    axes = canvas.add_cover()
    canvas.add_text(MARGIN, 8, "The most frequent confusions: actual \N{RIGHTWARDS ARROW} predicted", color=GREY)
    for place, pair in enumerate(pairs):
        middle, x = (place + 2) * _ROW, MARGIN
        _write(canvas, x, middle, pair.label)
        canvas.add_text(x + _NAME + _GAP, middle, "\N{RIGHTWARDS ARROW}", color=GREY, valign="center")
        _write(canvas, x + _NAME + _GAP + 20, middle, pair.guess)
        x += 2 * _NAME + 2 * _GAP + 20
        _draw_bar(axes, x, middle, pair.count / pairs[0].count, VERMILION)
        for edge, text in ((1, f"{pair.count:,}"), (2, format_share(pair.share, 1))):
            canvas.add_text(x + _BAR + edge * _FIGURE, middle, text, align="right", valign="center")
    left = MARGIN + _PAIRS + _APART
    canvas.add_text(left, 8, f"The worst of {len(there):,} classes with images: F1", color=GREY)
    for place, result in enumerate(worst):
        middle, share = (place + 2) * _ROW, (result.figures.f1 or 0) / 100
        _write(canvas, left, middle, result.figures.name)
        _draw_bar(axes, left + _NAME + _GAP, middle, share, BLUE)
        canvas.add_text(left + _CLASSES, middle, format_share(share, 1), align="right", valign="center")
    if not pairs:
        canvas.add_text(MARGIN, _ROW + 8, "none")
    return canvas


def _write(canvas: Canvas, x: float, middle: float, name: str) -> None:
    canvas.add_text(x, middle, cut_text(name, _NAME, TEXT_SIZE), valign="center")


def _draw_bar(axes: Axes, x: float, middle: float, share: float, color: str) -> None:
    axes.add_patch(Rectangle((x, middle - 5), _BAR, 10, facecolor=RULE, edgecolor="none"))
    axes.add_patch(Rectangle((x, middle - 5), _BAR * share, 10, facecolor=color, edgecolor="none"))
