"""The gallery of mistakes: images that a network classified wrongly, in the order given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.views.pictures.canvas import GREY, MARGIN, SMALL_SIZE, Canvas, make_printable, measure_text, theme
from mnistspec.views.writing import format_share
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.mistakes import Mistake

SHOWN = 40  # mistakes at most: a page that can be taken in
_COLUMNS = (10, 8, 5, 4, 2, 1)  # the numbers of columns that 40 mistakes fill
_WIDTH = 1060  # pixels, of all columns at most
_SCALE = 3


@theme()
def draw_mistakes(mistakes: Sequence[Mistake], wrong: int, class_names: Sequence[str], *, title: str) -> Canvas:
    """Return the gallery of the first ``SHOWN`` of ``wrong`` mistakes; the first of them is the most confident."""
    shown = mistakes[:SHOWN]
    names = [make_printable(f"{class_names[one.label]} \N{RIGHTWARDS ARROW} {class_names[one.guess]}") for one in shown]
    height, width = (_SCALE * side for side in shown[0].image.shape[1:]) if shown else (0, 0)
    cell = 20 + int(max([width, *(measure_text(name, SMALL_SIZE) for name in names)]))
    columns = next((columns for columns in _COLUMNS if columns * cell <= _WIDTH), 1)
    rows = -(-len(shown) // columns)
    canvas = Canvas(2 * MARGIN + columns * cell, rows * (height + 56) + MARGIN, title, _describe(len(shown), wrong))
    for place, (one, name) in enumerate(zip(shown, names, strict=True)):
        row, column = divmod(place, columns)
        middle, y = MARGIN + column * cell + cell // 2, row * (height + 56) + 10
        canvas.add_image(middle - width // 2, y, one.image, _SCALE, white=255)
        canvas.add_text(middle, y + height + 4, name, size=SMALL_SIZE, align="center")
        share = format_share(one.confidence, 1)
        canvas.add_text(middle, y + height + 22, share, size=SMALL_SIZE, color=GREY, align="center")
    return canvas


def _describe(shown: int, wrong: int) -> str:
    if not wrong:
        return "no mistakes"
    count = f"showing {shown:,} of {plural(wrong, 'mistake')}"
    return f"{count}, the most confident first: actual \N{RIGHTWARDS ARROW} predicted, confidence"
