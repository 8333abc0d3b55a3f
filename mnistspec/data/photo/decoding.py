"""Image files as small pictures: decoded within limits of memory and time, averaged down, turned upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from mnistspec.formats.pictures import ORIENTATION, open_picture, quiet

if TYPE_CHECKING:
    import io
    from pathlib import Path

# The digit is looked for in a picture whose longer side is at least this many pixels, and less than twice that.
_WORKING_SIDE = 384
_BAND = 2**20  # pixels that are converted at once
_LARGEST = 1e30  # of floats, so that their sums are finite, too


def decode(file: Path | io.BytesIO) -> Image.Image:
    """Decode a file into no more pixels than are needed, as ``reduce_picture`` returns them; limits come first.

    Raises UsageError for what is no image, damaged or too large.
    """
    with quiet(), open_picture(file, _WORKING_SIDE) as image:
        return reduce_picture(image)


def reduce_picture(image: Image.Image) -> Image.Image:
    """Average a picture down to the working size and turn it upright; its mode becomes L, RGB, RGBA or F.

    Band by band: a copy of the whole in another mode may be too large.
    """
    mode = _choose_mode(image)
    factor = max(1, max(image.size) // _WORKING_SIDE)
    width, height = image.size
    reduced = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = max(1, _BAND // (width * factor)) * factor
    for top in range(0, height, rows):
        band = _convert(image.crop((0, top, width, min(top + rows, height))), mode)
        reduced.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    exif = image.getexif()
    if exif.get(ORIENTATION, 1) != 1:
        reduced.getexif()[ORIENTATION] = exif[ORIENTATION]
        return ImageOps.exif_transpose(reduced)
    return reduced


def _choose_mode(image: Image.Image) -> str:
    if image.mode.startswith(("I", "F")):
        return "F"
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in {"1", "L"} else "RGB"


def _convert(band: Image.Image, mode: str) -> Image.Image:
    """Convert a part of a picture; what is no finite number in it becomes the median of the others, as it is no ink.

    Measuring instruments write NaN where they measured nothing.
    """
    band = band if band.mode == mode else band.convert(mode)
    if mode != "F":
        return band
    values = np.array(band)
    finite = np.abs(values) < _LARGEST
    if finite.all():
        return band
    values[~finite] = np.median(values[finite]) if finite.any() else np.nan
    return Image.fromarray(values)
