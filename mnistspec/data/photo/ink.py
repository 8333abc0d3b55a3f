"""Tell the ink of a drawn digit from its background, whichever of the two is darker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistspec.data.photo.background import blur, find_otsu_threshold, frame_mask, measure_strength
from mnistspec.data.photo.shapes import describe, find_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnistspec.data.photo.background import Levels, Mask

# Ink stands out from the background by this many levels (of 255), and by this many times the noise.
_MIN_CONTRAST = 12.0
_MIN_SIGNAL_TO_NOISE = 6.0
# Noise that is smaller than that need not be blurred away, and neither are fine strokes then.
_CLEAN_SIGNAL_TO_NOISE = 25.0
# A separate stroke smaller than this part of the largest one is a speck.
_SPECK = 0.03
# A patch along more than this part of the picture's outline is the table or a shadow, if there is ink elsewhere.
_OUTLINE = 0.1
# A sheet of paper with the digit on it has sides of at least this part of the picture's shorter one (and 28 pixels,
# room for a digit), and is a quadrilateral to this part; a digit is round (of an ellipse it is 0.64) or has gaps. The
# page of a scan may lack some of its corners.
_SHEET_SIDE = 0.4
_SHEET = 0.9
_PAGE = 0.8
# Two tones lie further apart than this times the sum of their deviations; a ramp split in two comes to 2.3 at most.
_TWO_TONES = 3.0
# The edges of a scan cover at most this part of it, and at most this part of their border touches ink.
_MAX_EDGE = 0.6
_CUT = 0.15


@dataclass(frozen=True)
class Ink:
    """The ink of one digit as strengths in [0, 1], (h, w); ``note`` says what else is in the picture, or ""."""

    strength: Levels
    note: str


def find_ink(levels: Levels) -> Ink | None:
    """Return the ink in a picture (h, w); None if there is none."""
    candidates = (_find_strokes(cleared) for cleared in _clear_edges(levels))
    found = [ink for ink in candidates if ink is not None and not _outline(ink.strength).any()]
    return max(found, key=lambda ink: _measure_extent(ink.strength)) if found else _find_strokes(levels)


def _find_strokes(levels: Levels) -> Ink | None:
    """Do what ``find_ink`` does, in a picture without edges of a scan."""
    strength, noise = measure_strength(levels)
    if strength.max() < _CLEAN_SIGNAL_TO_NOISE * noise:
        strength, noise = measure_strength(blur(levels))
    if strength.max() < max(_MIN_CONTRAST, _MIN_SIGNAL_TO_NOISE * noise):
        return None
    floor = 3 * noise
    strong = find_otsu_threshold(strength[strength > floor])
    labels, sizes = _keep_strokes(strength > max(0.75 * strong, floor), strength > strong)
    sheet = _find_sheet(labels > 0)
    if sheet is not None and (found := find_ink(levels[sheet])) is not None:
        return found
    shapes = find_shapes(labels, sizes)
    kept = np.isin(labels, shapes[0].labels)
    full = float(np.percentile(strength[kept & (strength > strong)], 90))
    ink = np.clip((strength - floor) / (full - floor), 0, 1)
    # A twentieth of the extent, a pixel of the final digit, takes in the soft edges.
    near = _widen(kept, max(1, _measure_extent(kept) // 20)) & ((labels == 0) | kept)
    return Ink(np.where(near, ink, 0.0), describe(shapes))


def _clear_edges(levels: Levels) -> list[Levels]:
    """Return the picture without what may be edges of a scan: once for each of the tones that its page may have.

    A frame of two tones runs through two regions. If one is the page, the other lies outside of it, covers a corner or
    much of the outline, and hardly touches ink; it is painted in the page's tone.
    """
    frame = levels[frame_mask(levels.shape)]
    if np.ptp(frame) < 2 * _MIN_CONTRAST:
        return []
    threshold = find_otsu_threshold(frame)
    dark, light = frame[frame <= threshold], frame[frame > threshold]
    if light.mean() - dark.mean() < _TWO_TONES * (dark.std() + light.std()):
        return []
    cleared = []
    for tone in (levels > threshold, levels <= threshold):
        labels = label_components(tone)
        page = labels == 1 + np.argmax(np.bincount(labels[tone])[1:])
        page = _fill(page) | _fill(page.T).T
        if _compare_with_quadrilateral(page) < _PAGE:
            continue
        outside = label_components(~page)
        contacts = np.bincount(_outline(outside), minlength=outside.max() + 1)
        contacts[outside[[0, 0, -1, -1], [0, -1, 0, -1]]] = levels.size
        contacts[0] = 0
        patch = (contacts > _OUTLINE * 2 * sum(levels.shape))[outside]
        if not patch.any() or patch.mean() > _MAX_EDGE:
            continue
        radius = max(2, max(levels.shape) // 100)
        patch = _widen(patch, radius)
        beside = _widen(patch, radius) & ~patch
        if tone[beside].sum() > (1 - _CUT) * beside.sum():
            cleared.append(np.where(patch, np.median(levels[beside & tone]), levels))
    return cleared


def _fill(mask: Mask) -> Mask:
    """Fill the gaps between the first and the last pixel of each row."""
    filled: Mask = np.maximum.accumulate(mask, axis=1) & np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return filled


def _outline(values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _measure_extent(values: NDArray[np.generic]) -> int:
    """Return the longer side of the box around what is not 0."""
    return 1 + max(int(np.ptp(np.flatnonzero(values.any(axis=axis)))) for axis in (0, 1))


def _keep_strokes(weak: Mask, strong: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Label the connected parts of `weak` that hold enough of `strong` to be strokes; also return how much, a label."""
    labels = label_components(weak)
    sizes = np.bincount(labels[strong], minlength=labels.max() + 1)
    outline = _outline(labels)
    contacts = np.bincount(outline, minlength=sizes.size)
    sizes[0] = contacts[0] = 0
    inside = np.where(contacts > _OUTLINE * outline.size, 0, sizes)
    if inside.max() > 0.001 * weak.size:
        sizes = inside
    return np.where((sizes >= max(1, _SPECK * sizes.max()))[labels], labels, 0), sizes


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


