r"""Folders as the pages of errors list them: a path a line, with what is special about it behind two spaces.

``a/1.png`` is a picture of 8x8 pixels; ``a/{1..9}.png`` nine; ``a/`` a folder; ``a/1.png -> b`` a link. ``16x12``,
``black``, ``dark``, ``copy of a/1.png``, ``0 bytes``, ``cut off``, ``text`` and ``changes while it is read`` say what
else a file is; ``\xe9`` in a name is this byte. A first line
``data: ...`` is what a spec says of the set, by default ``data: {folder: leaves}``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mnistspec.formats.folder import FolderSet
from mnistspec.formats.image_set import Preparation, Split
from tests.formats.painting import save


def build(listing: str, root: Path) -> tuple[FolderSet, list[Path]]:
    """Make the files below a folder; return the set, its path relative to it, and files that change in reading."""
    lines = [every for line in listing.splitlines() for every in _expand(line)]
    data: Any = "leaves"
    if lines[0].startswith("data:"):
        data = yaml.safe_load(lines.pop(0))["data"]["folder"]
    changing = []
    for level, line in enumerate(lines, start=1):
        place, _, what = line.partition("  ")
        place, _, target = place.partition(" -> ")
        name = os.fsdecode(re.sub(rb"\\x(..)", lambda found: bytes.fromhex(found[1].decode()), place.encode()))
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        elif target:
            path.symlink_to(target)
        else:
            _make_file(path, what.strip(), level, root)
        if what.strip() == "changes while it is read":
            changing.append(path)
    return _make_set(data), changing


def _expand(line: str) -> list[str]:
    found = re.search(r"\{(\d+)\.\.(\d+)\}", line)
    if not found:
        return [line]
    return [line.replace(found[0], str(number)) for number in range(int(found[1]), int(found[2]) + 1)]


def _make_file(path: Path, what: str, level: int, root: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if what in {"0 bytes", "text"}:
        path.write_bytes(b"" if what == "0 bytes" else b"no picture")
        return
    if what.startswith("copy of "):
        path.write_bytes((root / what.removeprefix("copy of ")).read_bytes())
        return
    sizes = re.fullmatch(r"(\d+)x(\d+)", what)
    size = (int(sizes[1]), int(sizes[2])) if sizes else (8, 8)
    highest = {"dark": 16, "black": 1}.get(what, 256)
    save(path, np.random.default_rng(level).integers(0, highest, size, dtype=np.uint8))
    if what == "cut off":
        path.write_bytes(path.read_bytes()[:-30])
    else:
        assert sizes or what in {"", "dark", "black", "changes while it is read"}, what


def _make_set(data: Any) -> FolderSet:
    options: dict[str, Any] = {"path": data} if isinstance(data, str) else dict(data)
    assert options.keys() <= {"path", "size", "classes", "group", "skip"}
    size, classes = options.get("size"), options.get("classes")
    return FolderSet(
        Path(options["path"]),
        Preparation(size=(size, size) if size else None),
        Split(group=options.get("group")),
        tuple(classes) if classes else None,
        tuple(options.get("skip", ())),
    )
