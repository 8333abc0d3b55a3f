"""A page to draw on: a matplotlib figure without pyplot, laid out in pixels below a title of any length and script."""

from __future__ import annotations

import io
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path
from PIL import Image

from mnistspec.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from torch import Tensor

DPI = 120
MARGIN = 24
FONT = "DejaVu Sans"  # ships with matplotlib: the same letters on every machine
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 12.0, 9.0, 8.0  # points

INK, GREY, FAINT = "#222222", "#666666", "#d9d9d9"
# Two colours of M. Okabe and K. Ito's palette, which colour-blind readers can tell apart.
BLUE, VERMILION = "#0072b2", "#d55e00"

_LINE = 26  # pixels from one line of the title to the next
_TITLE_LINES = 3
_MIN_LETTERS = 8  # of a line, however narrow the page
_DATED = ("Date", "Creator")  # of an SVG's metadata: they change with the day and the version
_MISSING = "\N{WHITE SQUARE}"


class Page:
    """A white page of ``width`` pixels; below its title and its note it has a body of ``height`` pixels.

    Places are in pixels from the left edge of the page and from the top of the body.
    """

    def __init__(self, width: int, height: int, title: str, note: str = "") -> None:
        title_lines = wrap_text(title, width - 2 * MARGIN, TITLE_SIZE)
        note_lines = wrap_text(note, width - 2 * MARGIN, TEXT_SIZE)
        self.top = MARGIN
        self.width, self.height = width, height + MARGIN + _LINE * len(title_lines + note_lines)
        self.figure = Figure((width / DPI, self.height / DPI), dpi=DPI, facecolor="white")
        self.figure.set_layout_engine("none")
        self.canvas = FigureCanvasAgg(self.figure)
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
        return self.figure.text(
            x / self.width, 1 - (self.top + y) / self.height, make_printable(text), parse_math=False,
            family=FONT, size=size, color=color, weight=weight, ha=align, va=valign,
        )  # fmt: skip

    def add_image(self, x: int, y: int, image: Tensor, scale: int, white: float) -> None:
        """Put an image (height, width), black at 0 and white at ``white``, each of its pixels a square of ``scale``."""
        pixels = np.kron(image.numpy(force=True), np.ones((scale, scale)))
        bottom = self.height - self.top - y - len(pixels)
        self.figure.figimage(pixels, x, bottom, cmap="gray", vmin=0, vmax=white, origin="upper")

    def add_axes(self, x: int, y: int, width: int, height: int) -> Axes:
        """Put a plot of this size, its left upper corner at ``x`` and ``y``; ticks and labels come outside."""
        bottom = self.height - self.top - y - height
        axes = self.figure.add_axes(
            (x / self.width, bottom / self.height, width / self.width, height / self.height), facecolor="white"
        )
        axes.tick_params(labelsize=SMALL_SIZE, colors=INK, labelfontfamily=FONT)
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    def save(self, path: Path) -> None:
        """Write the page as PNG, or as SVG if the file's name ends so; whole or not at all."""
        write_atomically(path, self.to_svg() if path.suffix.lower() == ".svg" else self.to_png())

    def to_png(self) -> bytes:
        """Return the page as PNG, the same bytes for the same page."""
        # Not by savefig, which heeds the user's matplotlibrc and adds the version of matplotlib to the file.
        self.canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's own has no types
        pixels = np.asarray(self.canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # the same
        content = io.BytesIO()
        Image.fromarray(pixels).convert("RGB").save(content, "PNG", dpi=(DPI, DPI), optimize=True)
        return content.getvalue()

    def to_svg(self) -> bytes:
        """Return the page as SVG with its letters as outlines, the same bytes for the same page."""
        content = io.BytesIO()
        settings = {"svg.hashsalt": "mnistspec", "svg.fonttype": "path", "svg.image_inline": True}
        with rc_context(settings):  # type: ignore[arg-type]  # its keys are literals to the type checker
            FigureCanvasSVG(self.figure).print_svg(content, metadata=dict.fromkeys(_DATED))  # type: ignore[no-untyped-call]
        return content.getvalue()


def label_axes(axes: Axes, x: str, y: str = "") -> None:
    """Write what the horizontal and the vertical axis show."""
    axes.set_xlabel(x, family=FONT, size=TEXT_SIZE, color=INK)
    axes.set_ylabel(y, family=FONT, size=TEXT_SIZE, color=INK)


def make_printable(text: str) -> str:
    """Return the text in characters that the font has, a white square for each other; matplotlib would warn of them."""
    font = get_font(findfont(FontProperties(family=FONT)))
    visible = (char for char in " ".join(text.split()) if unicodedata.category(char) not in {"Cc", "Cf", "Mn"})
    return "".join(char if font.get_char_index(ord(char)) else _MISSING for char in visible)


def measure_text(text: str, size: float, weight: Literal["normal", "bold"] = "normal") -> float:
    """Return the width of a line of printable text in pixels."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) * DPI / 72


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
