"""Tell how far each pixel of a picture stands out from its background, estimated along the picture's sides."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Levels = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# Part of the picture's sides that is its frame, where background is expected.
_FRAME = 0.04
# This number of its pixels is enough to fit six coefficients.
_FRAME_SAMPLES = 4000


def measure_strength(levels: Levels) -> tuple[Levels, float]:
    """Return by how many levels each pixel is ink, at least 0, and the standard deviation of the background's noise."""
    difference = levels - _estimate_background(levels)
    noise = _estimate_noise(difference[frame_mask(levels.shape)], 25)
    if _blur_radius(levels) > 0:
        # Noise around black or white is cut off on one side, which hides it in the frame but not between neighbours.
        noise = max(noise, _estimate_noise(np.diff(levels.reshape(-1)), 40) / math.sqrt(2))
    # Ink is the smaller part, so its differences are the larger ones: the third moment has their sign.
    return np.maximum(difference if (difference * difference * difference).sum() > 0 else -difference, 0), noise


def _estimate_noise(values: Levels, percentile: int) -> float:
    """Estimate the standard deviation of normal noise about 0 from a low percentile of its sizes.

    A low one, because ink may take up the larger part of the values.
    """
    return float(np.percentile(np.abs(values), percentile)) / NormalDist().inv_cdf(0.5 + percentile / 200)


def _blur_radius(levels: Levels) -> float:
    """Return a radius below a pen's stroke; 0 for a picture so small that neighbouring pixels differ by nature."""
    side = max(levels.shape)
    return side / 200 if side >= 100 else 0.0


def blur(levels: Levels) -> Levels:
    """Blur a noisy picture, in 256 levels: Pillow blurs bytes only."""
    image = Image.fromarray(np.clip(np.rint(levels - levels.min()), 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(_blur_radius(levels))), dtype=np.float64)


def _estimate_background(levels: Levels) -> Levels:
    """Fit the frame of the picture: a constant, or a parabola where the light is uneven.

    The sum of absolute differences is minimised (iteratively reweighted least squares), so that ink which reaches into
    the frame counts little.
    """
    rows, columns = np.nonzero(frame_mask(levels.shape))
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


def frame_mask(shape: tuple[int, ...]) -> Mask:
    """Return the pixels along a picture's sides."""
    height, width = shape
    mask = np.ones((height, width), dtype=np.bool_)
    rows, columns = (max(1, round(_FRAME * side)) for side in (height, width))
    mask[rows : height - rows, columns : width - columns] = False
    return mask


def find_otsu_threshold(values: Levels) -> float:
    """Return the threshold that splits values into the two classes that differ most (N. Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.argmax(np.nan_to_num(between)[:-1]))])
