"""Pixels in columns of a table: which column is which pixel, and rows of them as pictures."""

from __future__ import annotations

import math
import re
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.arrays.layout import prepare_pixels
from mnistspec.formats.arrays.table import open_table
from mnistspec.formats.problems import raise_errors, refuse
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.formats.arrays.table import Table
    from mnistspec.formats.headers import Frame
    from mnistspec.formats.image_set import Fit

_BATCH = 1000  # pictures
# pixel0, pixel_1 and so on, or row and column from 1x1 on, as in published tables of MNIST.
_NAME = re.compile(r"pixel[ _]?(?P<number>\d{1,7})|(?P<row>\d{1,4})x(?P<column>\d{1,4})", re.IGNORECASE | re.ASCII)


def find_pixels(table: Table, wanted: tuple[int, int] | None) -> tuple[list[int], tuple[int, int]]:
    """Return the places of the columns with pixels, in order, and height and width of the pictures.

    They are those that are ``wanted``, if there are as many pixels, or else a square.
    """
    found = sorted(
        ((int(match["row"] or 0), int(match["number"] or match["column"])), place)
        for place, name in enumerate(table.columns)
        if (match := _NAME.fullmatch(name))
    )
    if not found:
        advice = "write which column has the paths of the pictures, {path: ..., image: file_name, label: ...}"
        refuse("E530", f"{table.path}: no columns pixel0, pixel1, ..., and no image: is given", advice)
    names, places = [name for name, _ in found], [place for _, place in found]
    (top, left), (bottom, right) = names[0], names[-1]
    if lacking := (bottom - top + 1) * (right - left + 1) - len(set(names)):
        message = f"{table.path}: {plural(abs(lacking), 'column')} of pixels missing between the first and the last"
        refuse("E532", message, "add what is missing: it moves all pixels that follow")
    count, side = len(names), math.isqrt(len(names))
    if bottom > top:
        return places, (bottom - top + 1, right - left + 1)
    if wanted and math.prod(wanted) == count:
        return places, wanted
    if side * side != count:
        more = "; three colours a pixel cannot be told from three pixels: save colour as .npz" if count % 3 == 0 else ""
        message = f"{table.path}: {count:,} columns of pixels, which are no square"
        refuse("E532", message, f"write size: [height, width]{more}")
    return places, (side, side)


def decode_pixels(
    path: Path, size: tuple[int, int], frame: Frame, fit: Fit, progress: Callable[[int], None]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pictures of all rows in batches; refuse rows with other numbers than 0 to 255, all of them."""
    with open_table(path) as table:
        places, _ = find_pixels(table, size)
        pick = itemgetter(*places)
        batch = bytearray()
        done = 0

        def decode() -> npt.NDArray[np.uint8]:
            pixels = np.frombuffer(bytes(batch), np.uint8).reshape(-1, 1, *size)
            batch.clear()
            return prepare_pixels(pixels, (frame.height, frame.width), frame.channels, fit)

        for line, fields in table.rows:
            try:
                batch += bytes(map(int, pick(fields)))
            except ValueError:
                table.leave_out(line, "a pixel is no whole number from 0 to 255")
            done += 1
            if len(batch) >= _BATCH * len(places) and not table.wrong:
                yield decode()
                progress(done)
        raise_errors(table.list_problems())
        if batch:
            yield decode()
            progress(done)
