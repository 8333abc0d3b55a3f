"""The shape of the code: rooms import downwards only, files and functions stay short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import PACKAGE

ROOMS = ("cli", "pages", "views", "runs", "training", "data", "network", "spec", "errors")  # the top imports the rest
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 60


def room_of(path: Path) -> str:
    """Return the room that a module belongs to; the package's own files are its roof."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0] if parts[0] in ROOMS else "roof"


def imported_rooms(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and room of each import from this package, wherever it stands."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "mnistspec" and len(parts) > 1 and parts[1] in ROOMS:
                yield node.lineno, parts[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) < LONGEST_FILE
    assert not text.strip() or ast.get_docstring(tree), "a module says what it is"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length < LONGEST_FUNCTION, f"{node.name} has {length} lines"
    room = room_of(path)
    if room != "roof":
        for line, other in imported_rooms(tree):
            assert ROOMS.index(other) >= ROOMS.index(room), f"line {line}: {room} may not import {other}"


def test_every_room_is_known() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS) - {"errors"}
