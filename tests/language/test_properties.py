"""What holds for every valid spec."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given

from mnistspec.language.loader import load_document
from mnistspec.language.spec import Spec
from tests.language.strategies import pinned, specs
from tests.profiles import examples


@examples(150)
@given(spec=specs())
@pinned
def test_dumped_and_loaded_it_is_the_same(spec: Spec, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(spec.as_yaml(), encoding="utf-8")
    document = load_document(path)
    assert document.spec == spec
    assert [type(block) for block in document.spec.layers] == [type(block) for block in spec.layers]
    assert len(document.layers) == len(spec.layers)
    assert len(set(document.lines)) == len(spec.layers), "one block a line"
