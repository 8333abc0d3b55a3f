"""Tell the ink of a drawn digit from its background, whichever of the two is darker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.data.photo.background import blur, find_otsu_threshold, frame_mask, measure_strength
from mnistspec.data.photo.masks import (
    compare_with_quadrilateral,
    erode,
    fill,
    label_components,
    measure_extent,
    outline,
    widen,
)
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
_MOST_STROKES = 100  # of a digit, which may consist of dots
# A patch along more than this part of the picture's outline is the table or a shadow, if there is ink elsewhere.
_OUTLINE = 0.1
# A sheet of paper with the digit on it has sides of at least this part of the picture's shorter one (and 28 pixels,
# room for a digit), and is a quadrilateral to this part; a digit is round (of an ellipse it is 0.64) or has gaps. The
# page of a scan may lack some of its corners.
_SHEET_SIDE = 0.4
_SHEET = 0.9
_SHEET_COVER = 0.5  # the rest is the digit on it; of a frame drawn around a digit less is ink
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


def find_ink(levels: Levels, sheets: int = 2) -> Ink | None:
    """Return the ink in a picture (h, w), at most this number of sheets deep; None if there is none."""
    candidates = (_find_strokes(cleared, sheets) for cleared in _clear_edges(levels))
    found = [ink for ink in candidates if ink is not None and not outline(ink.strength).any()]
    return max(found, key=lambda ink: measure_extent(ink.strength)) if found else _find_strokes(levels, sheets)


def _find_strokes(levels: Levels, sheets: int) -> Ink | None:
    """Do what ``find_ink`` does, in a picture without edges of a scan."""
    strength, noise = measure_strength(levels)
    if strength.max() < _CLEAN_SIGNAL_TO_NOISE * noise:
        strength, noise = measure_strength(blur(levels))
    if strength.max() < max(_MIN_CONTRAST, _MIN_SIGNAL_TO_NOISE * noise):
        return None
    floor = 3 * noise
    strong = find_otsu_threshold(strength[strength > floor])
    labels, sizes = _keep_strokes(strength > max(0.75 * strong, floor), strength > strong)
    sheet = _find_sheet(labels) if sheets else None
    if sheet is not None and (found := find_ink(levels[sheet], sheets - 1)) is not None:
        return found
    shapes = find_shapes(labels, sizes)
    kept = np.isin(labels, shapes[0].labels)
    full = float(np.percentile(strength[kept & (strength > strong)], 90))
    ink = np.clip((strength - floor) / (full - floor), 0, 1)
    # A twentieth of the extent, a pixel of the final digit, takes in the soft edges.
    near = widen(kept, max(1, measure_extent(kept) // 20)) & ((labels == 0) | kept)
    return Ink(_thin(np.where(near, ink, 0.0)), describe(shapes))


def _clear_edges(levels: Levels) -> list[Levels]:
    """Return the picture without what may be edges of a scan: once for each of the tones that its page may have.

    A frame of two tones runs through two regions. If one is the page, what lies outside of it hardly touches ink; it is
    painted in the page's tone.
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
        page = fill(page) | fill(page.T).T
        if compare_with_quadrilateral(page) < _PAGE:
            continue
        patch = ~page
        if not patch.any() or patch.mean() > _MAX_EDGE:
            continue
        radius = max(2, max(levels.shape) // 100)
        patch = widen(patch, radius)
        beside = widen(patch, radius) & ~patch
        if tone[beside].sum() > (1 - _CUT) * beside.sum():
            cleared.append(np.where(patch, np.median(levels[beside & tone]), levels))
    return cleared


def _keep_strokes(weak: Mask, strong: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Label the connected parts of `weak` that hold enough of `strong` to be strokes; also return how much, a label."""
    labels = label_components(weak)
    sizes = np.bincount(labels[strong], minlength=labels.max() + 1)
    contacts = np.bincount(outline(labels), minlength=sizes.size)
    sizes[0] = contacts[0] = 0
    inside = np.where(contacts > _OUTLINE * 2 * sum(weak.shape), 0, sizes)
    if inside.max() > 0.001 * weak.size:
        sizes = inside
    kept = sizes >= max(1, _SPECK * sizes.max())
    kept[np.argsort(-sizes, kind="stable")[_MOST_STROKES:]] = False
    return np.where(kept[labels], labels, 0), sizes


def _thin(ink: Levels) -> Levels:
    """Erode strokes thicker than MNIST's, an eighth of the digit's extent, to that; bold print is misread otherwise.

    A margin `r` along both sides of a stroke of width w is the part 2r / w of it. The margin is a pixel of the final
    digit, a twentieth of its extent.
    """
    mask = np.pad(ink > 0.5, 1)
    extent = measure_extent(mask)
    margin = extent // 20
    lost = 1 - np.count_nonzero(erode(mask, margin)) / np.count_nonzero(mask)
    if lost == 0:  # the digit is no larger than the final one
        return ink
    # The whole shrinks by twice the radius, too.
    radius = math.floor((2 * margin / lost - extent / 8) / 1.75)
    return erode(mask, radius)[1:-1, 1:-1].astype(np.float64) if radius > 0 else ink


def _find_sheet(labels: NDArray[np.int64]) -> tuple[slice, slice] | None:
    """Return the inside of a sheet of paper that was taken for ink, because the table around it is the background.

    A frame drawn around the digit is such a sheet, too.
    """
    rows, columns = (np.flatnonzero(labels.any(axis=axis)) for axis in (1, 0))
    box = labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if min(box.shape) < max(_SHEET_SIDE * min(labels.shape), 28):
        return None
    filled = fill(box > 0)
    inside = np.bincount(box.reshape(-1)) > 0
    inside[0] = inside[outline(box)] = False
    is_covered = np.count_nonzero(box) >= _SHEET_COVER * filled.sum()
    if not (is_covered or inside.any()) or compare_with_quadrilateral(filled) < _SHEET:
        return None
    height, width = (side // 20 for side in box.shape)
    return slice(rows[0] + height, rows[-1] + 1 - height), slice(columns[0] + width, columns[-1] + 1 - width)
