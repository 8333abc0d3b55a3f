"""Pictures of every kind as arrays: the right values, upright, on white, nothing cut off."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from mnistspec.errors import UsageError
from mnistspec.formats.image_set import Fit
from mnistspec.formats.pictures import ORIENTATION, open_picture, prepare_picture, quiet, read_header

RAMP = np.arange(15, dtype=np.uint8).reshape(3, 5) * 17  # 0 to 238
COLOURS = np.stack([RAMP, RAMP[::-1], np.full_like(RAMP, 90)], axis=-1)


def prepare(
    image: Image.Image,
    kind: str = "png",
    *,
    size: tuple[int, int] | None = None,
    channels: int = 1,
    fit: Fit = "pad",
    **options: Any,
) -> npt.NDArray[np.uint8]:
    """Return a picture as it comes back from a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    with open_picture(file) as picture:
        return prepare_picture(picture, size, channels, fit)


def write_png(header: bytes, pixels: bytes) -> bytes:
    """Return a PNG of any header."""
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def grey_of(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return what ITU-R 601 calls luma."""
    return np.asarray(colours @ np.array([0.299, 0.587, 0.114]))


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "bmp", "tiff", "ppm"])
def test_grey_and_colour_keep_their_values(kind: str) -> None:
    lossless: dict[str, Any] = {"lossless": True} if kind == "webp" else {}
    grey, colour = Image.fromarray(RAMP), Image.fromarray(COLOURS)
    if kind != "webp":  # which has no grey
        np.testing.assert_array_equal(prepare(grey, kind), RAMP[None])
        np.testing.assert_array_equal(prepare(grey, kind, channels=3), np.stack([RAMP] * 3))
    np.testing.assert_array_equal(prepare(colour, kind, channels=3, **lossless), COLOURS.transpose(2, 0, 1))
    assert np.abs(prepare(colour, kind, **lossless)[0] - grey_of(COLOURS)).max() <= 1


def test_jpeg() -> None:
    assert np.abs(prepare(Image.fromarray(RAMP), "jpeg", quality=100)[0].astype(int) - RAMP).max() <= 3


def test_16_bits_are_scaled() -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65406, 65535]], np.uint16)
    wanted = [[[0, 0, 1, 1, 128, 254, 255]]]
    for kind in ("png", "tiff", "ppm"):
        assert prepare(Image.fromarray(values), kind).tolist() == wanted, kind
    assert prepare(Image.fromarray(values), channels=3).tolist() == wanted * 3
    assert prepare(Image.fromarray(values.astype(">u2")), "tiff").tolist() == wanted


def test_16_bits_in_colour_are_scaled() -> None:
    """Pillow writes none."""
    pixels = struct.pack(">6H", 65535, 32768, 0, 257, 0, 65535)
    with open_picture(io.BytesIO(write_png(struct.pack(">2I5B", 2, 1, 16, 2, 0, 0, 0), b"\0" + pixels))) as picture:
        assert prepare_picture(picture, None, 3, "pad").tolist() == [[[255, 1]], [[128, 0]], [[0, 255]]]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_whose_white_is_not_known_are_refused(dtype: type) -> None:
    values: npt.NDArray[Any] = np.array([[0, 100000]]).astype(dtype)
    with pytest.raises(UsageError, match="whose white is not known; save it with 8 or 16 bits"):
        prepare(Image.fromarray(values), "tiff")


def test_one_bit() -> None:
    assert prepare(Image.fromarray(np.array([[True, False]]))).tolist() == [[[255, 0]]]


def test_palettes() -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60, 255, 0, 0])
    for kind in ("png", "gif", "tiff", "bmp"):
        assert prepare(image, kind, channels=3).tolist() == [[[10, 40, 255]], [[20, 50, 0]], [[30, 60, 0]]]
    clear = prepare(image, channels=3, transparency=2)
    assert clear.tolist() == [[[10, 40, 255]], [[20, 50, 255]], [[30, 60, 255]]]
    half = prepare(image, channels=3, transparency=bytes([255, 0, 255]))
    assert half[:, 0, 1].tolist() == [255, 255, 255]
    assert half[:, 0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize("mode", ["LA", "La", "RGBA", "RGBa", "PA"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    image = Image.new("L", (3, 1), 50)
    image.putalpha(Image.fromarray(np.array([[0, 102, 255]], np.uint8)))
    if mode == "PA":
        image = Image.new("P", (3, 1), 50)
        image.putpalette([level for level in range(256) for _ in range(3)])
        image.putalpha(Image.fromarray(np.array([[0, 102, 255]], np.uint8)))
    elif mode != "LA":
        image = (image if mode == "La" else image.convert("RGBA")).convert(mode)
    assert image.mode == mode
    found = prepare_picture(image, None, 1, "pad")[0, 0].tolist()
    assert found == pytest.approx([255, 255 - 0.4 * 205, 50], abs=2)
    assert prepare_picture(image, None, 3, "pad").shape == (3, 1, 3)


def test_a_colour_that_means_transparent() -> None:
    assert prepare(Image.fromarray(RAMP), transparency=17)[0, 0].tolist() == [0, 255, 34, 51, 68]
    assert prepare(Image.fromarray(COLOURS), channels=3, transparency=(0, 170, 90))[:, 0, :2].T.tolist() == [
        [255, 255, 255],
        [17, 187, 90],
    ]
    values = np.array([[0, 514, 65535]], np.uint16)
    assert prepare(Image.fromarray(values), transparency=514).tolist() == [[[0, 255, 255]]]


def test_cmyk() -> None:
    image = Image.new("CMYK", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 255, 255, 0))
    for kind in ("tiff", "jpeg"):
        options: dict[str, Any] = {"quality": 100, "subsampling": 0} if kind == "jpeg" else {}
        found = prepare(image, kind, channels=3, **options)
        assert found[:, 0, 0].tolist() == pytest.approx([255, 255, 255], abs=4)
        assert found[:, 0, 1].tolist() == pytest.approx([255, 0, 0], abs=4)
        assert prepare(image, kind, **options)[0, 0].tolist() == pytest.approx([255, 76], abs=4)


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    """The file is stored turned the other way; EXIF says how to turn it back."""
    upright = Image.fromarray(np.kron(COLOURS, np.ones((8, 8, 1), np.uint8)))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"a.{kind}"
    options: dict[str, Any] = {"quality": 100} if kind in {"jpeg", "webp"} else {}
    stored.save(path, exif=exif, **options)
    assert read_header(path)[:3] == (24, 40, True)
    with open_picture(path) as picture:
        found = prepare_picture(picture, None, 3, "pad")
    assert found.shape == (3, 24, 40)
    assert np.abs(found[:, 4::8, 4::8].astype(int) - COLOURS.transpose(2, 0, 1)).max() <= 12


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    options: dict[str, Any] = {"lossless": True} if kind == "webp" else {}
    found = prepare(frames[0], kind, channels=3, save_all=True, append_images=frames[1:], **options)
    assert found[:, 2, 2].tolist() == [255, 0, 0]


class TestFit:
    """Pictures of another size."""

    wide = Image.new("L", (40, 10), 100)

    def test_pad_cuts_nothing_off(self) -> None:
        found = prepare(self.wide, size=(16, 16))[0]
        assert (found[6:10] == 100).all()
        assert (found[:6] == 0).all()
        assert (found[10:] == 0).all()
        assert (prepare(self.wide.transpose(Image.Transpose.ROTATE_90), size=(16, 16))[0] == found.T).all()

    def test_pad_is_white_around_white(self) -> None:
        image = ImageOps.expand(self.wide, 4, 240)
        found = prepare(image, size=(24, 24), channels=3)
        assert (found[:, 0] == 255).all()
        assert (found[:, 23] == 255).all()
        assert found[:, 12, 12].tolist() == pytest.approx([100] * 3, abs=3)
        assert (prepare(ImageOps.expand(self.wide, 4, 239), size=(24, 24))[0, 0] == 0).all()

    @pytest.mark.parametrize(("alpha", "ground"), [(0, 255), (254, 255), (255, 0)])
    def test_pad_is_white_where_something_is_transparent(self, alpha: int, ground: int) -> None:
        image = self.wide.convert("RGBA")
        image.putpixel((20, 5), (0, 0, 0, alpha))
        assert (prepare(image, size=(16, 16))[0, 0] == ground).all()

    def test_crop_takes_the_centre(self) -> None:
        image = Image.new("L", (40, 10), 200)
        image.paste(self.wide.crop((0, 0, 10, 10)), (15, 0))
        assert (prepare(image, size=(10, 10), fit="crop") == 100).all()

    def test_stretch(self) -> None:
        image = Image.new("L", (40, 10), 0)
        image.paste(255, (20, 0, 40, 10))
        found = prepare(image, size=(20, 20), fit="stretch")[0]
        assert (found[:, :8] == 0).all()
        assert (found[:, 12:] == 255).all()

    @pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
    def test_a_line_and_a_pixel(self, fit: Fit) -> None:
        for size in ((1000, 1), (1, 1000), (1, 1)):
            assert prepare(Image.new("L", size, 100), size=(8, 4), fit=fit).max() == 100

    @pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
    def test_fine_patterns_are_averaged(self, fit: Fit) -> None:
        board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
        found = prepare(Image.fromarray(board), size=(8, 8), fit=fit)
        assert found.min() >= 120
        assert found.max() <= 135

    def test_a_photo_that_is_reduced_while_it_is_decoded(self) -> None:
        """It is what it would be without, to a few grey levels."""
        y, x = np.mgrid[:600, :800]
        file = io.BytesIO()
        Image.fromarray(((np.sin(x / 90) + np.cos(y / 70) + 2) * 60).astype(np.uint8)).save(file, "jpeg", quality=95)
        with open_picture(file, 64) as picture:
            assert picture.size == (100, 75)
            reduced = prepare_picture(picture, (32, 32), 1, "pad")
        with open_picture(file) as picture:
            whole = prepare_picture(picture, (32, 32), 1, "pad")
        assert np.abs(reduced.astype(int) - whole).max() <= 4


class TestHeader:
    """Size and colour without decoding."""

    @pytest.mark.parametrize(
        ("mode", "has_colour"),
        [("1", False), ("L", False), ("LA", False), ("I;16", False), ("P", True), ("RGB", True), ("RGBA", True)],
    )
    def test_colour(self, mode: str, has_colour: bool, tmp_path: Path) -> None:
        image = Image.new("RGB", (3, 2), "red").convert(mode) if mode != "I;16" else Image.new(mode, (3, 2))
        image.save(tmp_path / "a.png")
        assert read_header(tmp_path / "a.png") == (2, 3, has_colour, mode, mode.endswith("A"))

    def test_a_grey_palette(self, tmp_path: Path) -> None:
        image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
        image.putpalette([0, 0, 0, 9, 9, 9, 70, 70, 70])
        image.save(tmp_path / "a.png")
        assert read_header(tmp_path / "a.png")[:3] == (1, 3, False)

    def test_a_bomb(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        with quiet():
            for side in (60_000, 8_000):  # more than Pillow takes, and fewer
                path.write_bytes(write_png(struct.pack(">2I5B", side, side, 1, 0, 0, 0, 0), b""))
                with pytest.raises(UsageError, match="more than 50 million pixels"):
                    read_header(path)
                with pytest.raises(UsageError, match="more than 50 million pixels"), open_picture(path):
                    pass
