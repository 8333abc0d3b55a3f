"""Place ink on MNIST's canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 28
_BOX = 20
# Ink weaker than this does not count for the extent of a digit: a part of the noise around it is left.
_EDGE = 0.2


def place_ink(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Scale ink in [0, 1], (h, w), into a 20x20 box, its centre of mass at the centre of a 28x28 canvas of bytes.

    MNIST's own centre is pixel (14, 14), counted from 0: the mass of each digit is centred within half a pixel of it.
    """
    rows, columns = (np.flatnonzero((ink > _EDGE).any(axis=axis)) for axis in (1, 0))
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(crop.shape)
    height, width = (max(1, round(side * scale)) for side in crop.shape)
    digit = np.asarray(Image.fromarray(crop.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))
    # A thin pen grows faint when it is scaled down; in MNIST the middle of a stroke is full ink.
    full = np.percentile(digit[digit > digit.max() / 2], 75)
    digit = np.clip(digit / full, 0, 1)
    canvas = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    top, left = (_find_offset(digit.sum(axis=axis)) for axis in (1, 0))
    canvas[top : top + height, left : left + width] = np.rint(255 * digit)
    return canvas


def _find_offset(profile: NDArray[np.float32]) -> int:
    """Return where a profile of masses has to begin so that its centre of mass comes to lie at the canvas's centre."""
    centre = float(np.arange(profile.size) @ profile / profile.sum())
    return min(max(round(_SIDE / 2 - centre), 0), _SIDE - profile.size)
