"""Pictures of a digit that are hard to prepare, each kind with its sizes, tones and widths drawn by a generator."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tests.data.photo.test_photo import Array, add_noise, enlarge

_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
FONTS = ("DejaVuSans-Bold", "DejaVuSansMono-Bold", "DejaVuSerif-Bold", "STIXGeneralBol", "cmb10")


def compress(picture: Array, quality: int) -> Array:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def cut_out(digit: Array, random: Generator, kind: str = "") -> Image.Image:
    """Ink with edges that fade into a ground, of which what is nearly the ground's tone is cut to opacity 0."""
    ink = enlarge(digit, int(random.integers(60, 600)))[..., None] / 255
    pen = random.integers(0, 90) if random.random() < 0.5 else random.integers(0, 120, 3)
    colours = np.rint(255 - ink * (255 - np.broadcast_to(pen, 3))).astype(np.uint8)
    opacity = np.where(colours.mean(axis=2) >= random.choice([250, 200, 128]), 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        colours = 255 - colours
    picture = Image.fromarray(np.dstack([colours, opacity]))
    if not kind:
        return picture
    buffer = io.BytesIO()
    (picture if kind == "GIF" else picture.quantize(int(random.choice([4, 16, 256])))).save(buffer, kind)
    return Image.open(buffer)


def stick(digit: Array, random: Generator) -> Array:
    """A round sticker of any two tones on nothing."""
    side = int(random.integers(150, 500))
    ink, tones = enlarge(digit, side) / 255, random.permutation([random.integers(0, 60), random.integers(120, 256)])
    disc = Image.new("L", (side, side))
    ImageDraw.Draw(disc).ellipse((0, 0, side - 1, side - 1), fill=255)
    grey = np.rint(ink * tones[0] + (1 - ink) * tones[1]).astype(np.uint8)
    return np.pad(np.dstack([grey, grey, grey, np.asarray(disc)]), ((10, 30), (20, 10), (0, 0)))


def write_bold(digit: Array, random: Generator) -> Array:
    """The digit with a pen that is up to twice as thick."""
    side = int(random.integers(100, 700))
    picture, radius = enlarge(digit, side), max(1, int(side / 28 * random.uniform(0.3, 1.2)))
    for axis in (0, 1):
        near = [np.roll(picture, step, axis) for step in range(-radius, radius + 1)]
        picture = np.max(near, axis=0)
    return 255 - picture if random.random() < 0.5 else picture


def crop_tightly(digit: Array, random: Generator) -> Array:
    picture = enlarge(digit, int(random.integers(60, 600)))
    rows, columns = np.nonzero(picture > 100)
    picture = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return 255 - picture if random.random() < 0.5 else picture


def lay_askew(digit: Array, random: Generator) -> Array:
    """A sheet of paper, turned a little, on a darker table."""
    table, margin = int(random.integers(0, 100)), int(random.integers(5, 70))
    ink = np.pad(enlarge(digit, int(random.integers(150, 400))), margin) / 255
    sheet = Image.fromarray(np.rint(random.integers(190, 250) * (1 - 0.8 * ink)).astype(np.uint8))
    turned = sheet.rotate(random.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True, fillcolor=table)
    return add_noise(
        np.pad(np.asarray(turned), int(random.integers(5, 120)), constant_values=table), random.uniform(0, 8)
    )


def frame(digit: Array, random: Generator) -> Image.Image:
    """A digit in a frame that is drawn around it, turned a little half of the time, on a page."""
    side, pen, most = int(random.integers(150, 450)), int(random.integers(0, 100)), 1 if random.random() < 0.5 else 10
    picture = Image.fromarray(255 - enlarge(digit, side))
    for tone, width in ((255, 40), (pen, side // most // 8), (255, 90)):
        picture = ImageOps.expand(picture, int(random.integers(1, width + 2)), tone)
    if random.random() < 0.5:
        picture = picture.rotate(random.uniform(-10, 10), Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return picture if random.random() < 0.5 else ImageOps.invert(picture)


def scan(digit: Array, random: Generator, sides: int, *, corners: int = 0) -> Array:
    """A page whose scan has edges of another tone on some sides, slanted a little, or over corners."""
    side = int(random.integers(60, 700))
    most = max(3, min(80, side // 5))
    ink = np.pad(enlarge(digit, side), most if random.random() < 0.8 else most // 2) / 255
    length = ink.shape[0]
    page, pen, tone = random.integers(200, 256), random.integers(0, 80), random.integers(0, 110) * random.integers(2)
    picture = page * (1 - 0.1 * np.linspace(0, 1, length)) * (1 - ink) + pen * ink
    places = np.arange(length)
    for turn in random.permutation(4)[:sides]:
        width = int(random.integers(2, most + 1))
        slant = np.linspace(width, np.clip(width + random.integers(-4, 5), 1, most), length)
        np.rot90(picture, turn)[places[None, :] < np.rint(slant)[:, None]] = tone
    for turn in random.permutation(4)[:corners]:
        height, width = random.integers(2, most + 1, 2)
        np.rot90(picture, turn)[places[:, None] / height + places[None, :] / width < 1] = tone
    scanned = np.clip(picture, 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        scanned = compress(add_noise(scanned, random.uniform(2, 12)), int(random.integers(40, 90)))
    return 255 - scanned if random.random() < 0.3 else scanned


def print_bold(label: int, size: int, stroke: int, font: str = "") -> Array:
    """A digit in Pillow's own font, or in one of those that Matplotlib brings, with strokes thicker by a number."""
    picture = Image.new("L", (size * 4 // 3, size * 8 // 5), 255)
    place = (picture.width / 2, picture.height / 2)
    face = ImageFont.truetype(_FONTS / f"{font}.ttf", size) if font else ImageFont.load_default(size)
    ImageDraw.Draw(picture).text(place, str(label), 0, face, anchor="mm", stroke_width=stroke)
    return np.asarray(picture)


def print_any(label: int, random: Generator, font: str) -> Array:
    """A digit of any size, with strokes that are up to an eighth of its size thicker."""
    size = int(random.integers(40, 500))
    picture = print_bold(label, size, round(size * random.uniform(0, 0.06)), font)
    return picture if random.random() < 0.5 else 255 - picture


KINDS: dict[str, Callable[[Array, Generator], Array | Image.Image]] = {
    "cut out": cut_out,
    "cut out, GIF": lambda digit, random: cut_out(digit, random, "GIF"),
    "cut out, PNG of few colours": lambda digit, random: cut_out(digit, random, "PNG"),
    "a sticker": stick,
    "bold": write_bold,
    "cropped tightly": crop_tightly,
    "a sheet askew": lay_askew,
    "in a drawn frame": frame,
    "a scan with an edge": lambda digit, random: scan(digit, random, 1),
    "a scan with two edges": lambda digit, random: scan(digit, random, 2),
    "a scan with three edges": lambda digit, random: scan(digit, random, 3),
    "a scan with four edges": lambda digit, random: scan(digit, random, 4),
    "a scan without some corners": lambda digit, random: scan(digit, random, 0, corners=2),
}
