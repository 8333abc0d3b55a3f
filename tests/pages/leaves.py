"""A folder of coloured pictures of several sizes, made in a moment, and a network that tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image as Picture

TONES = {"apple": (190, 40, 40), "birch": (60, 160, 50), "cornflower": (50, 70, 200)}
SHAPE = (3, 24, 32)
SPEC = """\
data: {folder: {path: leaves, size: [24, 32], fit: FIT}}
layers: [conv: 8, bn, relu, maxpool, conv: 8, relu, gap, fc: CLASSES]
train: {epochs: 6, batch_size: 16, optimizer: {adam: 0.02}}
"""


def paint_leaf(tone: tuple[int, int, int], seed: int, size: tuple[int, int] | None = None) -> Picture:
    """Return a picture, RGB, of any size unless one is given: a spot of a colour on a noisy ground of another."""
    random = np.random.default_rng(seed)
    width, height = size or random.integers(20, 90, 2).tolist()
    ground = random.normal(random.integers(60, 200), 12, (height, width, 3)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(ground)
    box = (width * 0.15, height * 0.1, width * random.uniform(0.7, 0.95), height * random.uniform(0.7, 0.95))
    ImageDraw.Draw(picture).ellipse(box, fill=tone)
    return picture


def write_leaves(folder: Path, tones: dict[str, tuple[int, int, int]] = TONES, count: int = 40) -> Path:
    """Write pictures into a new folder with a sub-folder for each class."""
    for number, (name, tone) in enumerate(tones.items()):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            paint_leaf(tone, 1000 * number + index).save(folder / name / f"{index}.png")
    return folder


def write_spec(path: Path, fit: str = "pad", classes: int = len(TONES)) -> Path:
    """Write the spec of a network for the folder ``leaves`` beside it."""
    path.write_text(SPEC.replace("FIT", fit).replace("CLASSES", str(classes)), encoding="utf-8")
    return path
