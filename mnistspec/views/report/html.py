"""A report as one page of HTML: no script, no request, everything inside."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from PIL import Image

from mnistspec.views.pictures.canvas import VARIABLES
from mnistspec.views.pictures.sizes import fit_size, resize
from mnistspec.views.report.rendering import render
from mnistspec.views.writing import format_share

if TYPE_CHECKING:
    from mnistspec.views.report.contents import Report
    from mnistspec.views.report.sections import Figure

_IMAGE, _LARGEST = 64, 96  # pixels of an image that is enlarged, and of any, at most
_SHARP = 2  # pixels of a reduced image for one of the page, for sharp screens


def render_html(report: Report) -> str:
    """Return the page; every text in it is escaped, whoever wrote it."""
    filters = {"svg": _draw, "png": _embed, "pixels": _embed_image, "sides": _write_sides, "share": format_share}
    return render("report.html", filters, report=report, colors=VARIABLES)


def _draw(figure: Figure) -> Markup:
    return Markup(figure.chart.to_element(figure.key, figure.description))  # noqa: S704 - serialised as XML, so escaped


def _embed(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _embed_image(image: np.ndarray) -> str:
    """Return an image (channels, height, width), uint8, grey or colour, one pixel a pixel; the page enlarges it.

    One that is shown far smaller than it is, is reduced.
    """
    height, width = (_SHARP * side for side in _fit(image))
    if width < image.shape[2]:
        image = resize(image, (height, width)).round().astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(content, "PNG", optimize=True)
    return _embed(content.getvalue())


def _fit(image: np.ndarray) -> tuple[int, int]:
    return fit_size(image.shape[1:], _IMAGE, _LARGEST)


def _write_sides(image: np.ndarray) -> Markup:
    height, width = _fit(image)
    return Markup(f'width="{width}" height="{height}"')  # noqa: S704 - two numbers
