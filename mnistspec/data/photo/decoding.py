"""Image files as small pictures: decoded within limits of memory and time, averaged down, turned upright."""

from __future__ import annotations

import io
import math
import mmap
import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

# The digit is looked for in a picture whose longer side is at least this many pixels, and less than twice that.
_WORKING_SIDE = 384
_MAX_PIXELS = 50_000_000
# What is decoded at most, in bytes: 20 million pixels in colour, 40 million of 16 bits. A JPEG is reduced meanwhile.
_MAX_DECODED = 80_000_000
_BYTES = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4}  # of a pixel in memory; of 16 bits 2, otherwise 4
# Formats that Pillow decodes by itself. Not among them: EPS, which would run Ghostscript on a stranger's file.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF")
# Each scan of a JPEG goes over all of its pixels: 10 scans, which are usual, of 12 million pixels.
_MAX_SCANNED = 120_000_000
# Pillow reads some rare variants of BMP and PPM in Python, pixel by pixel, and headers of PPM byte by byte.
_MAX_SLOW_PIXELS, _MAX_SLOW_BYTES = 500_000, 4_000_000
_MAX_HEADER = 4096
_BAND = 2**20  # pixels that are converted at once
_ORIENTATION = 0x0112  # the EXIF tag
_LARGEST = 1e30  # of floats, so that their sums are finite, too


def decode(file: Path | io.BytesIO) -> Image.Image:
    """Decode a file into no more pixels than are needed, as ``reduce_picture`` returns them; limits come first.

    Raises UsageError for what is no image, damaged or too large.
    """
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]  # a build of Pillow may lack some
    with warnings.catch_warnings():
        # Pillow warns of large pictures and odd metadata; the first are limited here, the second do not matter.
        warnings.simplefilter("ignore")
        try:
            content = file.getbuffer() if isinstance(file, io.BytesIO) else _map(file)
            _check_header(content)
            with Image.open(file, formats=formats) as image:
                _check_cost(image, content)
                return reduce_picture(image)
        except UsageError:
            raise
        except Image.DecompressionBombError:
            raise _too_many_pixels() from None
        except UnidentifiedImageError as error:
            raise UsageError("not an image that can be read; save it as PNG or JPEG") from error
        except Exception as error:  # Pillow's decoders raise all sorts on damaged files
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UsageError(f"the image is damaged or cannot be read: {reason}") from error


def _map(path: Path) -> memoryview:
    """Return the bytes of a file without reading them all."""
    if path.stat().st_size == 0:  # nothing to map
        return memoryview(b"")
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _check_header(content: memoryview) -> None:
    """Refuse a PPM with a long header: Pillow reads its comments byte by byte."""
    head = bytes(content[:_MAX_HEADER])
    if re.match(rb"P[0-9fFy][\s#]", head) and len(content) > _MAX_HEADER:
        words = re.sub(rb"#[^\r\n]*", b"", head).split()
        if len(words) < 5:  # the kind, width, height, the largest value, and pixels
            raise UsageError("the header has more than 4 KB of comments; save the image as PNG or JPEG")


def _check_cost(image: Image.Image, content: memoryview) -> None:
    """Refuse a picture that would take too much time or memory; one that is a JPEG is set to be decoded smaller."""
    if image.format in {"JPEG", "MPO"}:
        scans = len(re.findall(rb"\xff\xda", content))
        if scans > 1 and scans * math.prod(image.size) > _MAX_SCANNED:
            raise UsageError(f"the JPEG has {scans} scans, too many for its size; save it again, not as progressive")
        # It is reduced while it is decoded, so that the photo is never in memory as a whole.
        image.draft(None, (_WORKING_SIDE, _WORKING_SIDE))
    pixels = math.prod(image.size)
    if pixels > _MAX_PIXELS:
        raise _too_many_pixels()
    if pixels * _BYTES.get(image.mode, 2 if "16" in image.mode else 4) > _MAX_DECODED:
        raise UsageError(f"the image takes more than {_MAX_DECODED // 10**6} MB of memory; make it smaller")
    is_slow = any(tile[0] in Image.DECODERS for tile in getattr(image, "tile", ()))
    if is_slow and (pixels > _MAX_SLOW_PIXELS or len(content) > _MAX_SLOW_BYTES):
        raise UsageError(f"the image is a rare kind of {image.format} that takes long; save it as PNG or JPEG")


def _too_many_pixels() -> UsageError:
    return UsageError(f"the image has more than {_MAX_PIXELS // 10**6} million pixels; make it smaller")


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
    if exif.get(_ORIENTATION, 1) != 1:
        reduced.getexif()[_ORIENTATION] = exif[_ORIENTATION]
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
