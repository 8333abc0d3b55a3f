"""A report as one page of HTML: no script, no request, everything inside."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from mnistspec.views.formats import format_share
from mnistspec.views.report.wording import KINDS, mark_of, with_arrows

if TYPE_CHECKING:
    from torch import Tensor

    from mnistspec.views.report.contents import Report
    from mnistspec.views.report.sections import Figure


def render_html(report: Report) -> str:
    """Return the page; every text in it is escaped, whoever wrote it."""
    environment = Environment(
        loader=PackageLoader("mnistspec.views.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "svg": _draw, "png": _embed, "pixels": _embed_image, "share": format_share, "mark": mark_of,
        "arrows": with_arrows,
    }  # fmt: skip
    return environment.get_template("report.html").render(report=report, kinds=KINDS)


def _draw(figure: Figure) -> Markup:
    return Markup(figure.chart.to_svg(figure.key, figure.description))  # noqa: S704 - serialised as XML, so escaped


def _embed(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _embed_image(image: Tensor) -> str:
    """Return an image (height, width), uint8, one pixel a pixel; the page enlarges it."""
    content = io.BytesIO()
    Image.fromarray(image.numpy(force=True)).save(content, "PNG", optimize=True)
    return _embed(content.getvalue())