def _find_sheet(mask: Mask) -> tuple[slice, slice] | None:
    """Return the inside of a sheet of paper that was taken for ink, because the table around it is the background."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if min(box.shape) < max(_SHEET_SIDE * min(mask.shape), 28) or _compare_with_quadrilateral(_fill(box)) < _SHEET:
        return None
    height, width = (side // 20 for side in box.shape)
    return slice(rows[0] + height, rows[-1] + 1 - height), slice(columns[0] + width, columns[-1] + 1 - width)


def _compare_with_quadrilateral(shape: Mask) -> float:
    """Return which part of a shape and of the quadrilateral between its outermost pixels, diagonally, is of both."""
    y, x = np.nonzero(shape)
    ends = [int(np.argmin(place)) for place in (x + y, y - x, -x - y, x - y)]
    corners = [(y[i], x[i]) for i in ends]
    v, u = np.indices(shape.shape)
    inside = np.ones_like(shape)
    for (top, left), (bottom, right) in zip(corners, [*corners[1:], corners[0]], strict=True):
        inside &= (u - left) * (bottom - top) <= (v - top) * (right - left)
    return float((inside & shape).sum() / (inside | shape).sum())


def _widen(mask: Mask, radius: int) -> Mask:
    """Widen a mask by a radius."""
    for axis in (0, 1):
        pad = [(radius + 1, radius) if axis == side else (0, 0) for side in (0, 1)]
        sums = np.cumsum(np.pad(mask, pad), axis=axis, dtype=np.int64)
        ends = np.split(sums, [2 * radius + 1], axis=axis)[1]
        mask = ends > np.split(sums, [mask.shape[axis]], axis=axis)[0]
    return mask
