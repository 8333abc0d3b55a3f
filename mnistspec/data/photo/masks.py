"""Operations on masks (h, w): components, outlines, extents, filling, widening."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnistspec.data.photo.background import Mask


def label_components(mask: Mask) -> NDArray[np.int64]:
    """Return a label from 1 on for each 8-connected component of a mask (h, w), on its pixels; the rest is 0.

    Runs of pixels along the rows are joined to those that they touch in the row above: each takes the lowest number
    among its neighbours, then the number of the run which that names, until nothing changes.
    """
    width = mask.shape[1]
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    # Positions in one long line, in which a row and the gap behind it take width + 2.
    begin, end = rows * (width + 2) + starts, rows * (width + 2) + ends
    first = np.searchsorted(end, begin - (width + 2), side="left")
    last = np.searchsorted(begin, end - (width + 2), side="right")
    counts = last - first
    lower = np.repeat(np.arange(rows.size), counts)
    upper = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    numbers = np.arange(rows.size)
    while (numbers[lower] != numbers[upper]).any():
        one, other = numbers[lower], numbers[upper]
        np.minimum.at(numbers, one, other)
        np.minimum.at(numbers, other, one)
        while (named := numbers[numbers]).tobytes() != numbers.tobytes():
            numbers = named
    labels = np.zeros(mask.shape, dtype=np.int64)
    labels[mask] = np.repeat(np.unique(numbers, return_inverse=True)[1] + 1, ends - starts)
    return labels


def outline(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values along the sides; those of the corners come twice."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def measure_extent(values: NDArray[np.generic]) -> int:
    """Return the longer side of the box around what is not 0."""
    return 1 + max(int(np.ptp(np.flatnonzero(values.any(axis=axis)))) for axis in (0, 1))


def fill(mask: Mask) -> Mask:
    """Fill the gaps between the first and the last pixel of each row."""
    filled: Mask = np.maximum.accumulate(mask, axis=1) & np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return filled


def compare_with_quadrilateral(shape: Mask) -> float:
    """Return which part of a shape and of the quadrilateral between its outermost pixels, diagonally, is of both."""
    y, x = np.nonzero(shape)
    ends = [int(np.argmin(place)) for place in (x + y, y - x, -x - y, x - y)]
    corners = [(y[i], x[i]) for i in ends]
    v, u = np.indices(shape.shape)
    inside = np.ones_like(shape)
    for (top, left), (bottom, right) in zip(corners, [*corners[1:], corners[0]], strict=True):
        inside &= (u - left) * (bottom - top) <= (v - top) * (right - left)
    return float((inside & shape).sum() / (inside | shape).sum())


def widen(mask: Mask, radius: int) -> Mask:
    """Widen a mask by a radius, to squares."""
    for axis in (0, 1):
        pad = [(radius + 1, radius) if axis == side else (0, 0) for side in (0, 1)]
        sums = np.cumsum(np.pad(mask, pad), axis=axis, dtype=np.int64)
        ends = np.split(sums, [2 * radius + 1], axis=axis)[1]
        mask = ends > np.split(sums, [mask.shape[axis]], axis=axis)[0]
    return mask


def erode(mask: Mask, radius: int) -> Mask:
    """Take away what lies within a radius of the rest."""
    return ~widen(~mask, radius)
