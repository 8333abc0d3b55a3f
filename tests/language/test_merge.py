"""`extends` and `--set` merge as JSON Merge Patch does: the examples of RFC 7396, appendix A, that are mappings."""

from __future__ import annotations

import pytest

from mnistspec.language.merge import merge, read_setting
from mnistspec.language.yaml.composer import read_text
from mnistspec.language.yaml.diagnostics import Collector, Source
from mnistspec.language.yaml.tree import Mapping, Node, plain


def tree(text: str) -> Mapping:
    """Return the tree of a mapping."""
    node = read_text(Source("test", text), Collector("test"))
    assert isinstance(node, Mapping)
    return node


@pytest.mark.parametrize(
    ("base", "patch", "merged"),
    [
        ("{a: b}", "{a: c}", {"a": "c"}),
        ("{a: b}", "{b: c}", {"a": "b", "b": "c"}),
        ("{a: b}", "{a: null}", {}),
        ("{a: b, b: c}", "{a: null}", {"b": "c"}),
        ("{a: [b]}", "{a: c}", {"a": "c"}),
        ("{a: c}", "{a: [b]}", {"a": ("b",)}),
        ("{a: {b: c}}", "{a: {b: d, c: null}}", {"a": {"b": "d"}}),
        ("{a: [{b: c}]}", "{a: [1]}", {"a": (1,)}),
        ("{e: null}", "{a: 1}", {"e": None, "a": 1}),
        ("{}", "{a: {bb: {ccc: null}}}", {"a": {"bb": {}}}),
        # Not in the RFC: a tagged mapping, and a group's parameter without a default.
        (
            "{train: {optimizer: {sgd: {lr: 1}}}}",
            "{train: {optimizer: {adam: {}}}}",
            {"train": {"optimizer": {"adam": {}}}},
        ),
        (
            "{train: {optimizer: {sgd: {lr: 1}}}}",
            "{train: {optimizer: {sgd: {momentum: 0}}}}",
            {"train": {"optimizer": {"sgd": {"lr": 1, "momentum": 0}}}},
        ),
        ("{optimizer: {sgd: 1}}", "{optimizer: {adam: 1}}", {"optimizer": {"sgd": 1, "adam": 1}}),
        ("{}", "{blocks: {u: {parameters: {w: null}}}}", {"blocks": {"u": {"parameters": {"w": None}}}}),
        ("{blocks: {u: {parameters: {w: 1}}}}", "{blocks: {u: null}}", {"blocks": {}}),
    ],
)
def test_merge(base: str, patch: str, merged: object) -> None:
    assert plain(merge(tree(base), tree(patch))) == merged


def test_a_setting_points_into_itself() -> None:
    node: Node | None = read_setting("train.optimizer.sgd.lr=0.5", Collector("test"))
    assert node is not None
    assert plain(node) == {"train": {"optimizer": {"sgd": {"lr": 0.5}}}}
    places = []
    while isinstance(node, Mapping):
        ((_, entry),) = node.entries.items()
        places.append((entry.key.column, entry.key.length))
        node = entry.node
    assert places == [(1, 5), (7, 9), (17, 3), (21, 2)]
    assert node.span.column == 24


@pytest.mark.parametrize(
    ("setting", "value"),
    [("a=", None), ("a= ", None), ("a=b=c", "b=c"), ("a=[1, {b: 2}]", (1, {"b": 2})), ("a='1'", "1"), ("a=#", None)],
)
def test_values_of_settings(setting: str, value: object) -> None:
    node = read_setting(setting, Collector("test"))
    assert node is not None
    assert plain(node) == {"a": value}
