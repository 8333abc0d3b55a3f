"""Tables as text, CSV: rows with the line that each begins in, and columns by their names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from mnistspec.formats.image_set import Problem
from mnistspec.formats.problems import refuse
from mnistspec.wording import did_you_mean, join_names, plural, quote, suggest

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_DELIMITERS = ",;\t|"
_LONGEST = 2**24  # characters of the line with the names: 512x512 pixels have 3 million
_ADVICE = "mend the rows, or remove them"
_SHOWN = 8  # names of columns that are listed


@dataclass
class Table:
    """A table that is being read: its columns, and lines that are left out, with the reason."""

    path: Path
    columns: list[str]
    rows: Iterator[tuple[int, list[str]]]
    wrong: dict[str, list[int]] = field(default_factory=dict)

    def find(self, name: str) -> int:
        """Return the place of a column; refuse the table if there is none of this name."""
        if name not in self.columns:
            self._refuse_name(name)
        return self.columns.index(name)

    def _refuse_name(self, name: str) -> NoReturn:
        there = join_names([*map(quote, self.columns[:_SHOWN])])
        more = f" and {len(self.columns) - _SHOWN:,} more" if len(self.columns) > _SHOWN else ""
        close = did_you_mean(suggest(name, self.columns)) or f"; its columns: {there}{more}"
        hint = "write the columns of the paths and the labels: {path: ..., image: ..., label: ...}"
        if all(re.fullmatch(r"[\d.]+", column) for column in self.columns):
            hint = "the first line has no names of columns; add such a line: label,pixel0,pixel1,..."
        refuse("E530", f"{self.path}: no column {quote(name)}{close}", hint)

    def leave_out(self, line: int, reason: str) -> None:
        """Note a row that is wrong."""
        self.wrong.setdefault(reason, []).append(line)

    def list_problems(self) -> list[Problem]:
        """Return what is wrong with rows, one problem for each reason."""
        return [report_lines("E535", self.path, lines, reason, _ADVICE) for reason, lines in self.wrong.items()]


def report_lines(
    code: str, path: Path, lines: Sequence[int], message: str, hint: str, *, is_warning: bool = False
) -> Problem:
    """Return a problem that rows of a table have, one or many."""
    where = f"{path}:{lines[0]}" if len(lines) == 1 else f"{path}: {plural(len(lines), 'row')}"
    return Problem(code, f"{where}: {message}", hint, tuple(f"line {line}" for line in lines), is_warning)


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a table; its separator is the commonest in the first line of comma, semicolon, tab and bar.

    Errors in reading its rows are explained, too.
    """
    if not path.is_file():
        what = "not a file" if path.exists() else "no such file"
        refuse("E501", f"{path}: {what}", "csv: is the path of a table as text")
    reader = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = max(_DELIMITERS, key=file.readline(_LONGEST).count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
            names = [name.strip() for name in next(reader, [])]
            if not any(names):
                refuse("E530", f"{path}: the table is empty", "its first line has the names of the columns")
            table = Table(path, names, iter(()))
            if twice := [name for name, count in Counter(filter(None, names)).items() if count > 1][:_SHOWN]:
                refuse("E530", f"{path}: two columns with the name {join_names([*map(quote, twice)])}", "rename one")
            table.rows = _read_rows(reader, table)
            yield table
    except UnicodeDecodeError:
        after = f" after line {reader.line_num}" if reader else ""
        refuse("E535", f"{path}: text that is not UTF-8{after}", "save it as CSV in UTF-8")
    except csv.Error as error:
        refuse("E535", f"{path}:{reader.line_num if reader else 1}: not a row of CSV: {error}", "mend the quotes there")
    except OSError as error:
        refuse("E535", f"{path}: cannot be read: {error.strerror or error}", "see who may read it")


def _read_rows(reader: Reader, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with as many fields as there are columns, each with its first line; empty lines are none."""
    line = reader.line_num + 1
    for fields in reader:
        if len(fields) != len(table.columns) and any(fields):
            table.leave_out(line, f"not {plural(len(table.columns), 'field')}, as the first line has")
        elif any(fields):
            yield line, fields
        line = reader.line_num + 1
