"""Located errors: data first, then their rendering in the compiler's form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

from mnistspec.errors import SpecError
from mnistspec.language.yaml.tree import list_places
from mnistspec.wording import plural, printable, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnistspec.language.yaml.tree import Node

SETTING = "--set"  # the name of a source that is a setting
MAX_SHOWN = 100  # errors in one message; all of them are in InvalidSpecError.diagnostics

_LINE_BREAK = re.compile("\r\n|[\r\n]")  # what YAML 1.2 counts as a line break
_WIDEST_LINE = 100


class Override(str):
    """A setting that an option of its own gives, such as ``train.epochs=3`` by ``--epochs 3``."""

    __slots__ = ("option",)
    option: str

    def __new__(cls, option: str, setting: str) -> Self:
        """Return the setting with the option's name."""
        override = super().__new__(cls, setting)
        override.option = option
        return override


@dataclass(frozen=True, eq=False)
class Source:
    """A text that spans point into, itself and no equal one: a spec file, or a setting given on the command line."""

    name: str
    text: str
    is_option: bool = False  # then the name says where, and the text is nothing that the user wrote

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their ends."""
        return _LINE_BREAK.split(self.text)

    def span_at(self, index: int) -> Span:
        """Return the place of the character with this index."""
        before = _LINE_BREAK.split(self.text[:index])
        return Span(self, len(before), len(before[-1]) + 1)


@dataclass(frozen=True)
class Span:
    """A piece of one line; line and column count from 1, in characters."""

    source: Source
    line: int
    column: int
    length: int = 1

    @property
    def where(self) -> str:
        """``file:line:column``, as editors understand it, or the option that is wrong."""
        return self.source.name if self.source.is_option else f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One error of a spec, or one warning: a stable code, what is wrong, where, and what to do."""

    code: str
    message: str
    span: Span
    help: str = ""
    notes: tuple[str, ...] = ()
    is_warning: bool = False  # then the spec is valid all the same

    def render(self) -> str:
        """Return the error with its source line, carets, notes and help, over several lines, safe for a terminal."""
        tail = [f"     = note: {note}" for note in self.notes]
        if self.help:
            tail.append(f"     = help: {self.help}")
        head = f"{self.span.where}: {'warning: ' if self.is_warning else ''}{self.message} [{self.code}]"
        return "\n".join(printable(line) for line in (head, *_excerpt(self.span), *tail))

    def as_json(self) -> dict[str, object]:
        """Return the error as plain data for ``--json``."""
        return {
            "code": self.code,
            "file": self.span.source.name,
            "line": self.span.line,
            "column": self.span.column,
            "length": self.span.length,
            "message": self.message,
            "help": self.help,
            "notes": list(self.notes),
        }


class InvalidSpecError(SpecError):
    """A spec with one or more located errors."""

    def __init__(self, file: str, diagnostics: Iterable[Diagnostic]) -> None:
        self.file = file
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: (d.span.source.name, d.span.line, d.span.column)))
        count = len(self.diagnostics)
        total = f"{plural(count, 'error')} in {printable(file)}"
        if count > MAX_SHOWN:
            total += f"; the first {MAX_SHOWN} are shown"
        text = "\n".join([*(d.render() for d in self.diagnostics[:MAX_SHOWN]), total])
        super().__init__(text, self.diagnostics[0].code)


@dataclass
class Collector:
    """Gathers the errors of one spec, each place and sentence once."""

    file: str
    diagnostics: dict[tuple[Source, int, int, str], Diagnostic] = field(default_factory=dict)
    muted: set[tuple[Source, int, int]] = field(default_factory=set)  # places at which it is not known what was meant

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        help: str = "",  # noqa: A002 - the word that compilers print
        notes: tuple[str, ...] = (),
    ) -> None:
        """Note an error; one that was seen at the same place already (a group's, used twice) is dropped."""
        place = (span.source, span.line, span.column)
        if place not in self.muted:
            self.diagnostics.setdefault((*place, message), Diagnostic(code, message, span, help, notes))
        if code == "E107":
            self.muted.add(place)

    def mute(self, span: Span, node: Node | None) -> None:
        """Note no more errors at a place that was guessed at, nor within what stands there."""
        place = (span.source, span.line, span.column)
        if place in self.muted:
            return
        self.muted.add(place)
        if node is not None:
            self.muted.update((place.source, place.line, place.column) for place in list_places(node))

    def take(self, other: Collector) -> None:
        """Add what another collector gathered."""
        self.diagnostics |= other.diagnostics
        self.muted |= other.muted

    def suggest(self, word: str, choices: Iterable[str], aliases: Mapping[str, str] | None = None) -> str | None:
        """Return what ``suggest`` does, as long as somebody will read it: thousands of suggestions take seconds."""
        return suggest(word, choices, aliases) if len(self.diagnostics) < MAX_SHOWN else None


def _excerpt(span: Span) -> list[str]:
    """Return the source line and the line with the carets under it."""
    if span.source.is_option or not 1 <= span.line <= len(span.source.lines):
        return []
    line = span.source.lines[span.line - 1]
    start, length = span.column - 1, span.length
    if len(line) > _WIDEST_LINE:  # keep the part around the caret
        first = max(0, min(start - _WIDEST_LINE // 2, len(line) - _WIDEST_LINE))
        line, start = line[first : first + _WIDEST_LINE], start - first
    line = printable(line)
    if not line.strip():
        return []
    length = max(1, min(length, len(line) - start))
    pad = " " * (8 + _width(line[:start]))
    return [f"{span.line:5} | {line}", pad + "^" * max(1, _width(line[start : start + length]))]


def _width(text: str) -> int:
    """Return the number of terminal cells of a text."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
