"""Grids of a data set's images: samples with their labels, and what augmentation makes of some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.checking.looking import pick_samples
from mnistspec.views.pictures.canvas import GREY, MARGIN, TEXT_SIZE, Canvas, make_printable, measure_text, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.formats.image_set import StoredSet

_SAMPLES = 12
_COLUMNS = 4
_SIDE = 140  # of a sample, at least half of that: pixels are squares of one size


@theme()
def draw_samples(images: np.ndarray, labels: Sequence[int], class_names: Sequence[str], *, title: str) -> Canvas:
    """Return a grid of images, uint8 (n, channels, height, width), with the names of their labels (n,)."""
    scale, gap, caption = max(1, _SIDE // max(images.shape[2:])), 20, 40
    height, width = (scale * side for side in images.shape[2:])
    rows = -(-len(images) // _COLUMNS)
    canvas = Canvas(2 * MARGIN + _COLUMNS * (width + gap) - gap, rows * (height + caption) + MARGIN // 2, title)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        row, column = divmod(place, _COLUMNS)
        x, y = MARGIN + column * (width + gap), row * (height + caption) + 8
        canvas.add_image(x, y, image, scale, white=255)
        canvas.add_text(x + width / 2, y + height + 5, class_names[label], align="center")
    return canvas


def draw_stored(stored: StoredSet, *, title: str) -> Canvas:
    """Return a grid of training images of each class in turn."""
    indices = pick_samples(stored, _SAMPLES)
    images = np.memmap(stored.path, np.uint8, "r", stored.offset, stored.shape)[indices]
    return draw_samples(images, stored.labels[indices].tolist(), stored.classes, title=title)


@theme()
def draw_augmented(
    originals: np.ndarray, augmented: np.ndarray, labels: Sequence[int], class_names: Sequence[str], *, title: str
) -> Canvas:
    """Return a grid of images as they are and as the training sees them.

    ``originals`` are uint8 (rows, channels, height, width), ``augmented`` in [0, 1] (rows, versions, channels, height,
    width), ``labels`` (rows,).
    """
    scale, gap, heading = 3, 6, 32
    rows, versions, _, height, width = augmented.shape
    height, width = scale * height, scale * width
    names = [class_names[label] for label in labels]
    left = MARGIN + int(max(measure_text(make_printable(name), TEXT_SIZE) for name in names)) + 16
    first = left + width + 4 * gap
    right = first + versions * (width + gap) - gap
    canvas = Canvas(right + MARGIN, heading + rows * (height + gap) - gap + MARGIN, title)
    canvas.add_text(left, 6, "original", color=GREY)
    canvas.add_text(first, 6, "as the training sees it", color=GREY)
    for row, name in enumerate(names):
        y = heading + row * (height + gap)
        canvas.add_text(left - 16, y + height / 2, name, align="right", valign="center")
        canvas.add_image(left, y, originals[row], scale, white=255)
        for version in range(versions):
            canvas.add_image(first + version * (width + gap), y, augmented[row, version], scale, white=1)
    return canvas
