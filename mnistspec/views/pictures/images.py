"""Grids of a data set's images: samples with their labels, and what augmentation makes of some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.checking.looking import pick_samples
from mnistspec.views.pictures.canvas import GREY, MARGIN, TEXT_SIZE, Canvas, cut_text, measure_text, theme
from mnistspec.views.pictures.sizes import fit_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.formats.image_set import StoredSet

_SAMPLES = 12
_COLUMNS = 4
_SAMPLE, _LARGEST_SAMPLE = 160, 240  # pixels of an image that is enlarged, and of any, at most
_VERSION, _LARGEST_VERSION = 96, 112  # the same where augmentation is shown
_NARROWEST = 140  # for a name below an image
_NAME = 160  # for a name beside images, at most
_LINE, _HEADING = 22, 80  # pixels that a name and a heading take at least


@theme()
def draw_samples(images: np.ndarray, labels: Sequence[int], class_names: Sequence[str], *, title: str) -> Canvas:
    """Return a grid of images, uint8 (n, channels, height, width), with the names of their labels (n,)."""
    gap, caption = 20, 40
    height, width = size = fit_size(images.shape[2:], _SAMPLE, _LARGEST_SAMPLE)
    cell = max(width, _NARROWEST)
    rows = -(-len(images) // _COLUMNS)
    canvas = Canvas(2 * MARGIN + _COLUMNS * (cell + gap) - gap, rows * (height + caption) + MARGIN // 2, title)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        row, column = divmod(place, _COLUMNS)
        x, y = MARGIN + column * (cell + gap), row * (height + caption) + 8
        canvas.add_image(x + (cell - width) // 2, y, image, size, white=255)
        name = cut_text(class_names[label], cell + gap // 2, TEXT_SIZE)
        canvas.add_text(x + cell / 2, y + height + 5, name, align="center")
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
    gap, heading = 6, 32
    rows, versions = augmented.shape[:2]
    height, width = size = fit_size(augmented.shape[3:], _VERSION, _LARGEST_VERSION)
    across, down = max(width, _VERSION // 2), max(height, _LINE)  # of a cell
    names = [cut_text(class_names[label], _NAME, TEXT_SIZE) for label in labels]
    left = MARGIN + int(max(measure_text(name, TEXT_SIZE) for name in names)) + 16
    first = left + max(across + 4 * gap, _HEADING)
    right = first + max(versions * (across + gap) - gap, 2 * _HEADING)
    canvas = Canvas(right + MARGIN, heading + rows * (down + gap) - gap + MARGIN, title)
    canvas.add_text(left, 6, "original", color=GREY)
    canvas.add_text(first, 6, "as the training sees it", color=GREY)
    for row, name in enumerate(names):
        y = heading + row * (down + gap)
        canvas.add_text(left - 16, y + height / 2, name, align="right", valign="center")
        canvas.add_image(left, y, originals[row], size, white=255)
        for version in range(versions):
            canvas.add_image(first + version * (across + gap), y, augmented[row, version], size, white=1)
    return canvas
