"""A difference between networks in few lines: what was done several times has one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from mnistspec.views.writing import write_changes, write_unit

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.language.vocabulary.unit import Unit
    from mnistspec.network.difference import Kind, UnitDifference

_NAMED = 4  # blocks that a line names; of more it has the number
_SHOWN = 8  # blocks of one stretch that a line shows
_INPUT, _END = "the input", "the end"


@dataclass(frozen=True)
class Line:
    """What was done, and by how much it changed the number of parameters."""

    kind: Kind
    text: str
    params: int = 0


# Neighbours that came or went together, or one block that moved or changed.
_Event: TypeAlias = "tuple[UnitDifference, ...]"


def describe_units(units: Sequence[UnitDifference]) -> list[Line]:
    """Return what happened to augmentations, each in a line."""
    lines = []
    for unit in units:
        if unit.kind in {"moved", "changed"}:
            lines.append(Line(unit.kind, _sentence(unit, _word(unit.after))))
        elif unit.kind != "same":
            lines.append(Line(unit.kind, _write(unit.after or unit.before)))
    return lines


def describe_blocks(blocks: Sequence[UnitDifference]) -> list[Line]:
    """Return what happened to blocks, in order; the parameters of all lines together are the whole difference."""
    return _Description(blocks).lines()


class _Network:
    """The layers of one side."""

    def __init__(self, layers: Iterable[TracedLayer | None]) -> None:
        self.layers = {layer.index: layer for layer in layers if layer}
        self.counts = Counter(layer.block.word for layer in self.layers.values())

    def word_at(self, index: int) -> str:
        """Return the word of the block in this place, or what there is beyond the ends."""
        return self.layers[index].block.word if index in self.layers else _INPUT if index < 0 else _END

    def name_at(self, index: int) -> str:
        """Return the name of the block in this place, or what there is beyond the ends."""
        return self.layers[index].name if index in self.layers else self.word_at(index)


class _Description:
    """The events of a difference, gathered into lines."""

    def __init__(self, blocks: Sequence[UnitDifference]) -> None:
        self.blocks = blocks
        self.old = _Network(block.layer_before for block in blocks)
        self.new = _Network(block.layer_after for block in blocks)

    def lines(self) -> list[Line]:
        groups: dict[Hashable, list[_Event]] = {}
        for event in self._events():
            groups.setdefault(self._key(event), []).append(event)
        return [line for events in groups.values() for line in self._describe(events)] + self._consequences()

    def _events(self) -> Iterator[_Event]:
        for kind, run in groupby(self.blocks, lambda block: block.kind):
            if kind in {"added", "removed"}:
                yield tuple(run)
            elif kind != "same":
                yield from ((block,) for block in run)

    def _key(self, event: _Event) -> Hashable:
        """Return what events have in common that one line can tell of."""
        first = event[0]
        if first.changes and first.kind == "changed":
            return first.kind, _word(first.after), repr(first.changes)
        around = self._words_around(first) if first.kind == "moved" else ()
        return first.kind, tuple(repr((_write(unit.before), _write(unit.after))) for unit in event), around

    def _describe(self, events: list[_Event]) -> Iterator[Line]:
        first, params = events[0][0], sum(map(_params, events))
        if first.kind in {"moved", "changed"}:
            way = self._way(events) if first.kind == "moved" else ""
            yield Line(first.kind, _sentence(first, self._who(events), way), params)
        else:
            for where, together in self._places(events):
                yield Line(first.kind, f"{_stretch(events[0])} {where}", sum(map(_params, together)))

    def _who(self, events: list[_Event]) -> str:
        """Return what one block or several are called, and how one was called before."""
        who, before = _several(self.new, [_layer(event).index for event in events]), events[0][0].layer_before
        return f"{who} ({before.name} before)" if len(events) == 1 and before and before.name != who else who

    def _words_around(self, unit: UnitDifference) -> tuple[str, str]:
        """Return the word of the block before a moved one, where it was and where it is."""
        old, new = (layer.index - 1 if layer else 0 for layer in (unit.layer_before, unit.layer_after))
        return self.old.word_at(old), self.new.word_at(new)

    def _way(self, events: list[_Event]) -> str:
        """Return from where to where blocks moved."""
        old, new = self._words_around(events[0][0])
        if old == new:
            old, new = (
                network.name_at(layer.index - 1) if layer and len(events) == 1 else f"another {old}"
                for network, layer in (
                    (self.old, events[0][0].layer_before),
                    (self.new, events[0][0].layer_after),
                )
            )
        return f" from after {old} to after {new}"

    def _places(self, events: list[_Event]) -> Iterator[tuple[str, list[_Event]]]:
        """Yield where stretches of blocks came or went, and which these are."""
        network = self.new if events[0][0].kind == "added" else self.old
        for preposition, offset in (("after", -1), ("before", len(events[0]))):
            words = {network.word_at(_layer(event).index + offset) for event in events}
            if len(words) == 1:
                neighbours = [_layer(event).index + offset for event in events]
                yield f"{preposition} {_several(network, neighbours)}", events
                return
        by_word: dict[str, list[_Event]] = {}
        for event in events:
            by_word.setdefault(network.word_at(_layer(event).index - 1), []).append(event)
        for together in by_word.values():
            yield f"after {_several(network, [_layer(event).index - 1 for event in together])}", together

    def _consequences(self) -> list[Line]:
        """Return by how much blocks changed that were not touched: they get other channels or features."""
        same = [(block,) for block in self.blocks if block.kind == "same" and _params((block,))]
        if not same:
            return []
        names = [_layer(event).name for event in same]
        who = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} blocks"
        return [Line("same", f"{who} as before, with another input", sum(map(_params, same)))]


def _several(network: _Network, indices: list[int]) -> str:
    """Return blocks of one word by their names, or by their number."""
    word = network.word_at(indices[0])
    if len(indices) == 1:
        return network.name_at(indices[0])
    if len(indices) == network.counts[word]:
        return f"each {word} ({len(indices)} times)"
    if len(indices) <= _NAMED:
        return ", ".join(map(network.name_at, indices))
    return f"{len(indices)} of {network.counts[word]} {word}"


def _stretch(event: _Event) -> str:
    texts = [_write(unit.after or unit.before) for unit in event]
    more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN + 1 else []
    return ", ".join([*texts[:_SHOWN], *more] if more else texts)


def _layer(event: _Event) -> TracedLayer:
    """Return the first layer of an event, as it is now if it still is."""
    layer = event[0].layer_after or event[0].layer_before
    assert layer  # noqa: S101 - for the type checker: a block was there before or is there now
    return layer


def _params(event: _Event) -> int:
    """Return how many parameters came with an event."""
    sides = [(unit.layer_before, unit.layer_after) for unit in event]
    return sum((after.params if after else 0) - (before.params if before else 0) for before, after in sides)


def _sentence(unit: UnitDifference, who: str, way: str = "") -> str:
    """Return what became of a unit that moved or changed."""
    if unit.kind == "changed":
        return f"{who}: {_change(unit)}"
    return f"{who} moved{way}" + (f", {_change(unit)}" if unit.before != unit.after else "")


def _change(unit: UnitDifference) -> str:
    return write_changes(unit.changes) or f"{_write(unit.before)} -> {_write(unit.after)}"


def _write(unit: Unit | None) -> str:
    return write_unit(unit) if unit else ""


def _word(unit: Unit | None) -> str:
    return unit.word if unit else ""
