"""A difference accounts for every block, is empty for equals, and is the mirror image the other way round."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.network.alignment import Alignment
from mnistspec.network.difference import Difference, UnitDifference, compare_specs
from tests.language.strategies import networks, specs
from tests.places import SPECS
from tests.profiles import examples

MIRRORED = {"added": "removed", "removed": "added", "moved": "moved", "changed": "changed", "same": "same"}


def spec_of(*layers: str | dict[str, Any]) -> Spec:
    """Return a spec with these blocks, given as in a file."""
    blocks = []
    for layer in layers:
        word, arguments = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
        member = Block.members[word]
        blocks.append(member(**arguments if isinstance(arguments, dict) else {str(member.scalar): arguments}))
    return Spec(name="small", layers=tuple(blocks))


def kinds(difference: Difference) -> list[tuple[str, str]]:
    """Return kind and word of what differs."""
    units = [(unit.kind, unit.after or unit.before) for unit in difference.blocks if unit.kind != "same"]
    return [(kind, unit.word) for kind, unit in units if unit]


def assert_accounts(units: tuple[UnitDifference, ...], before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
    """Assert that each unit of both sides is in one entry, that kinds tell the truth, and that the order is kept."""
    assert Counter(repr(unit.before) for unit in units if unit.before) == Counter(map(repr, before))
    assert [unit.after for unit in units if unit.after] == list(after)
    stay = [unit for unit in units if unit.kind in {"same", "changed"}]
    assert [unit.before for unit in stay] == [unit for unit in before if any(unit is other.before for other in stay)]
    for stays, stretch in groupby(units, key=lambda unit: unit.kind in {"same", "changed"}):
        comes = [unit.after is not None for unit in stretch]
        assert stays or comes == sorted(comes)  # what went before what came
    for unit in units:
        assert (unit.before is None) == (unit.kind == "added")
        assert (unit.after is None) == (unit.kind == "removed")
        assert unit.kind != "same" or unit.before == unit.after
        assert unit.kind != "changed" or unit.before != unit.after


@given(specs(), specs())
@examples(60)
def test_every_block_is_accounted_for(before: Spec, after: Spec) -> None:
    difference = compare_specs(before, after)
    assert_accounts(difference.blocks, before.layers, after.layers)
    assert_accounts(difference.augmentation, before.train.augment, after.train.augment)
    olds = [unit.layer_before for unit in difference.blocks if unit.layer_before]
    news = [unit.layer_after for unit in difference.blocks if unit.layer_after]
    for total, spec, found in zip(difference.totals, (before, after), (olds, news), strict=True):
        layers = spec.trace()
        assert sorted(found, key=lambda layer: layer.index) == list(layers)
        assert (total.blocks, total.params) == (len(layers), sum(layer.params for layer in layers))
        assert (total.macs, total.receptive_field) == (sum(layer.macs for layer in layers), layers[-1].receptive_field)
        assert total.output_shape == layers[-1].output_shape


@given(specs())
@examples(40)
def test_a_spec_does_not_differ_from_itself(spec: Spec) -> None:
    assert compare_specs(spec, spec).is_empty
    renamed = spec.model_copy(update={"name": "another", "title": "another title"})
    assert compare_specs(spec, renamed).is_empty


@given(networks(), networks(), st.data())
@examples(60)
def test_the_way_back_is_the_mirror_image(first: Any, second: Any, data: st.DataObject) -> None:
    # Close relatives as well as strangers: the second may be the first with a stretch of the other in it.
    cut = data.draw(st.integers(0, len(first)))
    related = (*first[:cut], *[block for block in second if block.word in {"bn", "relu", "dropout"}], *first[cut:])
    for other in (second, related):
        there = compare_specs(*(Spec(name="a", layers=blocks) for blocks in (first, other)))
        back = compare_specs(*(Spec(name="a", layers=blocks) for blocks in (other, first)))
        mirrored = [(MIRRORED[unit.kind], unit.layer_after, unit.layer_before) for unit in there.blocks]
        assert Counter(map(repr, mirrored)) == Counter(
            repr((unit.kind, unit.layer_before, unit.layer_after)) for unit in back.blocks
        )
        assert there.totals == back.totals[::-1]
        assert there.is_empty == back.is_empty


@given(networks(max_size=12), st.data())
@examples(60)
def test_an_insertion_leaves_the_rest_as_it_is(blocks: Any, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(blocks) - 2))  # before the end, where features are
    new = Block.members["dropout"](p=0.123)
    after = (*blocks[:place], new, *blocks[place:])
    difference = compare_specs(Spec(name="a", layers=blocks), Spec(name="a", layers=after))
    assert kinds(difference) == [("added", "dropout")]
    (added,) = [unit for unit in difference.blocks if unit.kind == "added"]
    assert added.layer_after
    assert added.layer_after.index == place


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([{"conv": 8}, "gap"], [{"conv": 16}, "gap"], [("changed", "conv")]),
        ([{"conv": 8}, "relu", "gap"], [{"conv": 8}, "gelu", "gap"], [("changed", "gelu")]),
        ([{"conv": 8}, "gap"], [{"1x1": 8}, "gap"], [("changed", "1x1")]),
        (["maxpool", {"conv": 8}, "gap"], ["avgpool", {"conv": 8}, "gap"], [("changed", "avgpool")]),
        ([{"conv": 8}, "bn", "relu", "gap"], [{"conv": 8}, "relu", "bn", "gap"], [("moved", "bn")]),
        (["relu", {"conv": 8}, "gap"], ["bn", {"conv": 8}, "gap"], [("removed", "relu"), ("added", "bn")]),
        (
            [{"conv": 8}, "maxpool", {"conv": 8}, "relu", "gap"],
            [{"conv": 8}, {"conv": 8}, "relu", "maxpool", "gap"],
            [("moved", "maxpool")],
        ),
        # Two blocks that keep the shape weigh as much as one that changes it; a change of arguments is half a block.
        (
            [{"conv": 8}, "relu", {"dropout": 0.1}, "gap"],
            ["relu", {"dropout": 0.2}, {"conv": 16}, "gap"],
            [("changed", "dropout"), ("moved", "conv")],
        ),
        (
            [{"conv": 8}, "bn", "relu", {"dropout": 0.1}, "gap"],
            ["bn", "relu", {"dropout": 0.2}, {"conv": 8}, "gap"],
            [("changed", "dropout"), ("moved", "conv")],
        ),
        (["maxpool", "relu", "gap"], ["relu", "avgpool", "gap"], [("moved", "avgpool")]),
        ([{"elu": 1.0}, "gap"], ["gelu", {"elu": 0.5}, "gap"], [("added", "gelu"), ("changed", "elu")]),
        ([{"conv": 8}, "gap"], [{"conv": 16}, {"conv": 8}, "gap"], [("added", "conv")]),
        ([{"conv": 8}, "relu", "gap"], ["relu", {"conv": 8}, "gap"], [("moved", "relu")]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_small_differences(before: list[Any], after: list[Any], expected: list[tuple[str, str]]) -> None:
    difference = compare_specs(spec_of(*before), spec_of(*after))
    assert kinds(difference) == expected
    assert not difference.is_empty


def test_a_second_copy_of_a_stretch_comes_after_the_first() -> None:
    unit: list[Any] = [{"conv": 8}, "bn", "relu"]
    difference = compare_specs(spec_of(*unit, "gap"), spec_of(*unit, *unit, "gap"))
    assert [block.kind for block in difference.blocks] == ["same"] * 3 + ["added"] * 3 + ["same"]


def test_far_away_is_not_moved() -> None:
    middle: list[Any] = [{"conv": size} for size in (8, 9, 10, 11, 12)]
    difference = compare_specs(spec_of("maxpool", *middle, "gap"), spec_of(*middle, "maxpool", "gap"))
    assert kinds(difference) == [("removed", "maxpool"), ("added", "maxpool")]
    difference = compare_specs(spec_of("maxpool", *middle[1:], "gap"), spec_of(*middle[1:], "maxpool", "gap"))
    assert kinds(difference) == [("moved", "maxpool")]


def cost_of(first: int, second: int) -> float | None:
    return None if (first + second) % 2 else abs(first - second) / 4


def find_least(before: list[int], after: list[int]) -> float:
    """Return the least cost of pairing two lists of items that cost 1 each if they come or go."""
    if not before or not after:
        return len(before) + len(after)
    change = cost_of(before[0], after[0])
    paired = [] if change is None else [change + find_least(before[1:], after[1:])]
    return min(1 + find_least(before[1:], after), 1 + find_least(before, after[1:]), *paired)


ITEMS = st.lists(st.integers(0, 5), max_size=5)


@given(ITEMS, ITEMS)
@examples(100)
def test_no_pairing_costs_less(before: list[int], after: list[int]) -> None:
    alignment = Alignment(before, after, lambda _: 1.0, cost_of)
    changes = [cost_of(before[i], after[j]) or 0 for i, j in alignment.kept]
    rest = len(before) + len(after) - 2 * len(changes)
    assert sum(changes) + rest == find_least(before, after)


def test_settings() -> None:
    before, after = (load_spec(SPECS / f"step{step}.yaml") for step in (5, 6))
    changes = {change.key: (change.before, change.after) for change in compare_specs(before, after).settings}
    assert changes["train.optimizer.sgd.lr"] == (before.train.optimizer.lr, after.train.optimizer.lr)
    assert changes["targets.min_test_accuracy"] == (98.9, 99.4)
    assert [unit.word for unit in changes["train.scheduler"]] == ["constant", "onecycle"]


def test_every_kind_of_setting_is_compared() -> None:
    before = load_spec(SPECS / "step4.yaml", ["train.seed=1", "targets.max_params=9000", "targets.max_epochs=20"])
    settings = ["data=kmnist", "train.seed=2", "train.optimizer.sgd.momentum=0.5", "title=other"]
    after = load_spec(SPECS / "step4.yaml", [*settings, "targets.max_params=8000", "targets.max_epochs=20"])
    data, *rest = compare_specs(before, after).settings
    assert (data.key, data.before.word, data.after.word) == ("data", "mnist", "kmnist")
    assert [(change.key, change.before, change.after) for change in rest] == [
        ("train.seed", 1, 2),
        ("train.optimizer.sgd.momentum", before.train.optimizer.model_dump()["momentum"], 0.5),
        ("targets.max_params", 9000, 8000),
    ]


@pytest.mark.parametrize("setting", ["train.epochs=3", "train.augment=[rotation: 5, color_jitter: {contrast: 0.5}]"])
def test_one_difference_is_one(setting: str) -> None:
    before = ["train.augment=[rotation: 5]"]
    first, second = (load_spec(SPECS / "step4.yaml", settings) for settings in (before, [*before, setting]))
    assert not compare_specs(first, second).is_empty


def test_an_alignment_of_nothing() -> None:
    assert Alignment[int]([], [], float, lambda a, b: float(a != b)).pairs() == []
    assert [pair.after for pair in Alignment([], [1, 2], float, lambda _a, _b: None).pairs()] == [1, 2]
