"""How large images of any size are shown: small ones enlarged by a whole factor, large ones reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence


def fit_size(size: Sequence[int], room: int, most: int) -> tuple[int, int]:
    """Return the height and width in pixels at which an image of this height and width is shown.

    The longer side is enlarged by the largest whole factor with which it is no longer than ``room``; between ``room``
    and ``most`` it stays, and what is longer is reduced to ``most``.
    """
    height, width = size
    longest = max(height, width)
    if longest <= most:
        factor = max(1, room // longest)
        return factor * height, factor * width
    return max(1, round(most * height / longest)), max(1, round(most * width / longest))


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return an image (..., height, width) of whatever numbers in this height and width, as float64.

    Pixels become squares where it is enlarged by a whole factor; otherwise each is the mean of what it covers.
    """
    (height, width), (tall, wide) = image.shape[-2:], size
    if tall % height == 0 and wide % width == 0:
        enlarged: np.ndarray = np.kron(image, np.ones((tall // height, wide // width)))
        return enlarged
    planes = image.reshape(-1, height, width).astype(np.float32)
    means = [Image.fromarray(plane).resize((wide, tall), Image.Resampling.BOX) for plane in planes]
    return np.stack([np.asarray(plane, np.float64) for plane in means]).reshape(*image.shape[:-2], tall, wide)
