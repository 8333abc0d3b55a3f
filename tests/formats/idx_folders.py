"""Small data sets as IDX files."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

STANDARD_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def write_images(path: Path, count: int, size: tuple[int, int] = (28, 28)) -> None:
    pixels = np.random.default_rng(count).integers(0, 256, (count, *size), dtype=np.uint8)
    path.write_bytes(struct.pack(">I3I", 0x0803, count, *size) + pixels.tobytes())


def write_labels(path: Path, labels: list[int]) -> None:
    path.write_bytes(struct.pack(">II", 0x0801, len(labels)) + bytes(labels))


def write_folder(folder: Path, train: int = 20, test: int = 10) -> Path:
    """Write the four files under their standard names, labels counting 0 to 9 over and over; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, count in (("train", train), ("t10k", test)):
        write_images(folder / f"{prefix}-images-idx3-ubyte", count)
        write_labels(folder / f"{prefix}-labels-idx1-ubyte", [i % 10 for i in range(count)])
    return folder
