"""How sentences are made: what is safe to print, quotes, suggestions, numbers of things, lists, shapes, tables."""

from __future__ import annotations

import difflib
import re
import textwrap
from html import escape
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_COLUMNS = 80
_SECOND_COLUMN = re.compile(r"\s*\S+\s{2,}|\s*")


def printable(text: str) -> str:
    """Replace what would move a cursor, change a terminal's state or the direction of writing, or be no text at all.

    These are control characters, marks of direction, halves of surrogate pairs and separators of lines, each replaced
    by one character; blanks of any width stay.
    """
    return "".join(c if c.isprintable() or category(c) == "Zs" else " " if c == "\t" else "\ufffd" for c in text)


def printable_lines(text: str) -> str:
    """Return the text with each of its lines printable."""
    return "\n".join(map(printable, text.split("\n")))


def quote(text: str) -> str:
    """Return user text in quotes, shortened and without control characters, safe for a terminal."""
    shown = printable(text[:50])
    return f'"{shown[:40]}..."' if len(shown) > 43 else f'"{shown}"'


def suggest(word: str, choices: Iterable[str], aliases: Mapping[str, str] | None = None) -> str | None:
    """Return the choice that ``word`` was probably meant to be, or None; ``aliases`` lead to choices."""
    names = {fold(choice): choice for choice in choices}
    known = {fold(alias): name for alias, name in (aliases or {}).items() if name in names.values()}
    every = {**known, **names}
    folded = fold(word[:64])
    if folded in every:
        return every[folded]
    close = difflib.get_close_matches(folded, every, n=3, cutoff=0.65)
    # Of several that are close, the one with the same letters: the slip that swaps two is the commonest.
    close.sort(key=lambda name: sorted(name) != sorted(folded))
    return every[close[0]] if close else None


def did_you_mean(name: str | None) -> str:
    """Return the end of a sentence that offers ``name``."""
    return f'; did you mean "{name}"?' if name else ""


def plural(count: int, noun: str) -> str:
    """Return a number of things: 1 epoch, 1,200 epochs."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def place_path(sentence: str, path: object) -> str:
    """Return a sentence that ends in a path, or in a command with one, on a line of its own where 80 columns end."""
    line = f"{sentence} {path}"
    return line if len(line) <= _COLUMNS else f"{sentence}\n  {path}"


def fold_line(line: str, width: int) -> str:
    """Return a line broken between words, as lines of a width; those below stand under its second column, or indented.

    What has no blank in it, such as a path, is never broken.
    """
    start = _SECOND_COLUMN.match(line)
    indent = start.end() if start and start[0].strip() else len(line) - len(line.lstrip()) + 2
    lines = textwrap.wrap(
        line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False,
        replace_whitespace=False, drop_whitespace=True,
    )  # fmt: skip
    return "\n".join(lines)


def join_names(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def dotted_keys(data: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield each value that nested mappings hold by its path, such as train.optimizer.sgd.lr; a list is one value."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from dotted_keys(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, data


def write_shape(shape: Sequence[int]) -> str:
    """Return a shape: 8x26x26."""
    return "x".join(map(str, shape))


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], marks: Sequence[str] = ()) -> str:
    """Return a Markdown table; cells are Markdown on one line, ``marks`` (``:--``, ``--:``) align the columns."""
    lines = [head, marks or ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table of HTML for a notebook; every text in it is escaped."""
    title = f"<caption>{escape(printable_lines(caption))}</caption>" if caption else ""
    lines = ("".join(f"<td>{escape(printable_lines(cell))}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    headings = "".join(f'<th scope="col">{escape(printable_lines(cell))}</th>' for cell in head)
    return f"<table>{title}<thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table>"


def fold(word: str) -> str:
    """Return a word without case, spaces, - and _."""
    return re.sub(r"[\s_-]", "", word.lower())
