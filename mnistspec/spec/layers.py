"""`layers:`, with `defaults:`, `repeat:` and the groups under `blocks:`, expanded to a plain list of blocks with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from pydantic import Field

from mnistspec.spec.activations import Block
from mnistspec.spec.diagnostics import Span, did_you_mean, quote, suggest
from mnistspec.spec.reader import Reader, describe
from mnistspec.spec.source import Entry, Mapping, Node, Scalar, Sequence
from mnistspec.spec.units import Model

MAX_BLOCKS = 1_000
MAX_GROUP_DEPTH = 16

_GROUP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Repeat(Model):
    """The same layers several times over, with parameters of their own each time."""

    times: int = Field(ge=1, le=MAX_BLOCKS)


@dataclass(frozen=True)
class PlacedBlock:
    """A block and where it was written; None stands for one that could not be read."""

    block: Block | None
    span: Span
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A named list of layers from `blocks:`; a parameter without a default has the entry of an empty scalar."""

    name: str
    place: Span
    parameters: dict[str, Entry]
    layers: Sequence


@dataclass(frozen=True)
class _Scope:
    """What holds inside a group: the values of its parameters, and the groups around it."""

    bindings: dict[str, Node] = field(default_factory=dict)
    chain: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _TooManyError(Exception):
    """The expansion passed MAX_BLOCKS."""


