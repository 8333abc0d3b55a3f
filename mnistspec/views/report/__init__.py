"""The report of runs: one page of HTML that needs nothing else, or Markdown with pictures beside it."""

from mnistspec.views.report.contents import Report, make_report
from mnistspec.views.report.html import render_html
from mnistspec.views.report.markdown import render_markdown

__all__ = ["Report", "make_report", "render_html", "render_markdown"]
