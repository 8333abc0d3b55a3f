"""Tell the ink of a drawn digit from its background, whichever of the two is darker."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from mnistspec.data.photo.component import label_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Levels = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# Part of the picture's sides that is its frame, where background is expected.
_FRAME = 0.04
# So many of its pixels are enough to fit six coefficients.
_FRAME_SAMPLES = 4000
# Ink stands out from the background by this many levels (of 255), and by this many times the noise.
_MIN_CONTRAST = 12.0
_MIN_SIGNAL_TO_NOISE = 6.0
# Noise that is smaller than that need not be blurred away, and neither are fine strokes then.
_CLEAN_SIGNAL_TO_NOISE = 25.0
# A separate stroke smaller than this part of the largest one is a speck.
_SPECK = 0.03
# A patch along more than this part of the picture's outline is the table or a shadow, if there is ink elsewhere.
_OUTLINE = 0.1
# What fills so much of its bounding box, both of whose sides are at least this part of the picture's shorter one (and
# 28 pixels, room for a digit), may be a sheet with the digit on it.
_SHEET_FILL = 0.7
_SHEET_SIDE = 0.4


def find_ink(levels: Levels) -> Levels | None:
    """Return the ink in a picture (h, w) as strengths in [0, 1], (h, w); None if there is none."""
    strength, noise = _measure_strength(levels)
    if strength.max() < _CLEAN_SIGNAL_TO_NOISE * noise:
        strength, noise = _measure_strength(_blur(levels))
    if strength.max() < max(_MIN_CONTRAST, _MIN_SIGNAL_TO_NOISE * noise):
        return None
    floor = 3 * noise
    strong = _find_otsu_threshold(strength[strength > floor])
    kept = _keep_strokes(strength > max(0.75 * strong, floor), strength > strong)
    sheet = _find_sheet(kept)
    if sheet is not None and (found := find_ink(levels[sheet])) is not None:
        return found
    full = float(np.percentile(strength[kept & (strength > strong)], 90))
    ink = np.clip((strength - floor) / (full - floor), 0, 1)
    return np.where(_widen(kept), ink, 0.0)


def _measure_strength(levels: Levels) -> tuple[Levels, float]:
    """Return by how many levels each pixel is ink, at least 0, and the standard deviation of the background's noise."""
    difference = levels - _estimate_background(levels)
    noise = _estimate_noise(difference[_frame_mask(levels.shape)], 25)
    if _blur_radius(levels) > 0:
        # Noise around black or white is cut off on one side, which hides it in the frame but not between neighbours.
        noise = max(noise, _estimate_noise(np.diff(levels.reshape(-1)), 40) / math.sqrt(2))
    # Ink is the smaller part, so its differences are the larger ones: the third moment has their sign.
    return np.maximum(difference if (difference**3).sum() > 0 else -difference, 0), noise


def _estimate_noise(values: Levels, percentile: int) -> float:
    """Estimate the standard deviation of normal noise about 0 from a low percentile of its sizes.

    A low one, because ink may take up the larger part of the values.
    """
    return float(np.percentile(np.abs(values), percentile)) / NormalDist().inv_cdf(0.5 + percentile / 200)


def _blur_radius(levels: Levels) -> float:
    """Return a radius below a pen's stroke; 0 for a picture so small that neighbouring pixels differ by nature."""
    side = max(levels.shape)
    return side / 200 if side >= 100 else 0.0


def _blur(levels: Levels) -> Levels:
    # Pillow blurs bytes only.
    image = Image.fromarray(np.clip(np.rint(levels - levels.min()), 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(_blur_radius(levels))), dtype=np.float64)


