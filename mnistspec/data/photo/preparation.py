"""A photo or drawing of a digit, prepared as MNIST prepared its own: ink on black, in a 20x20 box, centred by mass."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mnistspec.data.photo.canvas import place_ink
from mnistspec.data.photo.decoding import decode, reduce_picture
from mnistspec.data.photo.ink import find_ink
from mnistspec.errors import UsageError
from mnistspec.files import require_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

# Visible pixels of a transparent picture differ less than this (of 255) when its shape is in its transparency alone.
_ONE_TONE = 48.0


@dataclass(frozen=True)
class Prepared:
    """The digit of a picture, uint8 (28, 28), ink light on black; ``note`` says what else is in the picture, or ""."""

    values: NDArray[np.uint8]
    note: str

    @property
    def pixels(self) -> Tensor:
        """The values as a tensor, (1, 28, 28)."""
        import torch  # noqa: PLC0415 - the process that decodes for the demo does without

        return torch.from_numpy(self.values)[None]


def prepare_image(path: Path) -> Prepared:
    """Read an image file and prepare the digit in it.

    Raises UsageError when the file is missing, no image, damaged, too large, or holds no ink.
    """
    require_image(path)
    try:
        return _prepare(decode(path))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error.__cause__


def prepare_bytes(content: bytes) -> Prepared:
    """Prepare the digit in an image file that was read already, with the checks of ``prepare_image``; one at a time."""
    return _prepare(decode(io.BytesIO(content)))


def prepare_picture(picture: Image.Image | NDArray[np.uint8]) -> Prepared:
    """Prepare the digit in a picture in memory: a PIL image, or an array (h, w), (h, w, 3) or (h, w, 4).

    Raises UsageError when there is no ink.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    return _prepare(reduce_picture(image))


def _prepare(image: Image.Image) -> Prepared:
    ink = find_ink(_read_levels(image))
    if ink is None:
        raise UsageError("no ink found: the image is blank, or the digit hardly differs from its background")
    return Prepared(place_ink(ink.strength), ink.note)


def _read_levels(image: Image.Image) -> NDArray[np.float64]:
    """Return the picture as one number a pixel, (h, w), about 0 to 255, that tells ink from background."""
    values: NDArray[np.float64] = np.asarray(image, dtype=np.float64)
    if image.mode == "RGBA":
        return _project_colours(_flatten_transparency(values[..., :3], values[..., 3] / 255))
    if image.mode == "RGB":
        return _project_colours(values)
    return _scale_floats(values) if image.mode == "F" else values


def _scale_floats(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale numbers without a scale of their own, as of 16 bits: only differences count from here on.

    The thousandth smallest and largest are the ends, so that a single pixel does not set them.
    """
    finite = values[np.isfinite(values)]
    if finite.size < values.size / 2:
        raise UsageError("the image consists of numbers that are not finite for the larger part")
    low, high = np.percentile(finite, [0.1, 99.9])
    values = np.where(np.isfinite(values), values, np.median(finite))
    scaled: NDArray[np.float64] = np.clip((values - low) * (255 / max(high - low, 1e-9)), 0, 255)
    return scaled


def _flatten_transparency(colours: NDArray[np.float64], opacity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put a transparent picture (h, w, 3), opacity (h, w), on the background against which its ink shows.

    What is visible ends at its rim. If all of it has the rim's tone, it is ink alone, and the opposite tone goes behind
    it; otherwise the rim is background, or edges of ink that fade into it, and its colour goes on behind.
    """
    visible = opacity >= 0.5
    if not visible.any():
        visible = opacity > 0
    if visible.all() or not visible.any():
        return colours
    hidden = np.pad(~visible, 1)
    near = hidden[:-2, 1:-1] | hidden[2:, 1:-1] | hidden[1:-1, :-2] | hidden[1:-1, 2:]
    rim = np.mean(colours[visible & near], axis=0)
    distances = np.abs(colours[visible] - rim).mean(axis=1)
    if np.percentile(distances, 98) < _ONE_TONE:
        rim = np.full(3, 255.0 if colours[visible].mean() < 128 else 0.0)
    flat: NDArray[np.float64] = colours * opacity[..., None] + rim * (1 - opacity[..., None])
    return flat


def _project_colours(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project colours (h, w, 3) on the axis along which they differ most, so that red on green is not lost.

    Shades of grey keep their values. Principal component analysis of the differences to the median colour.
    """
    differences = (colours - np.median(colours, axis=(0, 1))).reshape(-1, 3)
    axis = np.linalg.eigh(differences.T @ differences)[1][:, -1]
    # Rounded, so that equal colours are equal levels: sums differ in their last bits by the order of their terms.
    levels: NDArray[np.float64] = np.round(colours @ (axis / np.abs(axis).sum()), 6)
    return levels
