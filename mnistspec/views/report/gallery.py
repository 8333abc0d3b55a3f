"""The mistakes of a run as a picture, for a report in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.views.formats import format_share
from mnistspec.views.pictures.page import GREY, MARGIN, SMALL_SIZE, Page, make_printable, measure_text

if TYPE_CHECKING:
    from mnistspec.analysis.mistakes import ErrorAnalysis

_WIDTH, _SCALE = 1000, 2  # pixels of all columns at most, and of a pixel's side


def draw_gallery(analysis: ErrorAnalysis) -> Page:
    """Return a page with the mistakes, at least one."""
    names = [
        make_printable(
            f"{analysis.class_names[mistake.label]} \N{RIGHTWARDS ARROW} {analysis.class_names[mistake.guess]}"
        )
        for mistake in analysis.mistakes
    ]
    height, width = (_SCALE * side for side in analysis.mistakes[0].image.shape)
    cell = 16 + int(max([width, *(measure_text(name, SMALL_SIZE) for name in names)]))
    columns = max(1, min(len(names), _WIDTH // cell, 12))
    rows = -(-len(names) // columns)
    page = Page(2 * MARGIN + columns * cell, rows * (height + 56), "")
    for place, (mistake, name) in enumerate(zip(analysis.mistakes, names, strict=True)):
        row, column = divmod(place, columns)
        x, y = MARGIN + column * cell, row * (height + 56)
        page.add_image(x, y, mistake.image, _SCALE, white=255)
        page.add_text(x, y + height + 4, name, size=SMALL_SIZE)
        page.add_text(x, y + height + 22, format_share(mistake.confidence, 1), size=SMALL_SIZE, color=GREY)
    return page
