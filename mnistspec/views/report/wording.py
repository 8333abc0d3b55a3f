"""The words of a report that HTML and Markdown share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistspec.views.terminal.difference_lines import Line

# The marks of ``mnistspec diff``, and what each of them means.
_MARKS = {"added": "+", "removed": "\N{MINUS SIGN}", "moved": ">", "changed": "~", "same": "="}
KINDS = {"added": "added", "removed": "removed", "moved": "moved", "changed": "changed", "same": "unchanged"}


def mark_of(line: Line) -> str:
    """Return the mark of a line of a difference."""
    return _MARKS[line.kind]


def with_arrows(text: str) -> str:
    """Return a text of ``mnistspec diff`` with real arrows."""
    return text.replace(" -> ", " \N{RIGHTWARDS ARROW} ")
