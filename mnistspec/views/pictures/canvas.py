"""One canvas for all pictures: a matplotlib figure without pyplot, laid out in pixels below a title of any script."""

from __future__ import annotations

import io
import textwrap
import unicodedata
from bisect import bisect
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib import rc_context, rcParamsDefault
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path
from PIL import Image

from mnistspec.files import write_atomically
from mnistspec.views.pictures.sizes import resize
from mnistspec.views.pictures.svg import embed_svg
from mnistspec.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

DPI = 120
MARGIN = 24
FONT = "DejaVu Sans"  # ships with matplotlib: the same letters on every machine
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 12.0, 9.0, 8.0  # points

INK, GREY, RULE, GREEN = "#1b1b1a", "#62605b", "#dedbd4", "#4f7322"
# Two colours of M. Okabe and K. Ito's palette, which colour-blind readers can tell apart.
BLUE, VERMILION = "#0072b2", "#d55e00"
# What a page of HTML calls these colours: it gives them other values in the dark.
VARIABLES = {INK: "ink", GREY: "grey", RULE: "rule", BLUE: "train", VERMILION: "test", GREEN: "reference"}

_STYLE = {
    "font.family": FONT, "font.size": TEXT_SIZE, "text.color": INK, "text.parse_math": False,
    "axes.facecolor": "none", "axes.edgecolor": GREY, "axes.labelcolor": INK, "axes.labelsize": TEXT_SIZE,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.formatter.useoffset": False,
    "xtick.color": GREY, "xtick.labelcolor": INK, "xtick.labelsize": SMALL_SIZE,
    "ytick.color": GREY, "ytick.labelcolor": INK, "ytick.labelsize": SMALL_SIZE,
    "grid.color": RULE, "grid.linewidth": 0.6, "lines.linewidth": 1.6,
    "legend.fontsize": SMALL_SIZE, "legend.frameon": False, "legend.borderaxespad": 0,
    "legend.handlelength": 2.6, "legend.labelcolor": INK,
    "image.aspect": "auto", "image.interpolation": "nearest",
    "svg.hashsalt": "mnistspec", "svg.image_inline": True,
}  # fmt: skip
# "backend" chooses a window system and has no say here.
_SETTINGS: dict[str, Any] = {key: rcParamsDefault[key] for key in rcParamsDefault if key != "backend"} | _STYLE
_LOCK = RLock()

_LINE = 26  # pixels from one line of the title to the next
_TITLE_LINES = 3
_MIN_LETTERS = 8  # of a line, however narrow the canvas
_DATED = ("Date", "Creator")  # of an SVG's metadata: they change with the day and the version
_MISSING = "\N{WHITE SQUARE}"


@contextmanager
def theme() -> Iterator[None]:
    """Draw with these settings, whatever the user's matplotlibrc says; they are global, so one thread at a time."""
    with _LOCK, rc_context(_SETTINGS):  # type: ignore[arg-type]  # its keys are literals to the type checker
        yield


def paint(image: np.ndarray) -> np.ndarray:
    """Return an image in [0, 1], (channels, height, width), one channel or three, as colours (height, width, 3)."""
    return np.broadcast_to(np.clip(image, 0, 1), (3, *image.shape[1:])).transpose(1, 2, 0)


