"""Values do not change once they are made: a dataclass is frozen unless some of its fields are filled later."""

from __future__ import annotations

import ast

from tests.places import PACKAGE


def test_dataclasses_that_are_whole_from_the_beginning_are_frozen() -> None:
    found, wrong = 0, []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            texts = [text for text in map(ast.unparse, node.decorator_list) if text.startswith("dataclass")]
            found += len(texts)
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            if any("frozen=True" not in text for text in texts) and not any(field.value for field in fields):
                wrong.append(f"{path}: {node.name}")
    assert found > 50
    assert wrong == []
