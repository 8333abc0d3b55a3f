"""Lines, tabs and escapes as YAML 1.2.2 has them; PyYAML's own are YAML 1.1's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.language.yaml.composer import read_text
from mnistspec.language.yaml.diagnostics import Collector, Diagnostic, Source
from mnistspec.language.yaml.tree import plain
from tests.profiles import examples

NO_BREAKS = "\x85\u2028\u2029"  # line breaks of YAML 1.1, ordinary characters of YAML 1.2 (section 5.4)

# Sections 5 to 9, and examples of the same kind.
RIGHT = {
    "5.4 line feeds and carriage returns": ("a: 1\rb: 2\r\nc: 3\nd: 4", {"a": 1, "b": 2, "c": 3, "d": 4}),
    "5.4 a next line in a comment": ("# old:\x85a: 1\nb: 2", {"b": 2}),
    "5.4 a line separator in a comment": ("b: 2 # old: \u2028a: 1", {"b": 2}),
    "5.4 a paragraph separator in a comment": ("b: 2\n#\u2029a: 1\n", {"b": 2}),
    "5.4 in a plain scalar": ("a: x\x85y\u2028z\u2029", {"a": "x\x85y\u2028z\u2029"}),
    "5.4 they are no white space": ("- \x85\n- \u2028 1", ("\x85", "\u2028 1")),
    "5.4 in quotes": ("- 'x\x85y'\n- \"x\u2028y\"", ("x\x85y", "x\u2028y")),
    "5.4 in a literal": ("a: |\n  x\x85y\n  \u2028z\n", {"a": "x\x85y\n\u2028z\n"}),
    "5.4 in a folded text": ("a: >\n  x\x85\n  y\n", {"a": "x\x85 y\n"}),
    "5.4 in a key": ("a\u2029b: 1", {"a\u2029b": 1}),
    "5.4 in brackets": ("[a\x85b, {c\u2028: 1}]", ("a\x85b", {"c\u2028": 1})),
    "5.5 white space is spaces and tabs": ("a:\t1\nb: \t 2", {"a": 1, "b": 2}),
    "5.7 escapes of the three": (r'"\N\L\P"', "\x85\u2028\u2029"),
    "5.7 an escaped line break, and white space around it": ('"x \\\n\t \ty"', "x y"),
    "6.1 a tab after indentation": ("a:\n \tb", {"a": "b"}),
    "6.1 no indentation at the top": ("\t[\n\t1,\n\t2\n\t]", (1, 2)),
    "6.2 a tab after a dash": ("-\t1\n- \t[2]", (1, (2,))),
    "6.3 tabs within a line of a scalar": ("a: b\tc \t d\t", {"a": "b\tc \t d"}),
    "6.4 empty lines with tabs in a plain scalar": ("a:\n  b\n  \t\n  c", {"a": "b\nc"}),
    "6.5 folded, tabs and all": ('a: "b\n \t \t c \t \t "', {"a": "b c \t \t "}),
    "6.6 a tab before a comment": ("a: 1\t# one\n\t# two\n \t # three\nb: 2", {"a": 1, "b": 2}),
    "6.6 a line of tabs": ("a: 1\n\t\n \t \nb:\n\t\n  c: 2\n\t", {"a": 1, "b": {"c": 2}}),
    "6.6 a tab behind a key": ("a\t: 1\n'b'\t: 2\nc:\t\n  d: 3", {"a": 1, "b": 2, "c": {"d": 3}}),
    "6.8 tabs in the directive": ("%YAML\t1.2\t# a comment\n---\t# another\na: 1", {"a": 1}),
    "7.3 single quotes": ("a: 'it''s\n\n  \tb'", {"a": "it's\nb"}),
    "7.4 tabs in flow style": ("{\ta\t:\t1\t,\tb: [\t1,\t2\t]\t}", {"a": 1, "b": (1, 2)}),
    "7.4 flow style over lines": ("a: [\n\t1,\n\t{b:\n\t2}\n\t]\nc: 3", {"a": (1, {"b": 2}), "c": 3}),
    "7.4 plain scalars over lines in flow style": ("[a\n\tb, c]", ("a b", "c")),
    "8.1 a tab and a comment in a block header": ("a: |\t# text\n  b\nc: >-\t\n  d\n", {"a": "b\n", "c": "d"}),
    "8.1 tabs are content in a literal": ("a: |\n \tb\n \t\n  c\t\n", {"a": "\tb\n\t\n c\t\n"}),
    "8.2 a tab on an explicit key's line": ("?\ta\n:\tb", {"a": "b"}),
    "10.2 JSON over lines": (json.dumps({"a": [1, {"b": 2}]}, indent="\t"), {"a": (1, {"b": 2})}),
    "10.2 JSON beyond 16 bits": (json.dumps({"\U0001f600": "x\U00010000"}), {"\U0001f600": "x\U00010000"}),
    "10.2 JSON with the three": (json.dumps(["x\u2028y\u2029\x85"], ensure_ascii=False), ("x\u2028y\u2029\x85",)),
}  # fmt: skip

TAB, HALF, ESCAPE = "a tab stands where", "half of a character", "this escape does not exist"
# What is wrong, where, and what is said.
WRONG = {
    "6.1 a tab as indentation": ("a:\n\tb: 1", (2, 1), TAB),
    "6.1 of a scalar": ("a:\n\tb", (2, 1), TAB),
    "6.1 of the second key": ("a: 1\n\tb: 2", (2, 1), TAB),
    "6.1 behind spaces": ("a:\n  b: 1\n  \tc: 2", (3, 3), TAB),
    "6.1 behind too few spaces": ("a:\n  b: c\n \td", (3, 2), TAB),
    "6.1 of a list": ("a:\n\t- b", (2, 1), TAB),
    "6.1 of an item": ("a:\n  - b\n\t- c", (3, 1), TAB),
    "6.1 of a scalar's next line": ("a: b\n\tc", (2, 1), TAB),
    "6.1 at the top": ("\ta: 1", (1, 1), TAB),
    "6.1 behind brackets": ("a: [1,\n\t2]\n\tb: 3", (3, 1), TAB),
    "8.2 a list on a dash's line": ("-\t- a", (1, 2), TAB),
    "8.2 a mapping on a dash's line": ("- \ta: 1", (1, 3), TAB),
    "8.2 a mapping on an explicit key's line": ("?\ta: 1", (1, 2), TAB),
    "8.2 a list on an explicit value's line": ("? a\n:\t- b", (2, 2), TAB),
    "5.7 half a character": (r'a: "x \ud800"', (1, 7), HALF),
    "5.7 the second half alone": (r'a: "\\ud83d \udE00"', (1, 13), HALF),
    "5.7 halves the wrong way round": (r'a: "\ude00\ud83d"', (1, 5), HALF),
    "5.7 two first halves": (r'a: "\ud83d\ude00\ud83d\ud83d"', (1, 17), HALF),
    "5.7 in a key": (r'"\ud83dx": 1', (1, 2), HALF),
    "5.7 half a character in eight digits": (r'a: "\U0000dc00"', (1, 5), HALF),
    "5.7 beyond the last character": (r'a: "\U00110000"', (1, 7), ESCAPE),
    "5.7 far beyond it": (r'a: "\UFFFFFFFF"', (1, 7), ESCAPE),
    "5.7 an escaped next line": ('a: "\\\x85"', (1, 6), ESCAPE),
    "5.4 lines are counted by line feeds": ("# \x85\u2028\n'\u2029': a: b", (2, 7), "a colon is not expected"),
}  # fmt: skip


def read(text: str) -> tuple[object, list[Diagnostic]]:
    """Return a text's data, and its errors."""
    collector = Collector("spec.yaml")
    tree = read_text(Source("spec.yaml", text), collector)
    return None if tree is None else plain(tree), list(collector.diagnostics.values())


