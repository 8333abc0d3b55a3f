"""`layers:`, with `defaults:`, `repeat:` and groups, expanded to a plain list of blocks with their places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mnistspec.language.groups import Group, substitute
from mnistspec.language.phrases import describe
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.containers import MAX_BLOCKS, Container, Repeat
from mnistspec.language.yaml.tree import Entry, Mapping, Node, Sequence

if TYPE_CHECKING:
    from mnistspec.language.reader import Reader
    from mnistspec.language.yaml.diagnostics import Span

MAX_GROUP_DEPTH = 16
MAX_WORK = 200_000  # nodes looked at while expanding: what is written once can be used hundreds of times


@dataclass(frozen=True)
class PlacedBlock:
    """A block and where it was written; None stands for one that could not be read."""

    block: Block | None
    span: Span
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Scope:
    """What holds inside a group: the values of its parameters, the groups around it, a reader that names them."""

    reader: Reader
    values: dict[str, Node] = field(default_factory=dict)
    chain: tuple[str, ...] = ()


class _TooLargeError(Exception):
    """The expansion passed a limit."""


@dataclass
class Expander:
    """Expands the layers of one spec, and remembers what was used of the rest of it."""

    reader: Reader
    defaults: dict[str, dict[str, Entry]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    used: set[tuple[str, ...]] = field(default_factory=set)  # (group,), (block,) and (block, key of its defaults)
    is_incomplete: bool = False  # there are gaps that may need whatever else is declared
    count: int = 0
    work: int = 0

    def expand(self, layers: Entry) -> list[PlacedBlock]:
        """Return the blocks of `layers:` in order; what is wrong is noted."""
        try:
            return self._layers(layers, _Scope(self.reader))
        except _TooLargeError:
            return []

    def _layers(self, layers: Entry, scope: _Scope) -> list[PlacedBlock]:
        items = scope.reader.sequence(layers.node, "layers", layers.key)
        if items is not None and not items.items:
            scope.reader.error(
                "E203", "layers must have at least one block, but is empty", layers.key, "add a block: - relu"
            )
        if items is None or not items.items:
            return self._place(None, layers.key, scope)
        return [placed for item in items.items for placed in self._layer(item, scope)]

    def _layer(self, node: Node, scope: _Scope) -> list[PlacedBlock]:
        self._spend(node, place=node.span, scope=scope)
        node = substitute(node, scope.values)
        more = (*self.groups, *Container.members)
        tagged = scope.reader.tagged(node, Block, node.span, more)
        if tagged is None:
            return self._unread(node.span, scope)
        word, place, argument = tagged
        word = scope.reader.word(Block, word, place, argument, more)
        if word in Container.members:
            return self._repeat(argument, place, scope)
        if word in self.groups:
            return self._group(self.groups[word], place, argument, scope)
        if not word:
            return self._unread(place, scope)
        return self._place(self._block(word, place, argument, scope), place, scope)

    def _unread(self, place: Span, scope: _Scope) -> list[PlacedBlock]:
        """Place a gap: what would be there may need anything."""
        self.is_incomplete = True
        return self._place(None, place, scope)

    def _block(self, word: str, place: Span, argument: Node | None, scope: _Scope) -> Block | None:
        member: type[Block] = Block.members[word]
        own = scope.reader.arguments(member, argument)
        inherited = {key: entry for key, entry in self.defaults.get(word, {}).items() if key not in own}
        self.used |= {(word,), *((word, key) for key in inherited)}
        entries = {**inherited, **own}
        self._spend(*(entry.node for entry in entries.values()), place=place, scope=scope)
        return scope.reader.model(member, word, entries, place)

    def _repeat(self, argument: Node | None, place: Span, scope: _Scope) -> list[PlacedBlock]:
        if not isinstance(argument, Mapping):
            message = f"repeat needs the keys times and layers, but gets {describe(argument)}"
            scope.reader.error("E203", message, place, "write repeat: {times: 3, layers: [...]}")
            return self._unread(place, scope)
        kept = scope.reader.keys("repeat", argument.entries, Repeat.model_fields)
        layers = kept.pop("layers", None)
        repeat = scope.reader.model(Repeat, "repeat", kept, place, layers=())
        if layers is None:
            scope.reader.error("E202", 'repeat needs the key "layers"', place)
            return self._unread(place, scope)
        once = self._layers(layers, replace(scope, values={}))
        if repeat is None:
            return [*once, *self._unread(place, scope)]
        self._add(len(once) * (repeat.times - 1), place, scope)
        return once * repeat.times

    def _group(self, group: Group, place: Span, argument: Node | None, scope: _Scope) -> list[PlacedBlock]:
        self.used.add((group.name,))
        chain = (*scope.chain, group.name)
        if group.name in scope.chain:
            scope.reader.error(
                "E207", f"the group uses itself: {' -> '.join(chain)}", place, "use repeat: for the same layers again"
            )
            return self._unread(place, scope)
        if len(chain) > MAX_GROUP_DEPTH:
            message = f"groups may be nested {MAX_GROUP_DEPTH} deep: {' -> '.join(chain)}"
            scope.reader.error("E304", message, place, "write the innermost groups out")
            return self._unread(place, scope)
        values = group.bind(argument, place, scope.reader)
        if values is None or group.layers is None:
            return self._unread(place, scope)
        reader = replace(
            scope.reader, notes=(*scope.reader.notes, f'in the group "{group.name}", used at {place.where}')
        )
        return self._layers(group.layers, _Scope(reader, values, chain))

    def _place(self, block: Block | None, place: Span, scope: _Scope) -> list[PlacedBlock]:
        self._add(1, place, scope)
        return [PlacedBlock(block, place, scope.reader.notes)]

    def _add(self, blocks: int, place: Span, scope: _Scope) -> None:
        """Count blocks, and stop at the one that is too many."""
        self.count += blocks
        if self.count > MAX_BLOCKS:
            scope.reader.error(
                "E304", f"a network may have {MAX_BLOCKS:,} blocks; here it has more", place, "make it shorter"
            )
            raise _TooLargeError

    def _spend(self, *nodes: Node, place: Span, scope: _Scope) -> None:
        """Count the nodes of trees before anything walks through them without a limit."""
        left = list(nodes)
        while left:
            node = left.pop()
            self.work += 1
            if self.work > MAX_WORK:
                scope.reader.error(
                    "E304", "the layers are too large once their groups are written out", place, "make them shorter"
                )
                raise _TooLargeError
            if isinstance(node, Sequence):
                left.extend(node.items)
            elif isinstance(node, Mapping):
                left.extend(entry.node for entry in node.entries.values())


def read_defaults(node: Node, span: Span, reader: Reader) -> dict[str, dict[str, Entry]]:
    """Return the arguments under `defaults:` by block."""
    mapping = reader.mapping(node, "defaults", span)
    defaults: dict[str, dict[str, Entry]] = {}
    for word, entry in mapping.entries.items() if mapping else ():
        known = reader.word(Block, word, entry.key, entry.node)
        arguments = reader.mapping(entry.node, f"the defaults of {word}", entry.key, f"write {word}: {{key: value}}")
        if known and arguments:
            member = Block.members[known]
            defaults.setdefault(known, reader.keys(known, arguments.entries, member.model_fields, member))
    return defaults


def report_unused(expander: Expander, own_file: str) -> None:
    """Note the groups and defaults that the network does not need."""

    def report(message: str, place: Span, key: str, where: str) -> None:
        help_text = (
            "use it, or remove it"
            if place.source.name == own_file
            else f"write {key}: null under {where} in {own_file}"
        )
        expander.reader.error("E208", message, place, help_text)

    if expander.is_incomplete:
        return  # what could not be read may need them
    for name, group in expander.groups.items():
        if (name,) not in expander.used:
            report(f'the group "{name}" is never used', group.place, name, "blocks:")
    for word, arguments in expander.defaults.items():
        for key, entry in arguments.items():
            if (word,) not in expander.used:
                report(
                    f"this is a default for {word}, but there is no {word} in the network", entry.key, word, "defaults:"
                )
            elif (word, key) not in expander.used:
                report(
                    f"this default is never used: each {word} has its own {key}", entry.key, key, f"defaults: {word}:"
                )
