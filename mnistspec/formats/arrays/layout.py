"""Arrays as pictures: which of their dimensions is which, and how their values become grey levels of 8 bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from mnistspec.formats.image_set import Kind
from mnistspec.formats.pictures import prepare_picture
from mnistspec.formats.problems import refuse
from mnistspec.wording import write_shape

if TYPE_CHECKING:
    import numpy.typing as npt

    from mnistspec.formats.arrays.files import ArrayFile
    from mnistspec.formats.image_set import Fit

_MAX_SIDE = 4096
_COLOURS = (1, 3)


@dataclass(frozen=True)
class Layout:
    """What the pictures of an array are; ``axis`` is the dimension that holds the colours, or None where it is none."""

    height: int
    width: int
    channels: int
    axis: int | None

    @classmethod
    def of(cls, images: ArrayFile) -> Layout:
        """Return the layout of grey (n, h, w), or of (n, h, w, c) or (n, c, h, w); raise UsageError for others."""
        shape = images.shape
        _check_dtype(images)
        axes = [axis for axis in (3, 1) if len(shape) == 4 and shape[axis] in _COLOURS]
        if len(shape) != 3 and len(axes) != 1:
            refuse("E532", f"{images.place}: an array of {write_shape(shape)}: no pictures", _advise_shape(shape))
        axis = axes[0] if axes else None
        height, width = (side for place, side in enumerate(shape[1:], 1) if place != axis)
        if not 0 < min(height, width) <= max(height, width) <= _MAX_SIDE:
            found = f"{images.place}: pictures of {height}x{width}"
            refuse("E532", found, f"give pictures of 1 to {_MAX_SIDE:,} pixels in height and width")
        return cls(height, width, 1 if axis is None else shape[axis], axis)

    def describe(self, images: ArrayFile) -> Kind:
        """Return what these pictures are."""
        mode = images.dtype.name
        return Kind(self.height, self.width, self.channels > 1, mode, False, len(images), images.name)

    def arrange(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a block of the array as (n, channels, height, width)."""
        return values[:, None] if self.axis is None else np.moveaxis(values, self.axis, 1)


def _check_dtype(images: ArrayFile) -> None:
    """Refuse values of a type that does not say which number is white."""
    dtype = images.dtype.newbyteorder("=")
    if dtype.kind == "f" or dtype in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        return
    advice = "save the pixels as uint8, from 0 to 255"
    if dtype.kind == "b":
        advice = f"save ({images.name} * 255).astype(np.uint8)"
    elif dtype.kind in "iu":
        advice = f"if they are from 0 to 255, save {images.name}.astype(np.uint8)"
    refuse("E531", f"{images.place}: values of the type {dtype.name}, whose white is not known", advice)


def _advise_shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        side = math.isqrt(shape[1])
        sides = f"{side}, {side}" if side * side == shape[1] else "height, width"
        return f"save it with reshape(-1, {sides})"
    if len(shape) == 5:
        return "these are volumes or films; save one picture of each"
    return (
        "save grey pictures as (n, height, width), those in colour as (n, height, width, 3), without a fourth channel"
    )


def scale_to_bytes(values: npt.NDArray[Any], images: ArrayFile) -> npt.NDArray[np.uint8]:
    """Return uint8 as it is, 16 bits divided by 257, and numbers from 0 to 1 times 255; refuse other numbers."""
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.uint16:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        advice = "scale them to 0 (black) to 1 (white)"
        if low >= 0 and high <= 255:
            advice = f"if 255 is white, save {images.name}.astype(np.uint8)"
        refuse("E531", f"{images.place}: numbers with a fraction, from {low:g} to {high:g}", advice)
    return np.rint(values.astype(np.float64) * 255).astype(np.uint8)


def check_depth(images: ArrayFile, highest: float) -> None:
    """Refuse an array whose type has room for more levels than its values use: they would all become black."""
    if images.dtype.itemsize == 2 and images.dtype.kind == "u" and highest <= 255:
        advice = f"if 255 is white, save {images.name}.astype(np.uint8)"
        refuse("E531", f"{images.place}: 16 bits, whose white is 65535, but no value above {highest:g}", advice)


def prepare_pixels(
    pixels: npt.NDArray[np.uint8], size: tuple[int, int], channels: int, fit: Fit
) -> npt.NDArray[np.uint8]:
    """Return pictures (n, channels, height, width) in another size or number of channels, as picture files are."""
    if pixels.shape[1:] == (channels, *size):
        return pixels
    pictures = (Image.fromarray(pixel[0] if len(pixel) == 1 else pixel.transpose(1, 2, 0)) for pixel in pixels)
    return np.stack([prepare_picture(picture, size, channels, fit) for picture in pictures])
