"""Grids of a data set's images: samples with their labels, and what augmentation makes of some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.views.pictures.page import GREY, MARGIN, TEXT_SIZE, Page, make_printable, measure_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

_COLUMNS, _SAMPLES = 4, 12


def plot_samples(images: Tensor, labels: Tensor, class_names: Sequence[str], path: Path, *, title: str) -> None:
    """Write a grid of the first 12 images, uint8 (n, height, width), with the names of their labels (n,)."""
    draw_samples(images, labels, class_names, title=title).save(path)


def plot_augmented(
    originals: Tensor, augmented: Tensor, labels: Tensor, class_names: Sequence[str], path: Path, *, title: str
) -> None:
    """Write a grid of images as they are and as the training sees them.

    ``originals`` are uint8 (rows, height, width), ``augmented`` in [0, 1] (rows, versions, height, width), ``labels``
    (rows,).
    """
    draw_augmented(originals, augmented, labels, class_names, title=title).save(path)


def draw_samples(images: Tensor, labels: Tensor, class_names: Sequence[str], *, title: str) -> Page:
    """Return the page that ``plot_samples`` writes."""
    scale, gap, caption = 5, 20, 40
    images, labels = images[:_SAMPLES], labels[:_SAMPLES]
    height, width = (scale * side for side in images.shape[1:])
    rows = -(-len(images) // _COLUMNS)
    page = Page(2 * MARGIN + _COLUMNS * (width + gap) - gap, rows * (height + caption) + MARGIN // 2, title)
    for place, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        row, column = divmod(place, _COLUMNS)
        x, y = MARGIN + column * (width + gap), row * (height + caption) + 8
        page.add_image(x, y, image, scale, white=255)
        page.add_text(x + width / 2, y + height + 5, class_names[label], align="center")
    return page


def draw_augmented(
    originals: Tensor, augmented: Tensor, labels: Tensor, class_names: Sequence[str], *, title: str
) -> Page:
    """Return the page that ``plot_augmented`` writes."""
    scale, gap, heading = 3, 6, 32
    rows, versions, height, width = augmented.shape
    height, width = scale * height, scale * width
    names = [class_names[label] for label in labels.tolist()]
    left = MARGIN + int(max(measure_text(make_printable(name), TEXT_SIZE) for name in names)) + 16
    first = left + width + 4 * gap
    page = Page(first + versions * (width + gap) - gap + MARGIN, heading + rows * (height + gap) - gap + MARGIN, title)
    page.add_text(left, 6, "original", color=GREY)
    page.add_text(first, 6, "as the training sees it", color=GREY)
    for row, name in enumerate(names):
        y = heading + row * (height + gap)
        page.add_text(left - 16, y + height / 2, name, align="right", valign="center")
        page.add_image(left, y, originals[row], scale, white=255)
        for version in range(versions):
            page.add_image(first + version * (width + gap), y, augmented[row, version], scale, white=1)
    return page
