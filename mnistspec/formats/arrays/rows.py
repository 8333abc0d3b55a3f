"""The rows of a table of pictures: label, part, and the path of a file or pixels."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
import stat
import unicodedata
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel

from mnistspec.formats.arrays.pixels import find_pixels
from mnistspec.formats.arrays.table import open_table, report_lines
from mnistspec.formats.image_set import Problem
from mnistspec.wording import plural, quote

if TYPE_CHECKING:
    from pathlib import Path

_PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
          "test": "test", "testing": "test"}  # fmt: skip


class Rows(BaseModel):
    """The rows that are pictures, in order, and what is wrong with others.

    ``names`` are paths relative to the table, or line 2 and so on; ``size`` is that of pixels in columns.
    """

    names: list[str] = []
    labels: list[str] = []
    parts: list[str] = []
    size: tuple[int, int] | None = None
    problems: list[Problem] = []


class Columns(NamedTuple):
    """The names of the columns with paths, labels and parts, and patterns of paths that are left out."""

    image: str | None
    label: str
    part: str | None
    skip: tuple[str, ...]


def read_rows(path: Path, columns: Columns, size: tuple[int, int] | None) -> Rows:
    """Read all of the rows but their pixels; ``size`` is what a spec says of these, height and width."""
    skipped = re.compile("|".join(map(fnmatch.translate, columns.skip)) or r"(?!)")
    rows = Rows()
    known: dict[str, tuple[str, str]] = {}
    again: list[int] = []
    otherwise: list[int] = []
    with open_table(path) as table:
        label = table.find(columns.label)
        image, part = (None if name is None else table.find(name) for name in (columns.image, columns.part))
        if image is None:
            rows.size = find_pixels(table, size)[1]
        for line, fields in table.rows:
            name = f"line {line}" if image is None else _tidy(fields[image])
            if skipped.match(name):
                continue
            word = "train" if part is None else fields[part].strip()
            row = unicodedata.normalize("NFC", fields[label].strip()), _PARTS.get(word.casefold(), "")
            if not (name and all(row)):
                what = "label" if not row[0] else "path" if not name else ""
                table.leave_out(line, f"the {what} is empty" if what else f"{quote(word)} is not train, val or test")
            elif name in known:
                (again if known[name] == row else otherwise).append(line)
            else:
                known[name] = row
        rows.problems += table.list_problems()
    rows.names = list(known)
    rows.labels, rows.parts = ([row[index] for row in known.values()] for index in range(2))
    if otherwise:
        message = "the picture of an earlier row, with another label or part"
        rows.problems.append(report_lines("E536", path, otherwise, message, "keep the row that is right"))
    if again:
        message = "the picture of an earlier row, with the same label: it is taken once"
        rows.problems.append(report_lines("E538", path, again, message, "remove the row", is_warning=True))
    return rows


def _tidy(name: str) -> str:
    name = name.strip().replace("\\", "/")
    return posixpath.normpath(name) if name else ""


def check_files(path: Path, names: list[str]) -> tuple[str, list[str], list[Problem]]:
    """Look for the files of a table.

    Returns a SHA-256 that is the same as long as none has changed, the names of those that are there, and what is wrong
    with others. No path and no link leads out of the table's folder.
    """
    root, real_root = path.parent, os.path.realpath(path.parent)
    lines, there, missing, outside = [], [], [], []
    inside: dict[str, bool] = {}
    for name in names:
        folder = posixpath.dirname(name)
        if folder not in inside:
            inside[folder] = not posixpath.isabs(name) and _is_below(root / folder, real_root)
        if not inside[folder] or ((root / name).is_symlink() and not _is_below(root / name, real_root)):
            outside.append(name)
            continue
        try:
            found = (root / name).stat()
        except (OSError, ValueError):
            found = None
        if found and stat.S_ISREG(found.st_mode):
            there.append(name)
            lines.append(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ctime_ns}")
        else:
            missing.append(name)
    problems = []
    if missing:
        problems.append(_report_files(path, missing, "no such file", _advise(root, missing[0])))
    if outside:
        hint = "put the pictures into the folder of the table, or below"
        problems.append(_report_files(path, outside, "a path that leads out of the table's folder", hint))
    return sha256("\0\0".join(lines).encode()).hexdigest(), there, problems


def _report_files(path: Path, names: list[str], message: str, hint: str) -> Problem:
    where = f"{path.parent / names[0]}" if len(names) == 1 else f"{path}: {plural(len(names), 'file')}"
    return Problem("E536", f"{where}: {message}", hint, tuple(names))


def _is_below(path: Path, real_root: str) -> bool:
    real = os.path.realpath(path)
    return real == real_root or real.startswith(real_root.rstrip(os.sep) + os.sep)


def _advise(root: Path, name: str) -> str:
    """Return what to do about a file that is missing: the table may lack its extension, or write it otherwise."""
    folder, wanted = (root / name).parent, posixpath.basename(name).casefold()
    siblings = sorted(folder.iterdir()) if folder.is_dir() else ()
    for sibling in siblings:
        if wanted in {sibling.name.casefold(), sibling.stem.casefold()}:
            return f"there is {sibling.name}; write the names as the files have them"
    return "paths are relative to the table's folder; mend them, or remove the rows"
