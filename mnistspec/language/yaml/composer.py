"""Strict YAML with a place for every key and value.

Tags, anchors, aliases, merges, directives, duplicate keys and numbers that start with 0 are errors; size, depth and
count are capped before anything is built.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING, NoReturn, cast

import yaml

from mnistspec.errors import UsageError
from mnistspec.language.yaml.diagnostics import Collector, Diagnostic, Source, Span
from mnistspec.language.yaml.scalars import ambiguity, resolve
from mnistspec.language.yaml.scanner import parse
from mnistspec.language.yaml.syntax_errors import explain
from mnistspec.language.yaml.tree import Entry, Mapping, Node, Scalar, Sequence
from mnistspec.wording import printable, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 128 * 1024
MAX_DEPTH = 24
MAX_NODES = 12_000

_BYTE_ORDER_MARK = "\ufeff"


class UnreadableFileError(UsageError):
    """A spec file that cannot be opened; ``reason`` is the system's word for why."""

    def __init__(self, path: Path, error: Exception) -> None:
        self.reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f'cannot read the spec "{printable(str(path))}": {self.reason}'
        self.diagnostics = (Diagnostic("E100", message, Span(Source(str(path), ""), 1, 1)),)
        super().__init__(f"{message} [E100]", "E100")


class _Unreadable(Exception):  # noqa: N818 - control flow of this module: the error itself is in the collector
    """The rest of the text cannot be read."""


def read_file(path: Path, collector: Collector) -> Node | None:
    """Return the tree of a spec file, or None where the collector says why not; raise if it cannot be opened."""
    return read_bytes(read_source(path), str(path), collector)


def read_source(path: Path, *, only_files: bool = False) -> bytes:
    """Return the bytes of a spec file, at most one more than a spec may have; raise if it cannot be opened.

    A pipe is read to its end; one that nobody writes into is empty. With ``only_files`` it is an error, like a device.
    """
    try:
        with BufferedReader(FileIO(path, opener=_open_now)) as file:
            if only_files and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFileError(path, OSError("it is not a file"))
            os.set_blocking(file.fileno(), True)
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnreadableFileError(path, error) from None


def _open_now(path: str, flags: int) -> int:
    """Open a file without waiting for the other end of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def check_within(path: Path, folder: Path) -> None:
    """Raise UnreadableFileError for a file that is not within the folder, wherever links lead."""
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UnreadableFileError(path, OSError(f"it is outside {printable(str(folder))}"))
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableFileError(path, error) from None


def read_bytes(data: bytes, name: str, collector: Collector) -> Node | None:
    """Return the tree of a spec's bytes, or None where the collector says why not."""
    if len(data) > MAX_BYTES:
        message = f"a spec may have {MAX_BYTES // 1024} KiB; this file has more"
        collector.add("E101", message, Span(Source(name, ""), 1, 1), "is this the right file?")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        readable = Source(name, data.decode(errors="replace"))
        place = readable.span_at(len(data[: error.start].decode(errors="replace")))
        message = f"byte {error.start} of the file is not valid UTF-8"
        collector.add("E102", message, place, "save the file with the encoding UTF-8")
        return None
    return read_text(Source(name, text), collector)


def read_text(source: Source, collector: Collector, skip: int = 0) -> Node | None:
    """Return the tree of a text from its character ``skip`` on, or None where the collector says why not."""
    mark = source.text.find(_BYTE_ORDER_MARK, skip)
    if mark >= 0:
        message = "a byte order mark (U+FEFF) may only begin a file"
        collector.add("E102", message, source.span_at(mark), "remove this invisible character")
        return None
    try:
        return _Composer(source, collector).compose(" " * skip + source.text[skip:])
    except _Unreadable:
        return None
    except yaml.MarkedYAMLError as error:
        collector.add("E103", *explain(error, source))
    except yaml.reader.ReaderError as error:
        message = f"the character U+{error.character:04X} may not stand in YAML"
        collector.add("E102", message, source.span_at(error.position), "remove it")
    return None


@dataclass
class _Composer:
    """Builds the tree from PyYAML's events, so that nothing is expanded or constructed that was not checked."""

    source: Source
    collector: Collector
    count: int = 0

    def compose(self, text: str) -> Node:
        events = parse(text)
        tree: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and tree is not None:
                self._fail("E104", "a spec is one YAML document; a second one begins here", event, 'remove the "---"')
            elif isinstance(event, yaml.DocumentStartEvent) and (event.tags or event.version not in {None, (1, 2)}):
                self._fail(
                    "E105", "a spec is plain YAML 1.2; other directives are not allowed", event, "remove the line"
                )
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, events, 0)
        return tree or Scalar(None, "", Span(self.source, 1, 1))

    def _span(self, event: yaml.Event) -> Span:
        """Return the place of an event; of one that goes over several lines, the part on its first."""
        start, end = cast("yaml.Mark", event.start_mark), cast("yaml.Mark", event.end_mark)
        last = end.column if end.line == start.line else len(self.source.lines[start.line])
        return Span(self.source, start.line + 1, start.column + 1, max(1, last - start.column))

    def _fail(self, code: str, message: str, event: yaml.Event, advice: str) -> NoReturn:
        self.collector.add(code, message, self._span(event), advice)
        raise _Unreadable

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        self._count(event)
        if depth > MAX_DEPTH:
            message = f"lists and mappings may be nested {MAX_DEPTH} deep; these are deeper"
            self._fail("E101", message, event, "name a group under blocks: for what is inside")
        self._reject_indirection(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, events, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth)
        return self._scalar(cast("yaml.ScalarEvent", event))

    def _count(self, event: yaml.Event) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            message = f"a spec may have {MAX_NODES:,} keys and values; this one has more"
            self._fail("E101", message, event, "make it shorter")

    def _reject_indirection(self, event: yaml.Event) -> None:
        instead = "write the value out, or name a group under blocks:"
        if isinstance(event, yaml.AliasEvent):
            self._fail("E105", "aliases are not allowed", event, f"{instead}; text that begins with * needs quotes")
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            return
        if event.anchor is not None:
            self._fail("E105", "anchors are not allowed", event, f"{instead}; text that begins with & needs quotes")
        elif event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"the tag {quote(tag)} is not allowed: a spec holds plain values"
            self._fail("E105", message, event, "remove it; text that begins with ! needs quotes")

    def _sequence(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Sequence:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return Sequence(tuple(items), self._first_character(start))

    def _mapping(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key, span = self._key(event), self._span(event)
            node = self._node(next(events), events, depth + 1)
            if key in entries:
                message = f"the key {quote(key)} is here twice; first on line {entries[key].key.line}"
                self.collector.add("E106", message, span, "keep one")
            else:
                entries[key] = Entry(span, node)
        return Mapping(entries, self._first_character(start))

    def _key(self, event: yaml.Event) -> str:
        self._count(event)
        self._reject_indirection(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._fail("E104", "a key is a single word, not a list or a mapping", event, "write the word alone")
        if event.value == "<<" and event.implicit[0]:
            self._fail("E105", "merge keys are not allowed", event, "use extends:, defaults: or a group under blocks:")
        return str(event.value)

    def _first_character(self, start: yaml.Event) -> Span:
        return replace(self._span(start), length=1)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        span, text = self._span(event), event.value
        if not event.implicit[0]:  # quoted or a block of text
            return Scalar(text, text, span)
        if problem := ambiguity(text):
            self.collector.add("E107", problem[0], span, problem[1])
            return Scalar(text, text, span)
        return Scalar(resolve(text), text, span)
