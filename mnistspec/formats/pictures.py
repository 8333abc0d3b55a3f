"""Picture files: opened within limits of memory and time, and prepared as arrays of one size and one kind of colour."""

from __future__ import annotations

import io
import math
import mmap
import re
import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.formats.image_set import Fit

_EMPTY = "the file is empty: it has 0 bytes"
_MAX_PIXELS = 50_000_000
_TOO_MANY_PIXELS = f"the image has more than {_MAX_PIXELS // 10**6} million pixels; make it smaller"
# What is decoded at most, in bytes: 20 million pixels in colour, 40 million of 16 bits. A JPEG is reduced meanwhile.
_MAX_DECODED = 80_000_000
_BYTES = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4}  # of a pixel in memory; of 16 bits 2, otherwise 4
# Formats that Pillow decodes by itself. Not among them: EPS, which would run Ghostscript on a stranger's file.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF")
# Each scan of a JPEG goes over all of its pixels: 10 scans, which are usual, of 12 million pixels.
_MAX_SCANNED = 120_000_000
# Pillow reads some rare variants of BMP and PPM in Python, pixel by pixel.
_MAX_SLOW_PIXELS, _MAX_SLOW_BYTES = 500_000, 4_000_000
_MAX_PIECES = 500_000  # a PNG of 20 MB in chunks of 1 KB takes 60,000
_WIDTH, _HEIGHT, ORIENTATION = 0x0100, 0x0101, 0x0112  # EXIF tags
_SIDEWAYS = {5, 6, 7, 8}  # its values of pictures whose height and width change places
_METADATA = {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}  # where Pillow looks for it
_WHITE = 240  # a pixel of a picture's border is white from this value on, in each channel


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings of large pictures and odd metadata; for all threads, so it is entered by one alone.

    The first are limited here, the second do not matter.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def open_picture(file: Path | io.BytesIO, side: int | None = None) -> Iterator[Image.Image]:
    """Open a picture that does not take too much memory or time to decode; errors of the body are explained, too.

    With ``side``, a JPEG is reduced while it is decoded, to no less than this many pixels in height and width. Raises
    UsageError for what is no picture, damaged or too large.
    """
    with _explained():
        content = file.getvalue() if isinstance(file, io.BytesIO) else _map(file)
        if not content:
            raise UsageError(_EMPTY)
        raw = io.BytesIO(content) if isinstance(file, io.BytesIO) else io.FileIO(file)
        with _Pieces(raw) as pieces, Image.open(pieces, formats=_list_formats()) as image:
            _check_cost(image, content, side)
            yield image


class Header(NamedTuple):
    """What the first bytes of a picture tell: height and width as it is to be seen, and what its pixels are."""

    height: int
    width: int
    has_colour: bool
    mode: str  # of Pillow, such as L, RGB, P and I;16
    is_transparent: bool


def read_header(path: Path) -> Header:
    """Return what the first bytes of a picture tell.

    Raises UsageError for what is no picture or has too many pixels; damage shows when it is decoded.
    """
    with _explained():
        if not path.stat().st_size:
            raise UsageError(_EMPTY)
        with _Pieces(io.FileIO(path)) as pieces, Image.open(pieces, formats=_list_formats()) as image:
            _check_pixels(image)
            width, height = image.size
            if _has_metadata(image) and (exif := image.getexif()).get(ORIENTATION) in _SIDEWAYS:
                # Newer versions of Pillow have turned the size of a TIFF already, but not its tags.
                height, width = (exif[_WIDTH], exif[_HEIGHT]) if image.format == "TIFF" else (width, height)
            return Header(height, width, _has_colour(image), image.mode, image.has_transparency_data)


def prepare_picture(
    picture: Image.Image, size: tuple[int, int] | None, channels: int, fit: Fit
) -> npt.NDArray[np.uint8]:
    """Return a picture as uint8 (channels, height, width), upright, of 1 (grey) or 3 channels.

    16 bits are scaled to 8, what is transparent becomes white, and of an animation it is the first frame. A picture of
    another size is averaged down, or enlarged smoothly, to fill the size (``stretch``), to cover it, the rest being cut
    off evenly (``crop``), or to fit into it (``pad``). What it then leaves is white where the picture is transparent
    somewhere or white along half of its border, and black otherwise.
    """
    if _has_metadata(picture):
        picture = ImageOps.exif_transpose(picture)
    plain, is_transparent = _flatten(picture, "L" if channels == 1 else "RGB")
    height, width = size or (plain.height, plain.width)
    if plain.size != (width, height):
        if fit == "stretch":
            plain = plain.resize((width, height), Image.Resampling.BICUBIC)
        elif fit == "crop":
            plain = ImageOps.fit(plain, (width, height), Image.Resampling.BICUBIC)
        else:
            plain = _pad(plain, width, height, "white" if is_transparent or _is_white_around(plain) else "black")
    pixels = np.asarray(plain)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _pad(picture: Image.Image, width: int, height: int, ground: str) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    padded = Image.new(picture.mode, (width, height), ground)
    place = (width - inner[0]) // 2, (height - inner[1]) // 2
    padded.paste(picture.resize(inner, Image.Resampling.BICUBIC), place)
    return padded


