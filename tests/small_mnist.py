"""The first images of the real MNIST as a folder of IDX files, for ``--data-dir``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_mnist(folder: Path, train: int, test: int) -> Path:
    """Write the first ``train`` and ``test`` images with their labels; return the folder."""
    from mnistspec.data.dataset import load_dataset  # noqa: PLC0415 - the process that hands out tests needs no torch

    data = load_dataset("mnist")
    for prefix, images, labels in (
        ("train", data.train_images[:train], data.train_labels[:train]),
        ("t10k", data.test_images[:test], data.test_labels[:test]),
    ):
        header = struct.pack(">I3I", 0x0803, len(images), 28, 28)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + images.numpy().tobytes())
        header = struct.pack(">II", 0x0801, len(labels))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(header + bytes(labels.tolist()))
    return folder
