"""A report as Markdown, as GitHub reads it, with its pictures as PNG files beside it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from mnistspec.views.pictures.confusion import draw_confusion
from mnistspec.views.pictures.mistakes import draw_mistakes
from mnistspec.views.report.rendering import render
from mnistspec.wording import markdown_table, printable_lines

if TYPE_CHECKING:
    from mnistspec.views.report.contents import Report
    from mnistspec.views.report.sections import Section
    from mnistspec.views.report.tables import Table

_ZOOM = 2  # of charts, for sharp letters
_SPECIAL = re.compile(r"([\\`*_\[\]|~$#!@])")


def render_markdown(report: Report, folder: str) -> tuple[str, dict[str, bytes]]:
    """Return the text, and the pictures by name; ``folder`` is where they will lie, as seen from the text.

    Every text in it is escaped, whoever wrote it.
    """
    pictures = {f"{figure.key}.png": figure.chart.to_png(_ZOOM) for figure in report.figures}
    for section in report.sections:
        pictures |= _draw(section)
    filters = {"rows": _write_table, "code": _write_code}
    address = Markup(quote(os.fsencode(folder)))  # noqa: S704 - escaped as an address
    text = render("report.md", filters, escape_markdown, report=report, folder=address)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n", pictures


def escape_markdown(text: str) -> Markup:
    """Return a text on one line in which nothing is markup, neither Markdown's nor HTML's."""
    text = " ".join(printable_lines(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1&#8203;\2", text)  # a bare address would become a link
    return Markup(_SPECIAL.sub(r"\\\1", text))  # noqa: S704 - escaped just now


def _write_code(text: str) -> Markup:
    """Return a text as code on one line, in more backquotes than it has in a row."""
    line = " ".join(printable_lines(text).split())
    longest = max(map(len, re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    return Markup(f"{fence} {line} {fence}")  # noqa: S704 - a code span has no markup inside


def _write_table(table: Table) -> Markup:
    marks = [":--" if index in table.words else "--:" for index in range(len(table.head))]
    head, *rows = ([escape_markdown(text) for text in row] for row in (table.head, *table.rows))
    return Markup(markdown_table(head, rows, marks))  # noqa: S704 - escaped just now


def _draw(section: Section) -> dict[str, bytes]:
    pictures = {f"{figure.key}.png": figure.chart.to_png(_ZOOM) for figure in section.curves}
    pictures |= {f"{picture.key}.png": picture.content for picture in section.pictures}
    if section.errors:
        analysis = section.errors.analysis
        title = f"{section.label}: {section.errors.images}, "
        matrix = draw_confusion(analysis.confusion, analysis.class_names, title=title + section.errors.seeds)
        pictures[f"{section.key}-confusion.png"] = matrix.to_png()
        if analysis.mistakes:
            title += f"seed {section.errors.seed}"
            gallery = draw_mistakes(analysis.mistakes, analysis.wrong, analysis.class_names, title=title)
            pictures[f"{section.key}-mistakes.png"] = gallery.to_png()
    return pictures