def _flatten(picture: Image.Image, mode: str) -> tuple[Image.Image, bool]:
    """Return the picture in a mode of 8 bits, L or RGB, on white, and whether it is transparent somewhere."""
    if picture.mode.startswith("F"):
        raise UsageError("its pixels are floating-point numbers, whose white is not known; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):
        picture = _scale_16_bits(picture)
    is_transparent = False
    if picture.has_transparency_data:
        picture = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
        is_transparent = picture.getchannel("A").getextrema() != (255, 255)
        if is_transparent:
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    if mode == "L" and picture.mode not in {"1", "L", "RGBA"}:
        picture = picture.convert("RGB")  # CMYK and others are grey only by way of this
    return (picture if picture.mode == mode else picture.convert(mode)), is_transparent


def _scale_16_bits(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise UsageError("its pixels are numbers of 32 bits, whose white is not known; save it with 8 or 16 bits")
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey


def _is_white_around(picture: Image.Image) -> bool:
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]]).reshape(-1, pixels[0, 0].size)
    return bool(np.mean(border.min(axis=1) >= _WHITE) >= 0.5)


def _has_metadata(image: Image.Image) -> bool:
    """Whether to look for a rotation: looking always would decode a PNG."""
    return image.format == "TIFF" or not _METADATA.isdisjoint(image.info)


def _has_colour(image: Image.Image) -> bool:
    if image.palette and image.mode in {"P", "PA"}:
        order, entries = image.palette.getdata()
        if order in {"RGB", "BGR"}:
            return not entries[0::3] == entries[1::3] == entries[2::3]
    return image.mode not in {"1", "L", "LA", "La"} and not image.mode.startswith(("I", "F"))


@cache
def _list_formats() -> list[str]:
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]  # a build of Pillow may lack some


class _Pieces(io.BufferedReader):
    """A file that is read in a limited number of pieces: Pillow reads comments and fillings byte by byte."""

    _left = _MAX_PIECES

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise UsageError("the file consists of too many small pieces; save the image again, as PNG or JPEG")
        return super().read(size)


def _map(path: Path) -> bytes | mmap.mmap:
    """Return the bytes of a file without reading them all."""
    if path.stat().st_size == 0:  # nothing to map
        return b""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _check_cost(image: Image.Image, content: bytes | mmap.mmap, side: int | None) -> None:
    """Refuse a picture that would take too much time or memory; one that is a JPEG is set to be decoded smaller."""
    if image.format in {"JPEG", "MPO"}:
        scans = len(re.findall(rb"\xff\xda", content))
        if scans > 1 and scans * math.prod(image.size) > _MAX_SCANNED:
            raise UsageError(f"the JPEG has {scans} scans, too many for its size; save it again, not as progressive")
        if side:  # a photo is never in memory as a whole
            image.draft(None, (side, side))
    _check_pixels(image)
    pixels = math.prod(image.size)
    if pixels * _BYTES.get(image.mode, 2 if "16" in image.mode else 4) > _MAX_DECODED:
        raise UsageError(f"the image takes more than {_MAX_DECODED // 10**6} MB of memory; make it smaller")
    is_slow = any(tile[0] in Image.DECODERS for tile in getattr(image, "tile", ()))
    if is_slow and (pixels > _MAX_SLOW_PIXELS or len(content) > _MAX_SLOW_BYTES):
        raise UsageError(f"the image is a rare kind of {image.format} that takes long; save it as PNG or JPEG")


def _check_pixels(image: Image.Image) -> None:
    if math.prod(image.size) > _MAX_PIXELS:
        raise UsageError(_TOO_MANY_PIXELS)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what opening or decoding a picture raises into a sentence for the user."""
    try:
        yield
    except UsageError:
        raise
    except Image.DecompressionBombError:
        raise UsageError(_TOO_MANY_PIXELS) from None
    except UnidentifiedImageError as error:
        raise UsageError("not an image that can be read; save it as PNG or JPEG") from error
    except Exception as error:  # Pillow's decoders raise all sorts on damaged files
        if isinstance(error, OSError) and error.strerror:  # the system's own, not Pillow's
            raise UsageError(f"the file cannot be read: {error.strerror}") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"the image is damaged or cannot be read: {reason}") from error
