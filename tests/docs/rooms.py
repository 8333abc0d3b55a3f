"""The floor plan from top to bottom, a row a room with its docstring's first line: ``python -m tests.docs.rooms``."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

from tests.places import PACKAGE, ROOT


def list_rooms() -> list[Path]:
    """Return the package's folders and the modules beside them, in the order of the contract in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    rooms: list[Path] = []
    for name in re.split(r"[\s|:]+", " ".join(settings["contracts"][0]["layers"])):
        folder = PACKAGE / name
        inside = sorted(path.parent for path in folder.rglob("__init__.py"))
        rooms += inside or [folder.with_suffix(".py")]
    return rooms


def name_room(path: Path) -> str:
    """Return a room as the table names it, such as ``language/yaml/``."""
    return path.relative_to(PACKAGE).as_posix() + ("/" if path.is_dir() else "")


def main() -> None:
    """Print the rooms."""
    lines = ["| room | what it holds |", "| :-- | :-- |"]
    for room in list_rooms():
        file = room / "__init__.py" if room.is_dir() else room
        docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        assert docstring, f"{room} does not say what it holds"
        lines.append(f"| `{name_room(room)}` | {docstring.splitlines()[0]} |")
    sys.stdout.write("\n".join((*lines, "")))


if __name__ == "__main__":
    main()
