"""A report as one page of HTML: no script, no request, everything inside."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING

from markupsafe import Markup
from PIL import Image

from mnistspec.views.pictures.canvas import VARIABLES
from mnistspec.views.report.rendering import render
from mnistspec.views.writing import format_share

if TYPE_CHECKING:
    import numpy as np

    from mnistspec.views.report.contents import Report
    from mnistspec.views.report.sections import Figure


def render_html(report: Report) -> str:
    """Return the page; every text in it is escaped, whoever wrote it."""
    filters = {"svg": _draw, "png": _embed, "pixels": _embed_image, "share": format_share}
    return render("report.html", filters, report=report, colors=VARIABLES)


def _draw(figure: Figure) -> Markup:
    return Markup(figure.chart.to_element(figure.key, figure.description))  # noqa: S704 - serialised as XML, so escaped


def _embed(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _embed_image(image: np.ndarray) -> str:
    """Return an image (channels, height, width), uint8, grey or colour, one pixel a pixel; the page enlarges it."""
    content = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(content, "PNG", optimize=True)
    return _embed(content.getvalue())
