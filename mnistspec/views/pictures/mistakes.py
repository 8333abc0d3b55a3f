"""The gallery of mistakes: the images that a network classified wrongly, the most confident first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.views.formats import format_share
from mnistspec.views.pictures.page import GREY, MARGIN, SMALL_SIZE, Page, make_printable, measure_text
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

SHOWN = 40  # mistakes at most: a page that can be taken in
_COLUMNS = (10, 8, 5, 4, 2, 1)  # the numbers of columns that 40 mistakes fill
_WIDTH = 1060  # pixels, of all columns at most


def plot_mistakes(
    images: Tensor,
    labels: Tensor,
    predictions: Tensor,
    confidences: Tensor,
    class_names: Sequence[str],
    path: Path,
    *,
    title: str,
) -> None:
    """Write the gallery; right predictions are left out, at most ``SHOWN`` wrong ones are shown.

    ``images`` are uint8 (n, height, width); ``labels``, ``predictions`` and ``confidences`` in [0, 1] are (n,).
    """
    draw_mistakes(images, labels, predictions, confidences, class_names, title=title).save(path)


def draw_mistakes(
    images: Tensor,
    labels: Tensor,
    predictions: Tensor,
    confidences: Tensor,
    class_names: Sequence[str],
    *,
    title: str,
) -> Page:
    """Return the page that ``plot_mistakes`` writes."""
    wrong = predictions.ne(labels).nonzero().flatten()
    shown = wrong[confidences[wrong].argsort(descending=True, stable=True)][:SHOWN]
    pairs = zip(labels[shown].tolist(), predictions[shown].tolist(), strict=True)
    names = [
        make_printable(f"{class_names[label]} \N{RIGHTWARDS ARROW} {class_names[guess]}") for label, guess in pairs
    ]
    scale = 3
    height, width = (scale * side for side in images.shape[1:])
    cell = 20 + int(max([width, *(measure_text(name, SMALL_SIZE) for name in names)]))
    columns = next((columns for columns in _COLUMNS if columns * cell <= _WIDTH), 1)
    rows = -(-len(shown) // columns)
    page = Page(2 * MARGIN + columns * cell, rows * (height + 56) + MARGIN, title, _describe(len(shown), len(wrong)))
    for place, (index, name) in enumerate(zip(shown.tolist(), names, strict=True)):
        row, column = divmod(place, columns)
        middle, y = MARGIN + column * cell + cell // 2, row * (height + 56) + 10
        page.add_image(middle - width // 2, y, images[index], scale, white=255)
        page.add_text(middle, y + height + 4, name, size=SMALL_SIZE, align="center")
        confidence = format_share(float(confidences[index]), 1)
        page.add_text(middle, y + height + 22, confidence, size=SMALL_SIZE, color=GREY, align="center")
    return page


def _describe(shown: int, wrong: int) -> str:
    if not wrong:
        return "no mistakes"
    count = f"showing {shown:,} of {plural(wrong, 'mistake')}"
    return f"{count}, the most confident first: actual \N{RIGHTWARDS ARROW} predicted, confidence"
