"""PyYAML's syntax errors in words for people who never read a grammar of YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.language.yaml.diagnostics import Source, Span
from mnistspec.language.yaml.scanner import HALF_A_CHARACTER, INDENTED_BY_TAB

if TYPE_CHECKING:
    import yaml

_QUOTES = "put text that begins with this character in quotes"

# What PyYAML's problem contains, what that means, what to do.
_WORDS = (
    (INDENTED_BY_TAB, "a tab stands where YAML wants spaces", "indent with spaces"),
    (HALF_A_CHARACTER, "half of a character stands alone",
     'write the whole character, or its escape, such as "\\U0001F600"'),
    ("mapping values are not allowed", "a colon is not expected here",
     'put text that contains ": " in quotes, and give each key a line of its own'),
    ("could not find expected ':'", "a key without a colon", 'a key needs a colon and a space behind it: "key: value"'),
    ("expected <block end>", "this does not line up with what is above",
     "the items of one list, and the keys of one mapping, begin in the same column"),
    ("expected ',' or ']'", "a list that begins here is not closed",
     'separate its items with commas and end it with "]"'),
    ("expected ',' or '}'", "a mapping that begins here is not closed",
     'separate its keys with commas and end it with "}"'),
    ("found unexpected end of stream", "a quote that begins here is not closed", "end it with the same quote"),
    ("found unexpected document separator", "a quote that begins here is not closed", "end it with the same quote"),
    ("sequence entries are not allowed", "a dash is not expected here", "begin a list on a line of its own"),
    ("found unknown escape character", "this escape does not exist",
     "write \\\\ for a backslash, or use 'single quotes'"),
    ("that cannot start any token", "a value cannot begin with this character", _QUOTES),
    ("expected alphabetic or numeric character", "a value cannot begin with this character", _QUOTES),
    (", but found", "this is not expected here", _QUOTES),
)  # fmt: skip
_AT_THE_START = ("not closed",)  # these are shown where the thing begins, not where the text ends


def explain(error: yaml.MarkedYAMLError, source: Source) -> tuple[str, Span, str]:
    """Return what is wrong, where, and what to do."""
    problem = error.problem or error.context or "this cannot be read"
    message, help_text = next((words for part, *words in _WORDS if part in problem), (problem, ""))
    mark = error.problem_mark or error.context_mark
    if message.endswith(_AT_THE_START):
        mark = error.context_mark or mark
    span = Span(source, mark.line + 1, mark.column + 1) if mark else Span(source, 1, 1)
    return f"not YAML: {message}", span, help_text
