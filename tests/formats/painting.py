"""Pictures of known values in folders, as users have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnistspec.formats.image_set import StoredSet


def save(path: Path, pixels: object = 100, size: tuple[int, int] = (4, 4), **options: Any) -> Path:
    """Save a picture as a file, its folders with it: an image, an array, or a grey level everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(pixels, int):
        pixels = np.full(size, pixels, np.uint8)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    image.save(path, **options)
    return path


def load(stored: StoredSet) -> npt.NDArray[np.uint8]:
    """Return the images of a stored set as who trains on it maps them."""
    return np.memmap(stored.path, np.uint8, "r", stored.offset, stored.shape)


def look(stored: StoredSet) -> dict[str, tuple[str, int]]:
    """Return the class and the first value of each image by its name."""
    images = load(stored)
    return {
        name: (stored.classes[label], int(image[0, 0, 0]))
        for name, label, image in zip(stored.names, stored.labels, images, strict=True)
    }
