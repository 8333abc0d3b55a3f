"""The floor plan, a row a room with the first line of its docstring, as Markdown: ``python -m tests.docs.rooms``."""

from __future__ import annotations

import ast
import sys

from tests.places import PACKAGE


def list_rooms() -> list[str]:
    """Return the package's folders with code, such as ``language/yaml``."""
    return sorted(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*/__init__.py"))


def main() -> None:
    """Print the rooms."""
    lines = ["| room | what it holds |", "| :-- | :-- |"]
    for room in list_rooms():
        docstring = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
        assert docstring, f"{room} does not say what it holds"
        lines.append(f"| `{room}/` | {docstring.splitlines()[0]} |")
    sys.stdout.write("\n".join((*lines, "")))


if __name__ == "__main__":
    main()