def _estimate_background(levels: Levels) -> Levels:
    """Fit the frame of the picture: a constant, or a parabola where the light is uneven.

    The sum of absolute differences is minimised (iteratively reweighted least squares), so that ink which reaches into
    the frame counts little.
    """
    rows, columns = np.nonzero(_frame_mask(levels.shape))
    step = -(-rows.size // _FRAME_SAMPLES)
    rows, columns = rows[::step], columns[::step]
    wanted = levels[rows, columns]
    constant = _find_mode(wanted)
    y, x = (np.linspace(-1, 1, side) for side in levels.shape)
    terms = _compute_terms(y[rows], x[columns])
    weights = np.ones_like(wanted)
    for _ in range(15):
        weighted = terms * weights
        solution = np.linalg.lstsq(weighted @ terms.T, weighted @ wanted, rcond=None)[0]
        misses = np.abs(solution @ terms - wanted)
        weights = 1 / np.maximum(misses, 0.5)
    # A digit cropped tightly can look a little like uneven light: only a much better fit counts.
    if misses.mean() >= 0.5 * np.abs(wanted - constant).mean():
        return np.full_like(levels, constant)
    return np.tensordot(solution, _compute_terms(*np.meshgrid(y, x, indexing="ij")), 1)


def _find_mode(values: Levels) -> float:
    """Return the middle of the narrowest interval that holds a third of the values: where most of them crowd."""
    ordered = np.sort(values)
    count = -(-values.size // 3)
    starts = ordered[: values.size - count + 1]
    first = int(np.argmin(ordered[count - 1 :] - starts))
    return float(ordered[first + count // 2])


def _compute_terms(y: Levels, x: Levels) -> Levels:
    """Return the six terms of a parabola at some points, (6, ...)."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])


def _frame_mask(shape: tuple[int, ...]) -> Mask:
    height, width = shape
    mask = np.ones((height, width), dtype=np.bool_)
    rows, columns = (max(1, round(_FRAME * side)) for side in (height, width))
    mask[rows : height - rows, columns : width - columns] = False
    return mask


def _find_otsu_threshold(strengths: Levels) -> float:
    """Return the threshold that splits strengths into the two classes that differ most (N. Otsu, 1979)."""
    counts, edges = np.histogram(strengths, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.argmax(np.nan_to_num(between)[:-1]))])


def _keep_strokes(weak: Mask, strong: Mask) -> Mask:
    """Keep the connected parts of `weak` that hold enough of `strong` to be strokes and not specks."""
    labels = label_components(weak)
    sizes = np.bincount(labels[strong], minlength=labels.size + 1)
    outline = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    contacts = np.bincount(outline, minlength=sizes.size)
    sizes[0] = contacts[0] = 0
    inside = np.where(contacts > _OUTLINE * outline.size, 0, sizes)
    if inside.max() > 0.001 * weak.size:
        sizes = inside
    kept: Mask = (sizes >= max(1, _SPECK * sizes.max()))[labels]
    return kept


def _find_sheet(mask: Mask) -> tuple[slice, slice] | None:
    """Return the inside of a sheet of paper that was taken for ink, because the table around it is the background."""
    spans = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    sides = [int(span[-1] - span[0]) + 1 for span in spans]
    if min(sides) < max(_SHEET_SIDE * min(mask.shape), 28) or mask.sum() < _SHEET_FILL * math.prod(sides):
        return None
    margins = [side // 20 for side in sides]
    rows, columns = (
        slice(span[0] + margin, span[-1] + 1 - margin) for span, margin in zip(spans, margins, strict=True)
    )
    return rows, columns


def _widen(mask: Mask) -> Mask:
    """Widen a mask by a twentieth of its extent, a pixel of the final digit, to take in the soft edges."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    extent = max(np.ptp(rows), np.ptp(columns)) + 1
    radius = max(1, int(extent) // 20)
    for axis in (0, 1):
        pad = [(radius + 1, radius) if axis == side else (0, 0) for side in (0, 1)]
        sums = np.cumsum(np.pad(mask, pad), axis=axis, dtype=np.int64)
        ends = np.split(sums, [2 * radius + 1], axis=axis)[1]
        mask = ends > np.split(sums, [mask.shape[axis]], axis=axis)[0]
    return mask
