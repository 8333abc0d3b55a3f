"""How much a spec may hold, each limit from both sides, and what of a line an error shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.yaml.composer import read_bytes, read_source
from mnistspec.language.yaml.diagnostics import Collector, Diagnostic, InvalidSpecError, Source, Span, _excerpt
from mnistspec.language.yaml.scalars import ambiguity, resolve
from mnistspec.language.yaml.tree import Scalar, Sequence, is_null

KEYS = b"".join(b"%04d: 1," % place for place in range(6_000))  # each of eight characters


def codes_of(data: bytes) -> list[str]:
    collector = Collector("a.yaml")
    read_bytes(data, "a.yaml", collector)
    return [found.code for found in collector.diagnostics.values()]


@pytest.mark.parametrize(
    ("largest", "larger"),
    [
        (b"a: b #".ljust(131_072), b"a: b #".ljust(131_073)),
        (b"[" * 24 + b"x" + b"]" * 24, b"[" * 25 + b"x" + b"]" * 25),
        (b"{a: " * 24 + b"x" + b"}" * 24, b"{a: " * 25 + b"x" + b"}" * 25),
        (b"[" + b"1," * 11_999 + b"]", b"[" + b"1," * 12_000 + b"]"),  # the list itself counts
        (
            b"{" + b"".join(b"k%d: 1," % i for i in range(5_999)) + b"}",
            b"{" + b"".join(b"k%d: 1," % i for i in range(6_000)) + b"}",
        ),
    ],
    ids=["bytes", "lists", "mappings", "items", "keys and values"],
)
def test_a_spec_is_not_larger_than_that(largest: bytes, larger: bytes) -> None:
    assert (codes_of(largest), codes_of(larger)) == ([], ["E101"])


def test_no_more_of_a_file_is_read_than_shows_that_it_is_too_large(tmp_path: Path) -> None:
    for size, read in ((131_072, 131_072), (131_073, 131_073), (200_000, 131_073)):
        (tmp_path / "a.yaml").write_bytes(b"x" * size)
        assert len(read_source(tmp_path / "a.yaml")) == read
    collector = Collector("a.yaml")
    read_bytes(b"x" * 131_073, "a.yaml", collector)
    (found,) = collector.diagnostics.values()
    assert (found.message, found.span.where) == ("a spec may have 128 KiB; this file has more", "a.yaml:1:1")


def test_nothing_is_a_value_at_the_beginning() -> None:
    collector = Collector("a.yaml")
    for data in (b"", b"# nothing\n"):
        tree = read_bytes(data, "a.yaml", collector)
        assert isinstance(tree, Scalar)
        assert is_null(tree)
        assert tree.span.where == "a.yaml:1:1"


def test_a_number_has_a_hundred_digits() -> None:
    for text in ("1" * 100, "0x" + "f" * 98, "0." + "1" * 98):
        assert not isinstance(resolve(text), str)
        assert ambiguity(text) is None
        assert resolve(f"{text}1") == f"{text}1"
        problem, _ = ambiguity(f"{text}1") or ("", "")
        assert problem == "a number may have 100 digits; this one has 101"
    assert ambiguity("a" * 101) is None
    for text, decimal in (("007", "7"), ("-010", "-10"), ("+01", "+1")):
        problem, advice = ambiguity(text) or ("", "")
        assert problem == f'"{text}" is octal to some readers of YAML and decimal to others'
        assert advice == f'write {decimal}, or "{text}" if it is text'


@pytest.mark.parametrize(
    ("count", "end"),
    [(1, "1 error in a"), (100, "100 errors in a"), (101, "101 errors in a; the first 100 are shown")],
)
def test_a_message_shows_a_hundred_errors(count: int, end: str) -> None:
    source = Source("a", "x\n" * 200)
    found = [Diagnostic(f"E{line:03}", f"problem {line}", Span(source, line, 1)) for line in range(count, 0, -1)]
    error = InvalidSpecError("a", found)
    lines = str(error).splitlines()
    assert lines[-1] == end
    assert [line for line in lines if "problem" in line] == [
        f"a:{line}:1: problem {line} [E{line:03}]" for line in range(1, min(count, 100) + 1)
    ]
    assert (error.code, len(error.diagnostics)) == ("E001", count)


def test_after_a_hundred_errors_nothing_is_suggested() -> None:
    collector = Collector("a")
    source = Source("a", "x\n" * 200)
    for line in range(1, 100):
        collector.add("E201", "problem", Span(source, line, 1))
    assert collector.suggest("relo", ["relu"]) == "relu"
    collector.add("E201", "problem", Span(source, 100, 1))
    assert collector.suggest("relo", ["relu"]) is None


WIDE, ACCENT = "\N{CJK UNIFIED IDEOGRAPH-4E00}", "\N{COMBINING ACUTE ACCENT}"
LINE = "".join(f"{place:03}," for place in range(60))  # 240 characters


@pytest.mark.parametrize(
    ("text", "column", "length", "shown", "place", "carets"),
    [
        ("abc: def", 6, 3, "abc: def", 5, 3),
        ("abc: def", 6, 99, "abc: def", 5, 3),
        ("abc: def", 9, 1, "abc: def", 8, 1),
        (LINE[:100], 100, 1, LINE[:100], 99, 1),
        (LINE[:101], 1, 2, LINE[:100], 0, 2),
        (LINE[:101], 101, 1, LINE[1:101], 99, 1),
        (LINE, 51, 1, LINE[:100], 50, 1),
        (LINE, 52, 1, LINE[1:101], 50, 1),
        (LINE, 150, 4, LINE[99:199], 50, 4),
        (LINE, 240, 1, LINE[140:], 99, 1),
        (f"{WIDE}e{ACCENT}: x", 5, 1, f"{WIDE}e{ACCENT}: x", 4, 1),
        (f"x: {WIDE}", 4, 1, f"x: {WIDE}", 3, 2),
        (f"x: e{ACCENT}", 5, 1, f"x: e{ACCENT}", 4, 1),
    ],
)  # fmt: skip
def test_carets_stand_under_what_is_meant(
    text: str, column: int, length: int, shown: str, place: int, carets: int
) -> None:
    line, below = _excerpt(Span(Source("a", f"first\n{text}\nlast"), 2, column, length))
    assert line == f"    2 | {shown}"
    assert below == " " * (8 + place) + "^" * carets


def test_where_there_is_no_line_none_is_shown() -> None:
    source = Source("a", "x\n \ny")
    assert [bool(_excerpt(Span(source, line, 1))) for line in range(5)] == [False, True, False, True, False]
    assert _excerpt(Span(Source("--epochs 3", "x", is_option=True), 1, 1)) == []


def test_places_count_from_one() -> None:
    collector = Collector("a")
    tree = read_bytes(b"- one\n- two: |\n    text\n  more: 'a\n    b'\n", "a", collector)
    assert isinstance(tree, Sequence)
    first, second = tree.items
    assert (first.span.line, first.span.column, first.span.length) == (1, 3, 3)
    entries = list(second.entries.values())  # type: ignore[union-attr]
    assert [(entry.key.line, entry.key.column, entry.key.length) for entry in entries] == [(2, 3, 3), (4, 3, 4)]
    assert [(e.node.span.line, e.node.span.column, e.node.span.length) for e in entries] == [(2, 8, 1), (4, 9, 2)]
