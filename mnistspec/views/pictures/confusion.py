"""The confusion matrix of an evaluation, coloured by its mistakes, with the accuracy of each class beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from mnistspec.analysis.classes import MOST_CLASSES, describe_classes
from mnistspec.views.pictures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    RULE,
    TEXT_SIZE,
    Canvas,
    cut_text,
    measure_text,
    theme,
)
from mnistspec.views.pictures.worst import draw_worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_CELL = 56  # pixels
_LEAST = 150  # for the label of the vertical axis
_NAME = 180  # for a name, at most
_DIGITS = 5  # of a count for which a cell has room


@theme()
def draw_confusion(confusion: np.ndarray, class_names: Sequence[str], *, title: str) -> Canvas:
    """Return the matrix: counts by label (row) and prediction (column), (classes, classes).

    Of more than ``MOST_CLASSES`` it is the most frequent confusions, and the worst classes.
    """
    images, right = int(confusion.sum()), int(confusion.trace())
    note = f"{right:,} of {images:,} images right, {images - right:,} wrong"
    if len(class_names) > MOST_CLASSES:
        return draw_worst(confusion, class_names, title=title, note=note)
    names = [cut_text(name, _NAME, TEXT_SIZE) for name in class_names]
    widest = int(max(measure_text(name, TEXT_SIZE) for name in names))
    side = _CELL * len(names)
    left, beside = MARGIN + 36 + widest, 190
    below = 60 + (widest if widest > _CELL else 20)
    width, height = left + side + beside + 100 + MARGIN, 10 + max(side, _LEAST) + below
    canvas = Canvas(width, height, title, f"{note}; the darker, the more mistakes of that kind")
    matrix = canvas.add_axes(left, 10, side, side)
    _draw_matrix(matrix, confusion, names)
    matrix.set_yticks(range(len(names)), names, size=TEXT_SIZE)
    matrix.set_xticks(range(len(names)), names, size=TEXT_SIZE, rotation=90 if widest > _CELL else 0)
    _draw_accuracies(canvas.add_axes(left + side + 20, 10, beside, side), confusion, names)
    return canvas


def shade_mistakes(counts: np.ndarray) -> np.ndarray:
    """Return for each cell how dark it is, in [0, 1]: 0 on the diagonal, 1 for the most frequent mistake.

    The root, so that a mistake made once differs from none although another was made a hundred times.
    """
    mistakes = counts * (1 - np.eye(len(counts)))
    shades: np.ndarray = np.sqrt(mistakes / max(1, mistakes.max()))
    return shades


def _draw_matrix(axes: Axes, counts: np.ndarray, names: list[str]) -> None:
    shades = shade_mistakes(counts)
    axes.imshow(colormaps["Oranges"](0.85 * shades))
    digits = len(str(counts.max()))
    size = min(TEXT_SIZE, TEXT_SIZE * _DIGITS / digits)
    for row, column in np.ndindex(*counts.shape):
        if row == column:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="#e3eef5", edgecolor="none"))
        if counts[row, column]:
            axes.text(
                column, row, f"{counts[row, column]}", ha="center", va="center", size=size,
                color="white" if shades[row, column] > 0.75 else INK, weight="bold" if row == column else "normal",
            )  # fmt: skip
    edges = np.arange(len(names) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color=RULE, linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("actual class")


def _draw_accuracies(axes: Axes, confusion: np.ndarray, names: list[str]) -> None:
    accuracies = [result.figures.recall for result in describe_classes(confusion, names)]
    known = {row: accuracy for row, accuracy in enumerate(accuracies) if accuracy is not None}
    axes.plot(list(known.values()), list(known), "o", color=BLUE, markersize=6, clip_on=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    low = min([99.0, *known.values()])
    axes.set_xlim(low - 0.1 * (100 - low), 100)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.set_yticks([])
    axes.hlines(range(len(names)), *axes.get_xlim(), color=RULE, linewidth=0.6, zorder=0)
    axes.spines[["left"]].set_visible(False)
    axes.set_xlabel("accuracy (%)")
    for row, accuracy in enumerate(accuracies):
        text = "no images" if accuracy is None else f"{accuracy:.2f} %"
        axes.annotate(
            text, (1, row), (14, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", color=GREY if accuracy is None else INK,
        )  # fmt: skip