class Canvas:
    """A white canvas of ``width`` pixels; below its title and its note it has a body of ``height`` pixels.

    Places are in pixels from the left edge of the canvas and from the top of the body.
    """

    def __init__(self, width: int, height: int, title: str = "", note: str = "") -> None:
        title_lines = wrap_text(title, width - 2 * MARGIN, TITLE_SIZE)
        note_lines = wrap_text(note, width - 2 * MARGIN, TEXT_SIZE)
        self.top = MARGIN if title_lines or note_lines else 0
        self.width, self.height = width, height + self.top + _LINE * len(title_lines + note_lines)
        self.figure = Figure((width / DPI, self.height / DPI), dpi=DPI, facecolor="white")
        self.pointed: dict[str, list[str]] = {}  # by the ids of what shows texts when it is pointed at
        for line in title_lines:
            self.add_text(MARGIN, 0, line, size=TITLE_SIZE, weight="bold")
            self.top += _LINE
        for line in note_lines:
            self.add_text(MARGIN, 2, line, color=GREY)
            self.top += _LINE

    def add_text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = TEXT_SIZE,
        color: str = INK,
        weight: Literal["normal", "bold"] = "normal",
        align: Literal["left", "center", "right"] = "left",
        valign: Literal["top", "center"] = "top",
    ) -> Text:
        """Write a text; ``x`` and ``y`` are the point that it is aligned to."""
        place = x / self.width, 1 - (self.top + y) / self.height
        return self.figure.text(
            *place, make_printable(text), size=size, color=color, weight=weight, ha=align, va=valign
        )

    def add_image(self, x: int, y: int, image: np.ndarray, size: tuple[int, int], white: float) -> None:
        """Put an image (channels, height, width), black at 0, white at ``white``, in this height and width."""
        pixels = paint(resize(image, size) / white)
        bottom = self.height - self.top - y - len(pixels)
        self.figure.figimage(pixels, x, bottom, origin="upper")

    def add_axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Put a plot of this size, its left upper corner at ``x`` and ``y``; ticks and labels come outside."""
        bottom = self.height - self.top - y - height
        return self.figure.add_axes((x / self.width, bottom / self.height, width / self.width, height / self.height))

    def add_cover(self) -> Axes:
        """Put a plot as large as the body, whose units are pixels from its left upper corner."""
        axes = self.add_axes(0, 0, self.width, self.height - self.top)
        axes.set_axis_off()
        axes.set_autoscale_on(False)
        axes.set_xlim(0, self.width)
        axes.set_ylim(self.height - self.top, 0)
        return axes

    def add_legend(self, axes: Axes, columns: int = 1, *, x: float = 0) -> None:
        """Put a plot's legend below its horizontal axis and its label, ``x`` pixels from the plot's left edge."""
        box = axes.get_position()
        place = x / self.width / box.width, -52 / self.height / box.height
        axes.legend(loc="upper left", bbox_to_anchor=place, ncols=columns, columnspacing=1.4)

    def explain(self, artist: Artist, *texts: str) -> None:
        """Give something drawn a text that a page of HTML shows when it is pointed at; to markers one each."""
        key = f"pointed-{len(self.pointed)}"
        artist.set_gid(key)
        self.pointed[key] = list(map(printable, texts))

    def save(self, path: Path) -> None:
        """Write the canvas as PNG, or as SVG if the file's name ends so; whole or not at all."""
        write_atomically(path, self.to_svg() if path.suffix.lower() == ".svg" else self.to_png())

    def to_png(self, zoom: int = 1) -> bytes:
        """Return the canvas as PNG, the same bytes for the same canvas; images on it cannot be zoomed."""
        with theme():
            self.figure.set_dpi(DPI * zoom)
            agg = FigureCanvasAgg(self.figure)
            # Not by savefig, which adds the version of matplotlib to the file.
            agg.draw()  # type: ignore[no-untyped-call]  # matplotlib's own has no types
            pixels = np.asarray(agg.buffer_rgba())  # type: ignore[no-untyped-call]  # the same
            self.figure.set_dpi(DPI)
        content = io.BytesIO()
        Image.fromarray(pixels).convert("RGB").save(content, "PNG", dpi=(DPI * zoom, DPI * zoom))
        return content.getvalue()

    def to_svg(self) -> bytes:
        """Return the canvas as a file of SVG with its letters as outlines, the same bytes for the same canvas."""
        return self._write_svg("path")

    def to_element(self, key: str, description: str) -> str:
        """Return the canvas as an element for a page of HTML, in its font and colours; ``key`` sets its ids apart."""
        self.figure.patch.set_visible(False)
        content = self._write_svg("none")
        self.figure.patch.set_visible(True)
        variables = {color: f"var(--{name})" for color, name in VARIABLES.items()}
        return embed_svg(content, key, printable(description), variables, self.pointed)

    def _write_svg(self, letters: Literal["path", "none"]) -> bytes:
        content = io.BytesIO()
        with theme(), rc_context({"svg.fonttype": letters}):
            FigureCanvasSVG(self.figure).print_svg(content, metadata=dict.fromkeys(_DATED))  # type: ignore[no-untyped-call]  # as above
        return content.getvalue()


@cache
def _letters() -> frozenset[int]:
    """Return the numbers of the characters that the font has."""
    return frozenset(get_font(findfont(FontProperties(family=FONT))).get_charmap())


def make_printable(text: str) -> str:
    """Return the text in characters that the font has, a white square for each other; matplotlib would warn of them."""
    visible = (char for char in " ".join(text.split()) if unicodedata.category(char) not in {"Cc", "Cf", "Mn"})
    return "".join(char if ord(char) in _letters() else _MISSING for char in visible)


def measure_text(text: str, size: float, weight: Literal["normal", "bold"] = "normal") -> float:
    """Return the width of a line of printable text in pixels."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) * DPI / 72


def cut_text(text: str, width: float, size: float, weight: Literal["normal", "bold"] = "normal") -> str:
    """Return the text in printable characters, as much of it as fits into this width in pixels, with an ellipsis."""
    text = make_printable(text[:1000])
    if measure_text(text, size, weight) <= width:
        return text
    lengths = range(len(text))
    fitting = bisect(lengths, width, key=lambda length: measure_text(_clip(text, length), size, weight))
    return _clip(text, max(1, fitting - 1))


def _clip(text: str, length: int) -> str:
    return text[:length].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def wrap_text(text: str, width: float, size: float) -> list[str]:
    """Return the text in at most three bold lines of this width in pixels; an ellipsis stands for the rest."""
    text = make_printable(text[:1000])
    letters = 200
    while True:
        lines = textwrap.wrap(text, letters, max_lines=_TITLE_LINES, placeholder=" \N{HORIZONTAL ELLIPSIS}")
        widest = max((measure_text(line, size, "bold") for line in lines), default=0)
        if widest <= width or letters <= _MIN_LETTERS:
            return lines
        letters = max(_MIN_LETTERS, min(letters - 1, int(letters * width / widest)))
