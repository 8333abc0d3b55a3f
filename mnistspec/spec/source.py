"""Strict YAML with a place for every key and value.

Scalars follow YAML 1.2's core schema (PyYAML's own resolver is YAML 1.1: `1e-3` is text there and `no` a boolean). Tags, anchors,
aliases, merges, duplicate keys and numbers that start with 0 are errors; size, depth and count are capped before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from mnistspec.errors import UsageError
from mnistspec.spec.diagnostics import Collector, Source, Span, quote

MAX_BYTES = 64 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_DIGITS = 100

Value: TypeAlias = None | bool | int | float | str


@dataclass(frozen=True)
class Scalar:
    """A value; ``text`` is how it was written."""

    value: Value
    text: str
    span: Span


@dataclass(frozen=True)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True)
class Entry:
    """What stands behind a key, and where the key stands."""

    key: Span
    node: Node


@dataclass(frozen=True)
class Mapping:
    """Keys, always text, and what stands behind them."""

    entries: dict[str, Entry]
    span: Span


Node: TypeAlias = Scalar | Sequence | Mapping


class _Unreadable(Exception):  # noqa: N818 - control flow of this module: the error itself is in the collector
    """The rest of the text cannot be read."""


def read_file(path: Path, collector: Collector) -> Node | None:
    """Return the tree of a spec file; errors go to the collector, a file that cannot be opened is a UsageError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read the spec {quote(str(path))}: {reason}") from None
    return read_bytes(data, str(path), collector)


def read_bytes(data: bytes, name: str, collector: Collector) -> Node | None:
    """Return the tree of a spec's bytes, or None where the collector says why not."""
    start = Span(Source(name, ""), 1, 1)
    if len(data) > MAX_BYTES:
        collector.add("E101", f"a spec may have {MAX_BYTES // 1024} KiB; this file has more", start)
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not valid UTF-8"
        collector.add("E102", message, Span(start.source, line, 1), help="save the file with the encoding UTF-8")
        return None
    return read_text(text, name, collector)


def read_text(text: str, name: str, collector: Collector) -> Node | None:
    """Return the tree of a spec's text, or None where the collector says why not."""
    source = Source(name, text)
    try:
        return _Composer(source, collector).compose()
    except _Unreadable:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(source, mark.line + 1, mark.column + 1) if mark else Span(source, 1, 1)
        collector.add("E103", f"not YAML: {error.problem or error.context}", span, help=_yaml_help(error, source, span))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character U+{error.character:04X} may not stand in YAML"
        collector.add("E103", message, Span(source, line, 1), help="remove it")
    return None


def _yaml_help(error: yaml.MarkedYAMLError, source: Source, span: Span) -> str:
    line = source.lines[span.line - 1] if span.line <= len(source.lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in (error.problem or ""):
        return "YAML is indented with spaces, not tabs"
    if "could not find expected ':'" in (error.problem or ""):
        return 'a key needs a colon and a space behind it: "key: value"'
    if "mapping values are not allowed" in (error.problem or ""):
        return 'put text that contains ": " in quotes, and give each key a line of its own'
    if "expected <block end>" in (error.problem or ""):
        return "the items of one list or mapping begin in the same column"
    return ""


@dataclass
class _Composer:
    """Builds the tree from PyYAML's events, so that nothing is expanded or constructed that was not checked."""

    source: Source
    collector: Collector
    count: int = 0

    def compose(self) -> Node | None:
        events = yaml.parse(self.source.text, Loader=yaml.SafeLoader)
        tree: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and event.tags:
                self._fail("E105", "tag directives are not allowed", event, "remove the line")
            elif isinstance(event, yaml.DocumentStartEvent) and tree is not None:
                self._fail("E104", "a spec is one YAML document; a second one begins here", event, 'remove the "---"')
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, events, 0)
        if tree is None:
            self.collector.add("E104", "the file is empty", Span(self.source, 1, 1), help="mnistspec -h shows a spec")
        return tree

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1_000_000  # clipped to the line when shown
        return Span(self.source, start.line + 1, start.column + 1, max(1, length))

    def _fail(self, code: str, message: str, event: yaml.Event, help: str = "") -> None:  # noqa: A002 - see Collector.add
        self.collector.add(code, message, self._span(event), help=help)
        raise _Unreadable

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            self._fail("E101", f"a spec may have {MAX_NODES:,} keys and values; this one has more", event)
        if depth > MAX_DEPTH:
            self._fail("E101", f"lists and mappings may be nested {MAX_DEPTH} deep; these are deeper", event)
        self._reject_indirection(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth)
        return self._scalar(event)

    def _reject_indirection(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._fail("E105", "aliases are not allowed", event, "write the value out, or name a group under blocks:")
        if event.anchor is not None:
            self._fail("E105", "anchors are not allowed", event, "write the value out, or name a group under blocks:")
        if event.tag is not None:
            self._fail("E105", f"the tag {quote(event.tag)} is not allowed: a spec holds plain values", event, "remove it")

    def _sequence(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Sequence:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return Sequence(tuple(items), self._first_line(start))

    def _mapping(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._fail("E104", "a key is a single word", event)
            self._reject_indirection(event)
            key, span = event.value, self._span(event)
            if key == "<<" and event.implicit[0]:
                self._fail("E105", "merge keys are not allowed", event, "use extends:, defaults: or a group under blocks:")
            node = self._node(next(events), events, depth + 1)
            if key in entries:
                first = entries[key].key.line
                self.collector.add("E106", f"the key {quote(key)} is here twice; first on line {first}", span, help="keep one")
            else:
                entries[key] = Entry(span, node)
        return Mapping(entries, self._first_line(start))

    def _first_line(self, start: yaml.Event) -> Span:
        return Span(self.source, start.start_mark.line + 1, start.start_mark.column + 1)

    def _scalar(self, event: yaml.Event) -> Scalar:
        span, text = self._span(event), event.value
        if not event.implicit[0]:  # quoted or a block of text
            return Scalar(text, text, span)
        if problem := _ambiguity(text):
            self.collector.add("E107", problem[0], span, help=problem[1])
            return Scalar(text, text, span)
        return Scalar(resolve(text), text, span)


_CONSTANTS: dict[str, Value] = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.capitalize(), word.upper())
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def resolve(text: str) -> Value:
    """Return the value of a plain scalar by YAML 1.2's core schema (YAML 1.2.2, section 10.3.2)."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text)
    if _OTHER_BASE.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text, 0)
    if _FLOAT.fullmatch(text) and len(text) <= MAX_DIGITS:
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _ambiguity(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a plain scalar that readers of YAML would read differently, and what to do."""
    if re.fullmatch(r"[-+]?0[0-9]+", text[: MAX_DIGITS + 1]):
        digits = text.lstrip("+-").lstrip("0") or "0"
        return f"{quote(text)} is octal to some readers and decimal to others", f"write {digits[:MAX_DIGITS]}"
    if len(text) > MAX_DIGITS and _FLOAT.fullmatch(text):
        return f"a number may have {MAX_DIGITS} digits; this one has {len(text):,}", ""
    return None