@pytest.mark.parametrize("name", RIGHT)
def test_right(name: str) -> None:
    text, data = RIGHT[name]
    assert read(text) == (data, [])


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name: str) -> None:
    text, place, message = WRONG[name]
    _, (error,) = read(text)
    assert (error.span.line, error.span.column) == place
    assert error.message.startswith(f"not YAML: {message}")


@pytest.mark.parametrize("character", NO_BREAKS)
def test_an_excerpt_shows_the_line_that_is_counted(character: str) -> None:
    _, (error,) = read(f"# {character}\na: 'x{character}' # {character}\na: 2\n")
    assert error.render().splitlines()[:3] == [
        'spec.yaml:3:1: the key "a" is here twice; first on line 2 [E106]',
        "    3 | a: 2",
        "        ^",
    ]


TEXT = """\
# {0}
a: 1 # {0}
b:
  - "x{0}y"   # {0}
  - 'x{0}y'
  - x{0}y
  # {0}
  - [1, "{0}"] # {0}
c{0}: |
  x{0}y
d: >-
  x{0}
  y
e: 2 #{0}"""


@examples(200)
@given(st.text(st.sampled_from(NO_BREAKS + "\t :-#x,]}a1'&*!%\u00a0\ufffd"), min_size=1, max_size=8))
def test_what_is_in_comments_and_quotes_changes_nothing_else(piece: str) -> None:
    inside = piece.replace("'", "")
    comments = TEXT.replace("x{0}", "x").replace('"{0}"', '"q"').replace("c{0}", "c")
    plain_data = {"a": 1, "b": ("xy", "xy", "xy", (1, "q")), "c": "xy\n", "d": "x y", "e": 2}
    assert read(comments.format(piece)) == (plain_data, [])
    quoted = comments.replace('"xy"', '"x{0}y"').replace("'xy'", "'x{0}y'").format(inside)
    assert read(quoted) == ({**plain_data, "b": (f"x{inside}y", f"x{inside}y", "xy", (1, "q"))}, [])


@examples(200)
@given(st.text(st.sampled_from(NO_BREAKS), min_size=1, max_size=8))
def test_what_broke_lines_is_text_everywhere(piece: str) -> None:
    text = f"x{piece}y"
    data = {"a": 1, "b": (text, text, text, (1, piece)), f"c{piece}": f"{text}\n", "d": f"x{piece} y", "e": 2}
    assert read(TEXT.format(piece)) == (data, [])
    assert read(TEXT.format(piece) + "\nf: 1\nf: 2")[1][0].span.line == TEXT.count("\n") + 3


@examples(300)
@given(st.dictionaries(st.text(), st.text() | st.integers(-(10**20), 10**20) | st.booleans() | st.none(), max_size=5))
def test_what_json_writes_is_read(data: dict[str, object]) -> None:
    assert read(json.dumps(data)) == (data, [])
    assert read(json.dumps(data, indent="\t")) == (data, [])