@dataclass
class Expander:
    """Expands the layers of one spec; ``used`` remembers which groups and defaults were needed."""

    reader: Reader
    defaults: dict[str, dict[str, Entry]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    count: int = 0

    def read_defaults(self, node: Node, span: Span) -> None:
        """Read `defaults:`: a mapping of arguments for each block named."""
        mapping = self.reader.mapping(node, "defaults", span)
        for word, entry in mapping.entries.items() if mapping else ():
            member = self.reader.member(Block, word, entry.key)
            arguments = self.reader.mapping(entry.node, f"the defaults of {word}", entry.key)
            if member and arguments:
                kept = self.reader.keys(word, arguments.entries, list(member.model_fields))
                self.defaults.setdefault(member.word, kept)

    def read_groups(self, node: Node, span: Span) -> None:
        """Read `blocks:`: named groups of layers."""
        mapping = self.reader.mapping(node, "blocks", span)
        for name, entry in mapping.entries.items() if mapping else ():
            if name in Block.members or name == "repeat":
                self.reader.error("E207", f"{quote(name)} is a block of its own; a group needs another name", entry.key)
            elif not _GROUP_NAME.fullmatch(name):
                message = f"{quote(name)} cannot name a group: it takes letters, digits, - and _, and begins with a letter"
                self.reader.error("E207", message, entry.key)
            elif group := self._read_group(name, entry):
                self.groups[name] = group

    def _read_group(self, name: str, entry: Entry) -> Group | None:
        body = self.reader.mapping(entry.node, f"the group {quote(name)}", entry.key)
        if body is None:
            return None
        kept = self.reader.keys(f"the group {quote(name)}", body.entries, ["parameters", "layers"])
        if "layers" not in kept:
            self.reader.error("E202", f'the group {quote(name)} needs the key "layers"', entry.key)
            return None
        layers = self.reader.sequence(kept["layers"].node, f"the layers of {quote(name)}", kept["layers"].key)
        parameters: dict[str, Entry] = {}
        if "parameters" in kept:
            mapping = self.reader.mapping(kept["parameters"].node, "parameters", kept["parameters"].key)
            parameters = dict(mapping.entries) if mapping else {}
        if layers is None or not self._check_references(name, parameters, layers):
            return None
        return Group(name, entry.key, parameters, layers)

    def _check_references(self, name: str, parameters: dict[str, Entry], layers: Sequence) -> bool:
        """Hold the group's `$name` references against its parameters, both ways."""
        references = {scalar.text[1:]: scalar.span for scalar in _references(layers)}
        for reference, span in references.items():
            if reference not in parameters:
                meant = did_you_mean(suggest(reference, parameters))
                message = f"the group {quote(name)} has no parameter {quote(reference)}{meant}"
                self.reader.error("E207", message, span, "name it under parameters:")
        for parameter, entry in parameters.items():
            if parameter not in references:
                message = f"the parameter {quote(parameter)} of the group {quote(name)} is never used"
                self.reader.error("E208", message, entry.key, f"write ${parameter} where it belongs, or remove it")
        return references.keys() <= parameters.keys()

    def expand(self, node: Node, span: Span) -> list[PlacedBlock]:
        """Return the blocks of `layers:` in order; what is wrong is noted, and every declaration has to be used."""
        blocks: list[PlacedBlock] = []
        try:
            blocks.extend(self._layers(node, span, _Scope()))
        except _TooManyError:
            self.reader.error("E304", f"a network may have {MAX_BLOCKS:,} blocks; this one has more", span)
            return []
        for name, group in self.groups.items():
            if name not in self.used:
                self.reader.error("E208", f"the group {quote(name)} is never used", group.place, "use it, or remove it")
        return blocks

    def report_unused_defaults(self, entries: dict[str, Entry]) -> None:
        """Note defaults for blocks that the network does not have."""
        for word, entry in entries.items():
            if word in self.defaults and word not in self.used:
                self.reader.error("E208", f"there are defaults for {word}, but no {word} in the network", entry.key, "remove them")

    def _layers(self, node: Node, span: Span, scope: _Scope) -> Iterator[PlacedBlock]:
        layers = self.reader.sequence(node, "layers", span)
        if layers is not None and not layers.items:
            self.reader.error("E203", "layers must have at least one block, but is empty", span)
        for item in layers.items if layers else ():
            yield from self._layer(item, span, scope)

    def _layer(self, node: Node, span: Span, scope: _Scope) -> Iterator[PlacedBlock]:
        reader = replace(self.reader, notes=scope.notes)
        tagged = reader.tagged(node, "block", node.span)
        if tagged is None:
            yield self._placed(None, span, scope)
            return
        word, place, argument = tagged
        argument = _bind(argument, scope.bindings) if argument else None
        if word == "repeat":
            yield from self._repeat(argument, place, scope, reader)
        elif word in self.groups:
            yield from self._group(self.groups[word], place, argument, scope, reader)
        else:
            yield self._placed(self._block(word, place, argument, reader), place, scope)

    def _placed(self, block: Block | None, place: Span, scope: _Scope) -> PlacedBlock:
        self.count += 1
        if self.count > MAX_BLOCKS:
            raise _TooManyError
        return PlacedBlock(block, place, scope.notes)

    def _block(self, word: str, place: Span, argument: Node | None, reader: Reader) -> Block | None:
        member = reader.member(Block, word, place, (*self.groups, "repeat"))
        if member is None:
            return None
        self.used.add(member.word)
        own = reader.arguments(member, member.word, argument, place)
        entries = {**self.defaults.get(member.word, {}), **own}
        return cast("Block | None", reader.model(member, member.word, entries, place))

    def _repeat(self, argument: Node | None, place: Span, scope: _Scope, reader: Reader) -> Iterator[PlacedBlock]:
        if not isinstance(argument, Mapping):
            form = "repeat: {times: 3, layers: [...]}"
            reader.error("E203", f"repeat needs the keys times and layers, but gets {describe(argument)}", place, f"write {form}")
            return
        layers = argument.entries.get("layers")
        others = {key: entry for key, entry in argument.entries.items() if key != "layers"}
        model = reader.model(Repeat, "repeat", others, place)
        if layers is None:
            reader.error("E202", 'repeat needs the key "layers"', place)
            return
        for _ in range(model.times if model else 1):
            before = self.count
            yield from self._layers(layers.node, layers.key, scope)
            if self.count == before:  # nothing in it could be read: once is enough to say so
                return

    def _group(
        self, group: Group, place: Span, argument: Node | None, scope: _Scope, reader: Reader
    ) -> Iterator[PlacedBlock]:
        self.used.add(group.name)
        if group.name in scope.chain or len(scope.chain) >= MAX_GROUP_DEPTH:
            chain = " -> ".join((*scope.chain, group.name))
            message = f"the group {quote(group.name)} uses itself: {chain}"
            if group.name not in scope.chain:
                message = f"groups may be nested {MAX_GROUP_DEPTH} deep: {chain}"
            reader.error("E207", message, place)
            return
        bindings = self._arguments(group, place, argument, reader)
        if bindings is None:
            yield self._placed(None, place, scope)
            return
        note = f'in the group "{group.name}", used at {place.where}'
        inner = _Scope(bindings, (*scope.chain, group.name), (*scope.notes, note))
        yield from self._layers(group.layers, group.place, inner)

    def _arguments(self, group: Group, place: Span, argument: Node | None, reader: Reader) -> dict[str, Node] | None:
        """Return the value of each of a group's parameters, or None with the reasons noted."""
        given: dict[str, Entry] = {}
        if isinstance(argument, Mapping):
            given = reader.keys(group.name, argument.entries, list(group.parameters))
        elif argument is not None and not (isinstance(argument, Scalar) and argument.value is None):
            if not group.parameters:
                reader.error("E207", f"{group.name} takes no value, but gets {describe(argument)}", argument.span)
                return None
            given = {next(iter(group.parameters)): Entry(argument.span, argument)}
        bindings = {name: (given.get(name) or default).node for name, default in group.parameters.items()}
        missing = [name for name, node in bindings.items() if isinstance(node, Scalar) and node.value is None]
        for name in missing:
            reader.error("E202", f'{group.name} needs the key "{name}"', place)
        return None if missing else bindings


def _references(node: Node) -> Iterator[Scalar]:
    """Yield the scalars of a tree that refer to a parameter."""
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and node.text.startswith("$"):
            yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _references(item)
    else:
        for entry in node.entries.values():
            yield from _references(entry.node)


def _bind(node: Node, bindings: dict[str, Node]) -> Node:
    """Return the tree with each `$name` replaced by what the group was given for it."""
    if isinstance(node, Scalar):
        return bindings.get(node.text[1:], node) if isinstance(node.value, str) and node.text[:1] == "$" else node
    if isinstance(node, Sequence):
        return replace(node, items=tuple(_bind(item, bindings) for item in node.items))
    return replace(node, entries={key: Entry(e.key, _bind(e.node, bindings)) for key, e in node.entries.items()})
