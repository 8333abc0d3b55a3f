"""A chart that is drawn once and shown twice: as SVG in the colours of the page around it, and as PNG."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

FONT = "DejaVu Sans"  # ships with matplotlib; the SVG takes the font of the page, which is no wider
SIZE, SMALL = 11.0, 10.0  # points
# The colours of a light page; the SVG names the variables, to which the page gives a value for each theme.
INK, GREY, RULE, TRAIN, TEST, REFERENCE = "#1b1b1a", "#62605b", "#dedbd4", "#1f6aa8", "#b5481a", "#4f7322"
_VARIABLES = {
    INK: "--ink", GREY: "--grey", RULE: "--rule", TRAIN: "--train", TEST: "--test", REFERENCE: "--reference",
}  # fmt: skip
_DPI = 72  # a unit of the SVG is a point
_PNG_DPI = 160
_HOVER = "hover:"  # begins the id of what shows a text when it is pointed at
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "mnistspec", "svg.image_inline": True}


class Chart:
    """One plot of ``width`` x ``height`` points; whatever is drawn has one of the colours above."""

    def __init__(self, width: float, height: float, margins: tuple[float, float, float, float]) -> None:
        """Make an empty plot with margins (left, top, right, bottom) in points."""
        left, top, right, bottom = margins
        with _defaults():
            self.figure = Figure((width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
            box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
            self.axes: Axes = self.figure.add_axes(box, facecolor="none")
        self.axes.spines[["top", "right"]].set_visible(False)
        self.axes.spines[["left", "bottom"]].set_color(GREY)
        self.axes.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK, labelfontfamily=FONT)
        self.axes.set_axisbelow(True)

    def label(self, x: str, y: str = "") -> None:
        """Write what the axes show."""
        self.axes.set_xlabel(x, family=FONT, size=SIZE, color=INK)
        self.axes.set_ylabel(y, family=FONT, size=SIZE, color=INK)

    def explain(self, columns: int = 2) -> None:
        """Put the legend below the plot."""
        handles, labels = self.axes.get_legend_handles_labels()
        self.figure.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(0, 0), ncols=columns, frameon=False, labelcolor=INK,
            prop={"family": FONT, "size": SMALL}, handlelength=2.4, columnspacing=1.4, borderaxespad=0.2,
        )  # fmt: skip

    def to_svg(self, key: str, description: str) -> str:
        """Return the chart as an element for a page of HTML; ``key`` keeps its ids apart from those of others."""
        content = io.BytesIO()
        self.figure.patch.set_visible(False)
        with _defaults():
            FigureCanvasSVG(self.figure).print_svg(content, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]  # matplotlib's own has no types
        self.figure.patch.set_visible(True)
        return _adapt(content.getvalue(), key, description)

    def to_png(self) -> bytes:
        """Return the chart as PNG on white."""
        content = io.BytesIO()
        with _defaults():
            self.figure.set_dpi(_PNG_DPI)
            FigureCanvasAgg(self.figure).print_png(content, metadata={"Software": None})  # type: ignore[no-untyped-call]  # the same
            self.figure.set_dpi(_DPI)
        return content.getvalue()


def hover(artist: Artist, text: str) -> None:
    """Give something drawn a text that is shown when it is pointed at."""
    artist.set_gid(f"{_HOVER}{text}")


def _defaults() -> AbstractContextManager[None]:
    """Return matplotlib's own settings, whatever the user's are."""
    return style.context(["default", _SETTINGS], after_reset=True)


def _adapt(content: bytes, key: str, description: str) -> str:
    """Make an SVG file an element of a page: no namespaces, no sizes, no ids but those in use, colours by variables."""
    root = ET.fromstring(content)  # noqa: S314 - written by matplotlib just now
    for parent in list(root.iter()):
        parent.tag = parent.tag.rpartition("}")[2]
        for child in list(parent):
            if child.tag.rpartition("}")[2] in {"metadata", "style"}:
                parent.remove(child)
        for name in list(parent.attrib):
            value = parent.attrib.pop(name)
            parent.set(name.rpartition("}")[2], value)
    used = set(_references(root))
    for element in list(root.iter()):
        _adapt_ids(element, used, key)
        for name, value in element.attrib.items():
            if name != "viewBox":
                element.set(name, _shorten(_use_variables(value)))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", description)
    return re.sub(r">\s+<", "><", ET.tostring(root, encoding="unicode"))


def _references(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        for value in element.attrib.values():
            yield from re.findall(r"url\(#([^)]+)\)", value)
        if element.get("href", "").startswith("#"):
            yield element.attrib["href"][1:]


def _adapt_ids(element: ET.Element, used: set[str], key: str) -> None:
    name = element.attrib.pop("id", "")
    if name.startswith(_HOVER):
        title = ET.Element("title")
        title.text = name.removeprefix(_HOVER)
        element.insert(0, title)
    elif name in used:
        element.set("id", f"{key}-{name}")
    if element.get("href", "").startswith("#"):
        element.set("href", f"#{key}-{element.attrib['href'][1:]}")
    for attribute in ("clip-path", "style"):
        if "url(#" in element.get(attribute, ""):
            element.set(attribute, element.attrib[attribute].replace("url(#", f"url(#{key}-"))


def _use_variables(text: str) -> str:
    return re.sub(
        "#[0-9a-f]{6}", lambda match: f"var({_VARIABLES[match[0]]})" if match[0] in _VARIABLES else match[0], text
    )


def _shorten(text: str) -> str:
    """Write numbers with two decimals, a hundredth of a point."""
    return re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", text)
