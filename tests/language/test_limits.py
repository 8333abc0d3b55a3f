"""The limits of the language, each from both sides, and how much of a long text a message repeats."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mnistspec.errors import UsageError
from mnistspec.language import expansion, merge
from mnistspec.language.checks import _check_size
from mnistspec.language.expansion import Expander
from mnistspec.language.groups import read_groups
from mnistspec.language.habits import advise_key, advise_mapping, bare_name
from mnistspec.language.loader import load_spec
from mnistspec.language.phrases import hint
from mnistspec.language.reader import Reader
from mnistspec.language.shapes import TooLargeError, _check_limits, trace
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.yaml.composer import read_bytes
from mnistspec.language.yaml.diagnostics import Collector
from mnistspec.language.yaml.tree import Entry, Mapping, Node
from tests.places import SPECS

PARAMS, MACS, VALUES = 50_000_000, 20_000_000_000, 16_000_000


def parse(text: str) -> tuple[Mapping, Collector]:
    collector = Collector("a.yaml")
    tree = read_bytes(text.encode(), "a.yaml", collector)
    assert isinstance(tree, Mapping)
    return tree, collector


def node_of(text: str) -> Node:
    return parse(f"key: {text}")[0].entries["key"].node


@pytest.mark.parametrize(
    ("params", "macs", "values", "words"),
    [
        (PARAMS, MACS, VALUES, ""),
        (PARAMS + 1, MACS, VALUES, "50,000,001 parameters; at most 50,000,000 are allowed"),
        (PARAMS, MACS + 1, VALUES, "20,000,000,001 multiply-accumulates an image; at most 20,000,000,000 are allowed"),
        (PARAMS, MACS, VALUES + 1, "16,000,001 output values an image; at most 16,000,000 are allowed"),
    ],
)
def test_the_size_of_a_block(params: int, macs: int, values: int, words: str) -> None:
    block: Any = SimpleNamespace(word="large", params=lambda _: params, macs=lambda _: macs)
    if not words:
        _check_limits(block, (1, 28, 28), (values,))
        return
    with pytest.raises(TooLargeError, match=f"^large would have {words}$") as caught:
        _check_limits(block, (1, 28, 28), (values,))
    assert caught.value.help == "make it smaller"


@pytest.mark.parametrize(("params", "macs", "fits"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_the_size_of_a_network(params: int, macs: int, fits: bool) -> None:
    half: Any = SimpleNamespace(params=PARAMS // 2, macs=MACS // 2)
    rest: Any = SimpleNamespace(params=PARAMS // 2 + params, macs=MACS // 2 + macs)
    if fits:
        _check_size([half, rest])
        return
    with pytest.raises(TooLargeError, match=r"^the network would have .*,001 [a-z -]+; at most .*,000 are allowed$"):
        _check_size([half, rest])


def nest(depth: int) -> str:
    groups = "".join(f"  g{place}: {{layers: [g{place + 1}]}}\n" for place in range(1, depth))
    return f"blocks:\n{groups}  g{depth}: {{layers: [relu]}}\nlayers: [g1, gap, fc: 10]\n"


def test_groups_are_sixteen_deep(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(nest(16), encoding="utf-8")
    assert len(load_spec(path).layers) == 3
    path.write_text(nest(17), encoding="utf-8")
    with pytest.raises(Exception, match="groups may be nested 16 deep: g1 -> g2 -> "):
        load_spec(path)


@pytest.mark.parametrize(
    ("layers", "work", "blocks"),
    [
        ("[relu]", 1, 1),
        ("[conv: 8]", 2 + 1, 1),  # the mapping and its value, and once more the argument
        ("[{conv: {out_channels: 8, bias: false}}]", 4 + 2, 1),
        ("[repeat: {times: 3, layers: [relu, bn]}]", 6 + 2, 6),
    ],
)
def test_the_work_of_an_expansion_is_counted(
    monkeypatch: pytest.MonkeyPatch, layers: str, work: int, blocks: int
) -> None:
    assert expansion.MAX_WORK == 200_000
    for limit, is_enough in ((work, True), (work - 1, False)):
        monkeypatch.setattr(expansion, "MAX_WORK", limit)
        tree, collector = parse(f"layers: {layers}")
        expander = Expander(Reader(collector))
        placed = expander.expand(tree.entries["layers"])
        assert (len(placed), bool(collector.diagnostics)) == (blocks if is_enough else 0, not is_enough)
        if is_enough:
            assert (expander.work, expander.count, expander.is_incomplete) == (work, blocks, False)


def test_a_network_has_as_many_blocks_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, found in ((6, 6), (5, 0)):
        monkeypatch.setattr(expansion, "MAX_BLOCKS", limit)
        tree, collector = parse("layers: [repeat: {times: 3, layers: [relu, bn]}]")
        assert len(Expander(Reader(collector)).expand(tree.entries["layers"])) == found


def test_a_long_path_is_cut_at_its_beginning() -> None:
    assert merge._shorten(Path("a" * 200)) == "a" * 200
    assert merge._shorten(Path("b" + "a" * 200)) == "..." + "a" * 200


def test_what_a_message_repeats_of_long_texts() -> None:
    assert bare_name("torch." + "a" * 92 + ".bcd") == "b"  # of the first 100 characters
    rest = ", ".join(f"{name}: ..." for name in ("a" * 40, "b" * 40))
    node = node_of(f"{{type: conv, {'a' * 40}: 1, {'b' * 40}: 2}}")
    assert isinstance(node, Mapping)
    assert advise_mapping(Block, node) == f"write conv: {{{rest[:60]}}}"
    assert (
        advise_key(Spec, "momentum", node_of("1" * 30))
        == f"write train: {{optimizer: {{sgd: {{momentum: {'1' * 20}}}}}}}"
    )
    tree, collector = parse(f"word: 'conv:{'8' * 30}'")
    Reader(collector).word(Block, tree.entries["word"].node.text, node.span, None)  # type: ignore[union-attr]
    (found,) = collector.diagnostics.values()
    assert found.help == f'a colon needs a space behind it: "conv: {"8" * 20}"'
    names = ["a" * 40, "b" * 40]
    tree, collector = parse(f"blocks: {{g: {{parameters: [{', '.join(names)}], layers: [relu]}}}}")
    entry: Entry = tree.entries["blocks"]
    read_groups(entry.node, entry.key, Reader(collector))
    assert f"write parameters: {{{', '.join(names)[:60]}}}" in [each.help for each in collector.diagnostics.values()]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("999999999999999.0", "write 999999999999999"),
        ("1000000000000000.0", ""),
        ("-999999999999999.0", "write -999999999999999"),
        (f"'{'1' * 20}'", f"write {'1' * 20}, without quotes, commas or underscores"),
        (f"'{'1' * 21}'", ""),
    ],
)
def test_numbers_that_are_written_otherwise(text: str, advice: str) -> None:
    assert hint("int_type", node_of(text)) == advice


def test_features_have_one_place() -> None:
    *_, last = trace(load_spec(SPECS / "step6.yaml").layers, (1, 28, 28))
    assert last.receptive_box(0, 0).rows == (0, 27)
    for place in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        with pytest.raises(UsageError, match="features have no places"):
            last.receptive_box(*place)
