"""Whatever bytes a spec has, nothing but our own error comes out, and soon."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.errors import MnistspecError
from mnistspec.language.loader import load_document
from tests.language.corpus_files import BAD, GOOD
from tests.places import SPECS
from tests.profiles import examples

SEEDS = [path.read_bytes() for path in [*sorted(SPECS.glob("*.yaml")), *GOOD, *BAD] if path.stat().st_size < 10_000]
PIECES = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b": ",
        b"- ",
        b"\n",
        b"\n  ",
        b"\t",
        b"|",
        b">",
        b"#",
        b'"',
        b"'",
        b"%",
        b"@",
        b"\\",
    ),
    *(b"&a ", b"*a", b"!!int ", b"<<: ", b"? ", b"---\n", b"...\n", b"$", b"$width", b"\xff", b"\x00", b"\xef\xbb\xbf"),
    *(b"null", b"~", b"-1", b"0", b"1e999", b".nan", b"010", b"9" * 200, b"\xe2\x80\xa8", b"\xc2\x85"),
    *(b"repeat: ", b"extends: .\n", b"conv: ", b"gap", b"layers:", b"train: "),
]
SECONDS = 1.0 * 2  # the promise is one second; beside other work on the same core, processor time counts double


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """Draw a spec that was cut, crossed and sprinkled with what YAML is sensitive to."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        i, j = sorted(draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=4))
        kind = draw(st.sampled_from(["insert", "replace", "delete", "repeat", "cross"]))
        if kind == "insert":
            data = data[:i] + piece + data[i:]
        elif kind == "replace":
            data = data[:i] + piece + data[i + len(piece) :]
        elif kind == "delete":
            data = data[:i] + data[min(j, i + 20) :]
        elif kind == "repeat":
            data = data[:j] + data[i:j] + data[j:]
        else:
            data = data[:i] + draw(st.sampled_from(SEEDS))[i:]
    return data


def load(path: Path) -> None:
    """Load a spec that may be wrong: in time, and with no other error than ours."""
    start = time.process_time()
    try:
        load_document(path)
    except MnistspecError as error:
        assert str(error).isprintable() or "\n" in str(error)  # noqa: PT017 - both outcomes are fine
    assert time.process_time() - start < SECONDS


@examples(400)
@given(data=mutants())
def test_mutants(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mutant.yaml"
    path.write_bytes(data)
    load(path)


@pytest.mark.slow
@examples(20_000)
@given(data=mutants() | st.binary())
def test_many_mutants(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mutant.yaml"
    path.write_bytes(data)
    load(path)


def _numbered(form: str, count: int) -> str:
    return ", ".join(form.format(i) for i in range(count))


def _nested_groups(depth: int, width: int, innermost: str) -> str:
    groups = [f"  g0: {{layers: [{innermost}]}}"]
    groups += [f"  g{i}: {{layers: [{', '.join([f'g{i - 1}'] * width)}]}}" for i in range(1, depth)]
    return "\n".join(["blocks:", *groups, f"layers: [g{depth - 1}]", ""])


def _doubling_arguments(depth: int, width: int) -> str:
    groups = ["  g0: {parameters: {x: }, layers: [conv: $x]}"]
    argument = ", ".join(["$x"] * width)
    groups += [f"  g{i}: {{parameters: {{x: }}, layers: [g{i - 1}: [{argument}]]}}" for i in range(1, depth)]
    return "\n".join(["blocks:", *groups, f"layers: [g{depth - 1}: 1]", ""])


def _large_argument_used_often() -> str:
    return "blocks: {g: {layers: [conv: [" + "1, " * 5_000 + "1]]}}\nlayers:\n" + "- g\n" * 490


def _large_default_used_often() -> str:
    return "defaults: {conv: {bias: [" + "1, " * 5_000 + "1]}}\nlayers:\n" + "- conv: 1\n" * 490


BOMBS = {
    "a thousand million channels": "layers: [conv: 1000000000, conv: 1000000000, gap]\n",
    "channels within the limit": "layers:\n" + "  - conv: 65536\n" * 490,
    "nested repeats": "layers: [" + "repeat: {times: 500, layers: [" * 7 + "relu" + "]}" * 7 + "]\n",
    "nested groups": _nested_groups(12, 40, "relu"),
    "nested groups of nothing": _nested_groups(12, 40, ""),
    "nested groups of unknown blocks": _nested_groups(12, 40, "xyz"),
    "nested groups that end in a circle": _nested_groups(12, 40, "g11"),
    "arguments that multiply": _doubling_arguments(14, 50),
    "a large argument used often": _large_argument_used_often(),
    "a large default used often": _large_default_used_often(),
    "brackets": "[" * 130_000,
    "a hundred thousand brackets": "[" * 100_000,
    "braces": "{a: " * 16_000,
    "question marks": "? " * 32_000,
    "dashes": "- " * 32_000,
    "quotes": '"' * 65_000,
    "a long number": "layers: [conv: " + "1" * 60_000 + "]",
    "a long exponent": "layers: [dropout: 1e" + "1" * 60_000 + "]",
    "a long key": "x" * 65_000 + ": 1\n",
    "many unknown keys": "".join(f"k{i}: 1\n" for i in range(7_000)),
    "many unknown blocks": "layers:\n" + "".join(f"- b{i}\n" for i in range(7_000)),
    "many duplicate keys": "a: 1\n" * 13_000,
    "many unknown keys of many blocks": "layers:\n" + ("- conv: {" + _numbered("k{}: 1", 60) + "}\n") * 70,
    "many defaults": "defaults: {" + _numbered("d{}: {{}}", 5_000) + "}\nlayers: [gap]\n",
    "many groups": "blocks: {" + _numbered("g{}: {{layers: [relu]}}", 2_500) + "}\nlayers: [gap]\n",
    "many parameters": "blocks: {g: {parameters: {" + _numbered("p{}: ", 5_000) + "}, layers: [relu]}}\nlayers: [g]\n",
    "many references": "blocks: {g: {parameters: {p: 1}, layers: [" + _numbered("$q{}", 5_000) + "]}}\nlayers: [g]\n",
    "aliases": "a: &a [x]\n" + "b: [*a, *a]\n" * 3_000,
    "a long line of colons": "a:" * 30_000,
    "characters that were breaks": "a: \x85\u2028\n" * 9_000,
    "headers of texts with tabs": "- |\t\n" * 25_000,
    "many tabs": "\t" * 130_000 + "a: 1",
    "tabs in brackets": "[\n\t" * 20,
    "many documents": "---\n" * 16_000,
    "many comments": "#\n" * 32_000,
    "many empty lines": "\n" * 65_000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name], encoding="utf-8")
    start = time.process_time()
    with pytest.raises(MnistspecError) as caught:
        load_document(path)
    assert time.process_time() - start < SECONDS
    assert len(str(caught.value)) < 200_000


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name], encoding="utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(MnistspecError):
            load_document(path)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
