"""Several shapes in a picture: strokes that belong to one digit, and digits beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Two digits beside each other: the smaller one is at least this part of the other across their line ...
_ALIKE = 0.5
# ... and together they are longer than a digit, or lie further apart than its strokes, by their size across the line.
_ROW, _COLUMN = 1.1, 1.8  # a digit is higher than wide
_GAP = 0.25


class Shape(NamedTuple):
    """A box of rows and columns, the ends excluded, around some components, and the number of their strong pixels."""

    top: int
    bottom: int
    left: int
    right: int
    size: int
    labels: tuple[int, ...]


def find_shapes(labels: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[Shape]:
    """Join the components (h, w), 0 for none, with strong pixels `sizes`, to digits; the largest one comes first."""
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns]
    shapes: list[Shape] = []
    for label in np.unique(numbers).tolist():
        y, x = rows[numbers == label], columns[numbers == label]
        box = int(y.min()), int(y.max()) + 1, int(x.min()), int(x.max()) + 1
        shape = Shape(*box, int(sizes[label]), (label,))
        while near := next((other for other in shapes if not _are_apart(other, shape)), None):
            shapes.remove(near)
            shape = _join(near, shape)
        shapes.append(shape)
    return sorted(shapes, key=lambda shape: (-shape.size, shape))


def _join(a: Shape, b: Shape) -> Shape:
    box = min(a.top, b.top), max(a.bottom, b.bottom), min(a.left, b.left), max(a.right, b.right)
    return Shape(*box, a.size + b.size, a.labels + b.labels)


def _are_apart(a: Shape, b: Shape) -> bool:
    both = _join(a, b)
    height, width = both.bottom - both.top, both.right - both.left
    gaps = max(a.left, b.left) - min(a.right, b.right), max(a.top, b.top) - min(a.bottom, b.bottom)
    heights, widths = (a.bottom - a.top, b.bottom - b.top), (a.right - a.left, b.right - b.left)
    lines = (gaps[0], heights, width, height, _ROW), (gaps[1], widths, height, width, _COLUMN)
    return any(
        gap >= 0 and min(across) >= _ALIKE * max(across) and (length > long * size or gap > _GAP * size)
        for gap, across, length, size, long in lines
    )


def describe(shapes: list[Shape]) -> str:
    """Say which of several shapes is read, the first one; nothing if there is only one."""
    if len(shapes) == 1:
        return ""
    read, others = shapes[0], shapes[1:]
    sides = {
        "on the left": all(read.right <= other.left for other in others),
        "on the right": all(read.left >= other.right for other in others),
        "at the top": all(read.bottom <= other.top for other in others),
        "at the bottom": all(read.top >= other.bottom for other in others),
    }
    place = next((f", {side}" for side, is_there in sides.items() if is_there), "")
    return f"{len(shapes)} shapes in the picture; read the largest one{place}"
