"""Images as a caller has them, as one batch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mnistspec.errors import UsageError
from mnistspec.files import require_image, to_path
from mnistspec.language.vocabulary.image_sets import OwnData

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.formats.image_set import Fit
    from mnistspec.language.vocabulary.datasets import Data

_TAKEN = (
    "images are uint8, or floats in [0, 1], of shape (n, channels, h, w), or one alone, or (n, h, w) of grey ones, "
    "as an array or a tensor; or a PIL image, the path of an image file, or a list of these"
)


def read_images(images: object, data: Data) -> Tensor:
    """Return images as a network of this data takes them, from 0 to 255: float32, (n, channels, height, width).

    Arrays and tensors are taken as they are, and their type says which values they hold; pictures and image files are
    prepared as the data's own. Raises UsageError for anything else.
    """
    if isinstance(images, (list, tuple)):
        if not images:
            raise UsageError(f"the list of images is empty: {_TAKEN}")
        return torch.cat([_read_one(image, data) for image in images])
    return _read_one(images, data)


def _read_one(image: object, data: Data) -> Tensor:
    if isinstance(image, Image.Image | str | os.PathLike):
        picture = image if isinstance(image, Image.Image) else to_path("the image", image)
        return prepare(picture, data)[0][None].to(torch.float32)
    if isinstance(image, np.ndarray):
        image = _to_tensor(image)
    if not isinstance(image, Tensor):
        raise UsageError(f"cannot take {type(image).__name__} for an image: {_TAKEN}")
    if image.layout != torch.strided or image.is_quantized or image.device.type == "meta":
        raise UsageError(f"cannot take a sparse, quantized or meta tensor for an image: {_TAKEN}")
    return _scale(_shape(image.detach().cpu(), data.input_shape))


def prepare(image: Image.Image | Path, data: Data) -> tuple[Tensor, str]:
    """Return a picture as the images of this data, uint8 (channels, height, width), and what else is in it, or "".

    Pictures of one's own go through what theirs went through; others are prepared as photos of a drawing. Raises
    UsageError for a file that is missing, no picture, damaged or too large, and for a photo without ink.
    """
    if isinstance(data, OwnData):
        channels, *size = data.input_shape
        values = prepare_own(image, (size[0], size[1]), channels, data.fit)
        return torch.tensor(values), ""

    from mnistspec.data.photo.preparation import prepare_image, prepare_picture  # noqa: PLC0415 - photos only

    prepared = prepare_picture(image) if isinstance(image, Image.Image) else prepare_image(image)
    return prepared.pixels, prepared.note


def prepare_own(image: Image.Image | Path, size: tuple[int, int], channels: int, fit: Fit) -> npt.NDArray[np.uint8]:
    """Return a picture as those of a set are prepared; raise UsageError, which names the file, where it cannot be."""
    from mnistspec.formats.decoding import read_file, read_picture  # noqa: PLC0415 - pictures only
    from mnistspec.formats.headers import Frame  # noqa: PLC0415 - the same
    from mnistspec.formats.pictures import prepare_picture, quiet  # noqa: PLC0415 - the same

    with quiet():
        if isinstance(image, Image.Image):
            return prepare_picture(image, size, channels, fit)
        require_image(image)
        try:
            return read_picture(read_file(image), Frame(*size, channels), fit)
        except UsageError as error:
            raise UsageError(f"{image}: {error}") from None


def _to_tensor(array: np.ndarray) -> Tensor:
    """Return a copy, which torch may keep, of an array of numbers in any order of their bytes."""
    if array.dtype.kind not in "buif" or array.dtype.itemsize > 8:
        raise UsageError(f"cannot take an array of {array.dtype} for images: {_TAKEN}")
    return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("=")))


def _shape(image: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Return (n, channels, height, width); colours may also come last, as in a picture's array."""
    found, (channels, height, width) = "x".join(map(str, image.shape)) or "a single number", shape
    is_alone = image.ndim == 2 or (image.ndim == 3 and channels > 1)
    batch = image[None] if is_alone else image
    batch = batch.unsqueeze(1) if batch.ndim == 3 and channels == 1 else batch
    if channels > 1 and batch.ndim == 4 and tuple(batch.shape[1:]) == (height, width, channels) != shape:
        batch = batch.movedim(-1, 1)
    if batch.ndim == 4 and batch.shape[1] != channels and tuple(batch.shape[2:]) == shape[1:]:
        kind = "grey" if channels == 1 else "colour"
        raise UsageError(
            f"the network takes {kind} images, (n, {channels}, {height}, {width}), not {batch.shape[1]} channels"
        )
    if tuple(batch.shape[1:]) != shape:
        size = f"{height}x{width}" if channels == 1 else f"{channels}x{height}x{width}"
        raise UsageError(f"the network takes images of {size}, alone or n of them, not {found}")
    if not batch.numel():
        raise UsageError(f"there is no image in {found} values")
    return batch


def _scale(image: Tensor) -> Tensor:
    if image.dtype == torch.uint8:
        return image.to(torch.float32)
    if not image.is_floating_point():
        kind = str(image.dtype).removeprefix("torch.")
        raise UsageError(f"images are uint8, from 0 to 255, or floats in [0, 1], not {kind}; convert them first")
    lowest, highest = float(image.min()), float(image.max())
    if not (lowest >= 0 and highest <= 1):  # nan is neither
        raise UsageError(
            f"images of floats hold values in [0, 1], but these are from {lowest:.4g} to {highest:.4g}; "
            "divide them by 255, or give uint8"
        )
    return image.to(torch.float32) * 255
