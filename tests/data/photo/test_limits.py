"""Image files that would take long or much are refused at once; numbers that are not finite do no harm."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from mnistspec.data.photo.masks import label_components
from mnistspec.data.photo.preparation import prepare_bytes, prepare_picture
from mnistspec.errors import UsageError
from tests.data.photo.test_photo import DIGITS, correlate, enlarge


def write(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def repeat_scans() -> bytes:
    """A progressive JPEG whose last scan comes 500 times more."""
    content = write(Image.fromarray(enlarge(DIGITS[0], 2000)), "JPEG", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * 500 + content[-2:]


def write_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(side: int, depth: int, colour: int, pixel_bytes: int) -> bytes:
    """A PNG that is black all over."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side * pixel_bytes)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", data), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(write_chunk(*chunk) for chunk in chunks)


def insert(picture: bytes, place: int, parts: bytes) -> bytes:
    return picture[:place] + parts + picture[place:]


_SMALL = {kind: write(Image.fromarray(DIGITS[0]), kind) for kind in ("JPEG", "GIF", "PNG")}
_PIECES = "the file consists of too many small pieces"

COSTLY: dict[str, tuple[Callable[[], bytes], str]] = {
    "scans": (repeat_scans, r"the JPEG has \d+ scans, too many for its size"),
    "comments": (lambda: b"P5\n" + b"#\n" * 2**22 + b"2 2 255\n" + bytes(4), _PIECES),
    "a long comment": (lambda: b"P2\n#" + b"x" * 2**22 + b"\n2 2 255\n0 0 0 0", _PIECES),
    "filling": (lambda: insert(_SMALL["JPEG"], 2, b"\xff" * 2**23), _PIECES),
    "segments": (lambda: insert(_SMALL["JPEG"], 2, b"\xff\xfe\0\2" * 2**20), _PIECES),
    "blocks": (lambda: insert(_SMALL["GIF"], _SMALL["GIF"].index(b","), b"\x21\xfe\1a\0" * 2**20), _PIECES),
    "chunks": (lambda: insert(_SMALL["PNG"], 33, write_chunk(b"tEXt", b"a\0b") * 2**18), _PIECES),
    "empty chunks": (lambda: insert(_SMALL["PNG"], 33, write_chunk(b"IDAT", b"") * 2**18), _PIECES),
    "plain pixels": (lambda: b"P2\n3000 3000 255\n" + b"9 " * 9_000_000, "a rare kind of PPM"),
    "odd depth": (lambda: b"P5\n3000 3000 200\n" + bytes(9_000_000), "a rare kind of PPM"),
    "RGBA": (lambda: write_png(7000, 8, 6, 4), "more than 80 MB of memory"),
    "16 bits": (lambda: write_png(7000, 16, 0, 2), "more than 80 MB of memory"),
}


@pytest.mark.parametrize("what", COSTLY)
def test_costly_files_are_refused_at_once(what: str) -> None:
    make, message = COSTLY[what]
    content = make()
    start = time.process_time()
    with pytest.raises(UsageError, match=message):
        prepare_bytes(content)
    assert time.process_time() - start < 1


def test_strokes_and_sheets_take_time_in_proportion_to_the_picture() -> None:
    dots = np.full((767, 767), 255, dtype=np.uint8)
    dots[::3, ::3] = 0
    squares = np.kron(np.indices((384, 384)).sum(axis=0) % 2 == 0, np.ones((2, 2), dtype=np.uint8))[:767, :767]
    grid = np.tile(255 - DIGITS[0], (27, 27))
    for picture in (dots, 255 * squares, grid):
        start = time.process_time()
        with contextlib.suppress(UsageError):
            prepare_picture(picture.astype(np.uint8))
        assert time.process_time() - start < 2


def test_components_take_time_in_proportion_to_the_picture() -> None:
    comb = np.zeros((767, 767), dtype=np.bool_)
    comb[::4] = comb[:, 0] = True
    winding = np.zeros((767, 767), dtype=np.bool_)
    winding[:, ::2] = winding[0, 1::4] = winding[-1, 3::4] = True
    start = time.process_time()
    for mask in (comb, comb.T, winding, winding.T, np.random.default_rng(0).random((767, 767)) < 0.45):
        assert label_components(mask).max() >= 1
    assert label_components(comb).max() == label_components(winding).max() == 1
    assert time.process_time() - start < 3


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("side", [1, 40])
@pytest.mark.parametrize("size", [200, 1000])
def test_pixels_that_are_no_finite_numbers_are_background(odd: float, side: int, size: int) -> None:
    values = 1 - enlarge(DIGITS[0], size).astype(np.float32) / 255
    values[:side, -side:] = odd
    prepared = prepare_bytes(write(Image.fromarray(values), "TIFF")).values
    assert correlate(prepared, DIGITS[0]) > 0.9


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_picture_without_finite_numbers_is_refused(value: float) -> None:
    picture = Image.fromarray(np.full((500, 400), value, dtype=np.float32))
    with pytest.raises(UsageError, match="not finite for the larger part"):
        prepare_bytes(write(picture, "TIFF"))
