"""A photo or drawing of a digit, prepared as MNIST prepared its own: ink on black, in a 20x20 box, centred by mass."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from mnistspec.data.photo.canvas import place_ink
from mnistspec.data.photo.ink import find_ink
from mnistspec.errors import UsageError
from mnistspec.files import require_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

# The digit is looked for in a picture whose longer side is at least this many pixels, and less than twice that.
_WORKING_SIDE = 384
# What is decoded at most: 200 MB at the 4 bytes that Pillow takes for a pixel.
_MAX_PIXELS = 50_000_000
# Formats that Pillow decodes by itself. Not among them: EPS, which would run Ghostscript on a stranger's file.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF")
# Visible pixels of a transparent picture vary less than this (of 255) when its shape is in its transparency alone.
_ONE_TONE = 30.0


def prepare_image(path: Path) -> Tensor:
    """Read an image file and prepare the digit in it: uint8 (28, 28), ink light on black.

    Raises UsageError when the file is missing, no image, damaged, too large, or holds no ink.
    """
    require_image(path)
    return _prepare_file(path, f"{path}: ")


def prepare_bytes(content: bytes) -> Tensor:
    """Prepare the digit in an image file that was read already, with the checks of ``prepare_image``; one at a time."""
    return _prepare_file(io.BytesIO(content), "")


def prepare_picture(picture: Image.Image | NDArray[np.uint8]) -> Tensor:
    """Prepare the digit in a picture in memory: a PIL image, or an array (h, w), (h, w, 3) or (h, w, 4).

    Returns uint8 (28, 28), ink light on black; raises UsageError when there is no ink.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    return _prepare(_reduce(image), "")


def _prepare_file(file: Path | io.BytesIO, prefix: str) -> Tensor:
    with warnings.catch_warnings():
        # Pillow warns of large pictures and odd metadata; the first are limited here, the second do not matter.
        warnings.simplefilter("ignore")
        return _prepare(_open_reduced(file, prefix), prefix)


def _prepare(image: Image.Image, prefix: str) -> Tensor:
    ink = find_ink(_read_levels(image))
    if ink is None:
        raise UsageError(f"{prefix}no ink found: the image is blank, or the digit hardly differs from its background")
    return torch.from_numpy(place_ink(ink))


def _open_reduced(file: Path | io.BytesIO, prefix: str) -> Image.Image:
    """Decode a file into no more pixels than are needed; its size is checked before."""
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]  # a build of Pillow may lack some
    try:
        with Image.open(file, formats=formats) as image:
            # A JPEG is reduced while it is decoded, so that the photo is never in memory as a whole.
            image.draft(None, (_WORKING_SIDE, _WORKING_SIDE))
            width, height = image.size
            if width * height <= _MAX_PIXELS:
                return _reduce(image)
    except Image.DecompressionBombError:
        pass
    except UnidentifiedImageError as error:
        raise UsageError(f"{prefix}not an image that can be read; save it as PNG or JPEG") from error
    except Exception as error:  # Pillow's decoders raise all sorts on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"{prefix}the image is damaged or cannot be read: {reason}") from error
    raise UsageError(f"{prefix}the image has more than {_MAX_PIXELS // 10**6} million pixels; make it smaller")


def _reduce(image: Image.Image) -> Image.Image:
    """Average the picture down to the working size, in a mode that can be averaged, and turn it upright."""
    if image.mode.startswith(("I", "F")):
        image = image.convert("F")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB"):  # these two are not copied: the picture may be large
        image = image.convert("L" if image.mode == "1" else "RGB")
    factor = max(image.size) // _WORKING_SIDE
    return ImageOps.exif_transpose(image.reduce(factor) if factor > 1 else image)


def _read_levels(image: Image.Image) -> NDArray[np.float64]:
    """Return the picture as one number a pixel, (h, w), about 0 to 255, that tells ink from background."""
    values: NDArray[np.float64] = np.asarray(image, dtype=np.float64)
    if image.mode == "RGBA":
        return _project_colours(_flatten_transparency(values[..., :3], values[..., 3:] / 255))
    if image.mode == "RGB":
        return _project_colours(values)
    if image.mode == "F":
        # 16-bit pictures and floats carry no scale of their own; only differences count from here on.
        values = np.nan_to_num(values)
        values = (values - values.min()) * (255 / max(np.ptp(values), 1e-9))
    return values


def _flatten_transparency(colours: NDArray[np.float64], alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put a transparent picture (h, w, 3), opacity (h, w, 1), on the background against which its ink shows."""
    visible = alpha.sum()
    if visible == 0:
        return np.zeros_like(colours)
    tones = colours.mean(axis=2, keepdims=True)
    mean = (tones * alpha).sum() / visible
    spread = np.sqrt((((tones - mean) ** 2) * alpha).sum() / visible)
    # Ink alone: the opposite tone goes behind it. A picture with a background of its own: that one goes on.
    light = mean >= 128 if spread > _ONE_TONE else mean < 128
    return colours * alpha + (255.0 if light else 0.0) * (1 - alpha)


def _project_colours(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project colours (h, w, 3) on the axis along which they differ most, so that red on green is not lost.

    Shades of grey keep their values. Principal component analysis of the differences to the median colour.
    """
    differences = (colours - np.median(colours, axis=(0, 1))).reshape(-1, 3)
    axis = np.linalg.eigh(differences.T @ differences)[1][:, -1]
    # Rounded, so that equal colours are equal levels: sums differ in their last bits by the order of their terms.
    levels: NDArray[np.float64] = np.round(colours @ (axis / np.abs(axis).sum()), 6)
    return levels
