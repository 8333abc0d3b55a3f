"""Photos and drawings: whatever is done to a digit, it comes out as MNIST would have it."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from mnistspec.data.photo.preparation import prepare_image, prepare_picture
from mnistspec.data.store import SHIPPED_FOLDER
from mnistspec.errors import UsageError
from mnistspec.formats.idx import read_idx
from tests.profiles import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Array = NDArray[np.uint8]

DIGITS: Array = read_idx(SHIPPED_FOLDER / "t10k-images-idx3-ubyte.gz").values[:200]
NO_INK = "no ink found: the image is blank, or the digit hardly differs from its background"


def prepare(picture: Array | Image.Image) -> Array:
    prepared: Array = prepare_picture(picture).values
    assert prepared.shape == (28, 28)
    assert prepared.dtype == np.uint8
    return prepared


def correlate(first: Array, second: Array) -> float:
    return float(np.corrcoef(first.reshape(-1), second.reshape(-1))[0, 1])


def enlarge(digit: Array, side: int = 280, how: Image.Resampling = Image.Resampling.BICUBIC) -> Array:
    larger: Array = np.asarray(Image.fromarray(digit).resize((side, side), how))
    return larger


def add_noise(picture: Array, deviation: float) -> Array:
    noise = np.random.default_rng(7).normal(0, deviation, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def put_off_centre(digit: Array) -> Array:
    return np.pad(enlarge(digit), ((20, 300), (250, 70)))


def photograph(digit: Array) -> Array:
    """Dark ink on paper under uneven light."""
    y, x = np.mgrid[0 : 1 : 600 * 1j, 0 : 1 : 600 * 1j]
    ink = 1 - 0.7 * put_off_centre(digit) / 255
    return add_noise(np.clip((230 - 60 * x - 30 * y) * ink, 0, 255).astype(np.uint8), 5)


def lay_on_table(digit: Array) -> Array:
    table = np.full((560, 640), 60, dtype=np.uint8)
    table[60:500, 80:560] = 220
    table[120:400, 180:460] -= (enlarge(digit) * 0.65).astype(np.uint8)
    return add_noise(table, 5)


def paint(digit: Array) -> Array:
    """Red on green of about the same lightness."""
    ink = enlarge(digit)[..., None] / 255
    return np.rint(ink * [200, 30, 40] + (1 - ink) * [30, 105, 40]).astype(np.uint8)


def make_transparent(digit: Array, tone: int) -> Array:
    ink = enlarge(digit)
    return np.dstack([np.full((*ink.shape, 3), tone, dtype=np.uint8), ink])


WAYS: dict[str, Callable[[Array], Array | Image.Image]] = {
    "enlarged": enlarge,
    "enlarged, inverted": lambda d: 255 - enlarge(d),
    "enlarged in blocks": lambda d: enlarge(d, how=Image.Resampling.NEAREST),
    "with noise": lambda d: add_noise(enlarge(d), 20),
    "inverted with much noise": lambda d: add_noise(255 - enlarge(d), 40),
    "small with noise": lambda d: add_noise(d, 20),
    "small in a large picture": lambda d: np.pad(255 - d, 200, constant_values=255),
    "off-centre": put_off_centre,
    "a photo": photograph,
    "paper on a table": lay_on_table,
    "red on green": paint,
    "black on transparent": lambda d: make_transparent(d, 0),
    "white on transparent": lambda d: make_transparent(d, 255),
    "a palette": lambda d: Image.fromarray(255 - enlarge(d)).convert("P"),
    "black and white": lambda d: Image.fromarray(255 - enlarge(d)).convert("1"),
    "CMYK": lambda d: Image.fromarray(paint(d)).convert("CMYK"),
    "16 bits": lambda d: Image.fromarray(enlarge(d).astype(np.uint16) * 200),
    "floats": lambda d: Image.fromarray(enlarge(d).astype(np.float32) / 255),
    "grey and opacity": lambda d: Image.fromarray(make_transparent(d, 0)).convert("LA"),
    "low contrast": lambda d: (200 - enlarge(d) * 0.15).astype(np.uint8),
}


@pytest.mark.parametrize("invert", [False, True])
def test_a_prepared_digit_stays_as_it_is(invert: bool) -> None:
    values = [correlate(prepare(255 - digit if invert else digit), digit) for digit in DIGITS]
    assert np.mean(values) > 0.995
    assert min(values) > 0.7


@pytest.mark.parametrize("way", WAYS)
def test_a_digit_comes_back(way: str) -> None:
    # Now and then a box is a pixel longer or shorter, which moves every stroke: hence a mean.
    values = [correlate(prepare(WAYS[way](digit)), digit) for digit in DIGITS[:12]]
    assert np.mean(values) > 0.9
    assert min(values) > 0.5


@examples(30)
@given(digit=st.integers(0, 199), top=st.integers(0, 100), left=st.integers(0, 100), grey=st.booleans())
def test_place_and_polarity_do_not_matter(digit: int, top: int, left: int, grey: bool) -> None:
    picture = np.pad(DIGITS[digit], ((top, 100 - top), (left, 100 - left)))
    reference = prepare(np.pad(DIGITS[digit], 50))
    assert correlate(prepare(255 - picture if grey else picture), reference) > 0.99


@examples(30)
@given(digit=st.integers(0, 199), side=st.integers(56, 500))
def test_box_and_centre_are_mnists(digit: int, side: int) -> None:
    prepared = prepare(enlarge(DIGITS[digit], side)).astype(np.float64)
    spans = [np.flatnonzero((prepared > 25).any(axis=axis)) for axis in (1, 0)]
    assert 19 <= max(span[-1] - span[0] + 1 for span in spans) <= 20
    for axis in (1, 0):
        centre = np.arange(28) @ prepared.sum(axis=axis) / prepared.sum()
        assert abs(centre - 14) <= 0.51
    assert prepared.max() == 255


@examples(60)
@given(
    picture=hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30)) | st.tuples(st.just(1), st.integers(100, 900))
    )
)
def test_any_picture_is_prepared_or_has_no_ink(picture: Array) -> None:
    with contextlib.suppress(UsageError):
        assert prepare(picture).max() == 255


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "bmp", "tiff"])
def test_files_of_all_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"digit.{suffix}"
    Image.fromarray(255 - enlarge(DIGITS[0])).save(path)
    assert correlate(prepare_image(path).values, DIGITS[0]) > 0.9


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    path = tmp_path / "digit.gif"
    frames = [Image.fromarray(enlarge(digit)) for digit in DIGITS[:3]]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert correlate(prepare_image(path).values, DIGITS[0]) > 0.9


def test_a_photo_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "digit.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned; to be seen upright the picture has to be turned clockwise
    Image.fromarray(np.rot90(255 - enlarge(DIGITS[0], 1600))).save(path, exif=exif)
    assert correlate(prepare_image(path).values, DIGITS[0]) > 0.9


def test_a_phone_photo_of_12_megapixels(tmp_path: Path) -> None:
    path = tmp_path / "digit.jpg"
    small = Image.fromarray(255 - np.pad(enlarge(DIGITS[0]), ((100, 220), (200, 320))))
    small.resize((4000, 3000)).convert("RGB").save(path)
    start = time.process_time()
    assert correlate(prepare_image(path).values, DIGITS[0]) > 0.9
    assert time.process_time() - start < 5


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_blank_pictures_have_no_ink(tmp_path: Path, tone: int) -> None:
    path = tmp_path / "blank.png"
    for picture in (np.full((300, 200), tone, dtype=np.uint8), add_noise(np.full((300, 200), tone, np.uint8), 4)):
        Image.fromarray(picture).save(path)
        with pytest.raises(UsageError) as caught:
            prepare_image(path)
        assert str(caught.value) == f"{path}: {NO_INK}"
    with pytest.raises(UsageError, match=NO_INK):
        prepare_picture(np.zeros((100, 100, 4), dtype=np.uint8))


def write_png_header(path: Path, width: int, height: int) -> None:
    """Write a PNG that says it is large and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize("side", [8_000, 10_000, 60_000])
def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path: Path, side: int) -> None:
    path = tmp_path / "huge.png"
    write_png_header(path, side, side)
    start = time.process_time()
    with pytest.raises(UsageError) as caught:
        prepare_image(path)
    assert time.process_time() - start < 1
    assert str(caught.value) == f"{path}: the image has more than 50 million pixels; make it smaller"


def test_files_that_are_no_images(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(add_noise(enlarge(DIGITS[0]), 20)).save(buffer, "PNG")
    contents = {"text.png": b"hello", "empty.png": b"", "cut.png": buffer.getvalue()[:9000]}
    messages = {
        "text.png": "not an image that can be read; save it as PNG or JPEG",
        "empty.png": "the file is empty: it has 0 bytes",
        "cut.png": "the image is damaged or cannot be read: image file is truncated",
        "missing.png": "no such file",
        ".": "a folder, not an image",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name, message in messages.items():
        path = tmp_path / name
        with pytest.raises(UsageError) as caught:
            prepare_image(path)
        assert str(caught.value).startswith(f"{path}: {message}")
