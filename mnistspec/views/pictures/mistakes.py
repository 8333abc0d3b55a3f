"""The gallery of mistakes: images that a network classified wrongly, in the order given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.views.pictures.canvas import (
    GREY,
    MARGIN,
    SMALL_SIZE,
    Canvas,
    cut_text,
    make_printable,
    measure_text,
    theme,
)
from mnistspec.views.pictures.sizes import fit_size
from mnistspec.views.writing import format_share
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.mistakes import Mistake

SHOWN = 40  # mistakes at most: a page that can be taken in
_COLUMNS = (10, 8, 5, 4, 2, 1)  # the numbers of columns that 40 mistakes fill
_WIDTH = 1060  # pixels, of all columns at most
_IMAGE, _LARGEST = 96, 144  # pixels of an image that is enlarged, and of any, at most
_NAMES = 230  # for a line below an image, at most
_LINE = 18


@theme()
def draw_mistakes(mistakes: Sequence[Mistake], wrong: int, class_names: Sequence[str], *, title: str) -> Canvas:
    """Return the gallery of the first ``SHOWN`` of ``wrong`` mistakes; the first of them is the most confident."""
    shown = mistakes[:SHOWN]
    captions = _write_captions([(class_names[one.label], class_names[one.guess]) for one in shown])
    height, width = size = fit_size(shown[0].image.shape[1:], _IMAGE, _LARGEST) if shown else (0, 0)
    lines = max(map(len, captions), default=1)
    cell = 20 + int(max([width, *(measure_text(line, SMALL_SIZE) for caption in captions for line in caption)]))
    columns = next((columns for columns in _COLUMNS if columns * cell <= _WIDTH), 1)
    rows, down = -(-len(shown) // columns), height + 38 + _LINE * lines
    canvas = Canvas(2 * MARGIN + columns * cell, rows * down + MARGIN, title, _describe(len(shown), wrong))
    for place, (one, caption) in enumerate(zip(shown, captions, strict=True)):
        row, column = divmod(place, columns)
        middle, y = MARGIN + column * cell + cell // 2, row * down + 10
        canvas.add_image(middle - width // 2, y, one.image, size, white=255)
        y += height + 4
        for number, line in enumerate(caption):
            canvas.add_text(middle, y + number * _LINE, line, size=SMALL_SIZE, align="center")
        share = format_share(one.confidence, 1)
        canvas.add_text(middle, y + lines * _LINE, share, size=SMALL_SIZE, color=GREY, align="center")
    return canvas


def _write_captions(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return label and guess of each in a line; in two, if one of them would be too wide, cut where they must be."""
    whole = [make_printable(f"{label} \N{RIGHTWARDS ARROW} {guess}") for label, guess in pairs]
    if all(measure_text(line, SMALL_SIZE) <= _NAMES for line in whole):
        return [(line,) for line in whole]
    return [
        (cut_text(label, _NAMES, SMALL_SIZE), cut_text(f"\N{RIGHTWARDS ARROW} {guess}", _NAMES, SMALL_SIZE))
        for label, guess in pairs
    ]


def _describe(shown: int, wrong: int) -> str:
    if not wrong:
        return "no mistakes"
    count = f"showing {shown:,} of {plural(wrong, 'mistake')}"
    return f"{count}, the most confident first: actual \N{RIGHTWARDS ARROW} predicted, confidence"
