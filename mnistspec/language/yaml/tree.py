"""A YAML text as a tree in which every key and value knows its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistspec.language.yaml.diagnostics import Span

Value: TypeAlias = bool | int | float | str | None


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


def list_places(node: Node) -> Iterator[Span]:
    """Yield the places of a tree's keys and values."""
    yield node.span
    below = node.items if isinstance(node, Sequence) else ()
    if isinstance(node, Mapping):
        yield from (entry.key for entry in node.entries.values())
        below = tuple(entry.node for entry in node.entries.values())
    for child in below:
        yield from list_places(child)


def is_null(node: Node | None) -> bool:
    """Return whether there is nothing: no node, or a value left out or written as null."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def plain(node: Node) -> object:
    """Return a node as plain Python; lists become tuples, as the strict models want them."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return tuple(plain(item) for item in node.items)
    return {key: plain(entry.node) for key, entry in node.entries.items()}
