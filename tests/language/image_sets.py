"""One's own pictures in each format under the names that the manual's examples have: 10 classes, grey, 8x8."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = tuple("0123456789")
_EACH = 5  # pictures of a class


def write_image_sets(folder: Path) -> None:
    """Write the folder leaves, train.csv, pathmnist.npz and the folder digits."""
    labels = np.arange(10).repeat(_EACH).astype(np.uint8)
    images = np.random.default_rng(1).integers(0, 256, (len(labels), 8, 8), dtype=np.uint8)
    rows = ["label," + ",".join(f"pixel{place}" for place in range(64))]
    for number, (label, image) in enumerate(zip(labels.tolist(), images, strict=True)):
        path = folder / "leaves" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        rows.append(",".join(map(str, [label, *image.reshape(-1).tolist()])))
    (folder / "train.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    np.savez(folder / "pathmnist.npz", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    (folder / "digits").mkdir(exist_ok=True)
    for part in ("train", "t10k"):
        header = struct.pack(">I3I", 0x0803, *images.shape)
        (folder / "digits" / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">II", 0x0801, len(labels))
        (folder / "digits" / f"{part}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
