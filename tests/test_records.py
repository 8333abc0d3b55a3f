"""Values do not change once they are made: a dataclass is frozen unless it is listed here as one that is filled."""

from __future__ import annotations

import ast

from tests.places import PACKAGE

FILLED = {
    "Collection", "Collector", "DropoutSource", "Expander", "Offer", "Run", "Task", "Tree", "_Composer", "_Part",
}  # fmt: skip


def test_dataclasses_are_frozen() -> None:
    filled: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                texts = [ast.unparse(decorator) for decorator in node.decorator_list]
                filled |= {node.name for text in texts if "dataclass" in text and "frozen=True" not in text}
    assert filled == FILLED
