"""What lies between two specs, in the language of layers: blocks, what they did to the network, and the recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mnistspec.language.vocabulary.block import Block
from mnistspec.network.alignment import Alignment, Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.language.spec import Spec
    from mnistspec.language.vocabulary.block import Shape
    from mnistspec.language.vocabulary.unit import Unit

Kind: TypeAlias = Literal["same", "added", "removed", "moved", "changed"]

# What it costs, as a share of its weight, that a block stays with other arguments, and that another replaces it.
_CHANGED, _REPLACED = 0.5, 1.25
_HEAVY = 2.0  # the weight of a block that makes another shape; what comes between such blocks weighs half as much


@dataclass(frozen=True)
class Change:
    """A value that differs; None where there is none."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True)
class UnitDifference:
    """A block or an augmentation before and after; what moved may have changed as well."""

    kind: Kind
    before: Unit | None
    after: Unit | None
    layer_before: TracedLayer | None = None
    layer_after: TracedLayer | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """The arguments in which the two differ; those of different words cannot be compared."""
        if self.before is None or self.after is None or self.before.word != self.after.word:
            return ()
        return tuple(_changes(self.before.model_dump(), self.after.model_dump()))


@dataclass(frozen=True)
class Totals:
    """A network in numbers; ``receptive_field`` is the side of a square in pixels."""

    blocks: int
    params: int
    macs: int
    receptive_field: int
    output_shape: Shape


@dataclass(frozen=True)
class Difference:
    """Every block and every augmentation of both specs once, in order; the totals; the other settings that differ.

    Settings are the data set, the recipe and the targets. Name, title, notes and reference are prose: they make no
    difference.
    """

    blocks: tuple[UnitDifference, ...]
    totals: tuple[Totals, Totals]
    augmentation: tuple[UnitDifference, ...]
    settings: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is no difference."""
        return not self.settings and all(unit.kind == "same" for unit in (*self.blocks, *self.augmentation))


def compare_specs(before: Spec, after: Spec) -> Difference:
    """Return what lies between two specs; the other way round it is the mirror image."""
    old, new = (spec.trace() for spec in (before, after))
    blocks = Alignment(old, new, lambda a: _weigh(a.block), lambda a, b: _cost(a.block, b.block)).pairs()
    augmentation = Alignment(before.train.augment, after.train.augment, _weigh, _cost).pairs()
    return Difference(
        blocks=tuple(_compare_layers(pair) for pair in blocks),
        totals=(_total(before), _total(after)),
        augmentation=tuple(_compare_units(pair) for pair in augmentation),
        settings=tuple(_compare_settings(before, after)),
    )


def _compare_layers(pair: Pair[TracedLayer]) -> UnitDifference:
    before, after = (layer.block if layer else None for layer in (pair.before, pair.after))
    return replace(_compare_units(Pair(before, after, pair.moved)), layer_before=pair.before, layer_after=pair.after)


def _compare_units(pair: Pair[Any]) -> UnitDifference:
    kind: Kind = "moved" if pair.moved else "same" if pair.before == pair.after else "changed"
    if pair.before is None or pair.after is None:
        kind = "added" if pair.before is None else "removed"
    return UnitDifference(kind, pair.before, pair.after)


def _cost(before: Unit, after: Unit) -> float | None:
    """Return what it costs to say that one became the other; None if they have nothing in common."""
    if before.word == after.word:
        return 0.0 if before == after else _CHANGED * _weigh(before)
    return _REPLACED * _weigh(before) if before.kind == after.kind else None


def _weigh(unit: Unit) -> float:
    """Return the weight of a unit, which those that may replace each other have in common."""
    return 1.0 if isinstance(unit, Block) and unit.keeps_shape else _HEAVY


def _total(spec: Spec) -> Totals:
    last = spec.trace()[-1]
    return Totals(
        blocks=len(spec.layers),
        params=spec.params,
        macs=spec.macs,
        receptive_field=last.receptive_field,
        output_shape=last.output_shape,
    )


def _compare_settings(before: Spec, after: Spec) -> Iterator[Change]:
    yield from _compare_choice("data", before.data, after.data)
    old, new = (spec.train.model_dump(exclude={"optimizer", "scheduler", "augment"}) for spec in (before, after))
    yield from _changes(old, new, "train.")
    for key in ("optimizer", "scheduler"):
        yield from _compare_choice(f"train.{key}", getattr(before.train, key), getattr(after.train, key))
    yield from _changes(before.targets.model_dump(), after.targets.model_dump(), "targets.")


def _compare_choice(key: str, before: Unit, after: Unit) -> Iterator[Change]:
    """Yield the arguments in which one unit differs, or the choice of another one as a whole."""
    if before.word == after.word:
        yield from _changes(before.model_dump(), after.model_dump(), f"{key}.{before.word}.")
    else:
        yield Change(key, before, after)


def _changes(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> Iterator[Change]:
    """Yield the values of two mappings with the same keys that differ."""
    for key, value in before.items():
        if value != after[key]:
            yield Change(f"{prefix}{key}", value, after[key])
