"""Whatever a spec extends, groups, repeats or leaves to defaults: written out it is the same network and recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.language.dump import dump_data
from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.spec import Spec
from tests.language.strategies import specs
from tests.profiles import examples


def fold(data: dict[str, Any], cut: int) -> dict[str, Any]:
    """Return the same network with groups, a repeat and defaults: layers before and after ``cut`` are groups."""
    first, rest = data["layers"][:cut], data["layers"][cut:]
    biased = {"conv", "1x1", "fc"} & {next(iter(layer)) for layer in rest if isinstance(layer, dict)}
    groups: dict[str, Any] = {"tail": {"layers": [{"repeat": {"times": 1, "layers": rest}}]}}
    layers: list[Any] = ["tail"]
    if first:
        groups["head-of-it"] = {"parameters": {"momentum": None}, "layers": [*first, {"bn": {"momentum": "$momentum"}}]}
        layers.insert(0, {"head-of-it": {"momentum": 0.25}})
    defaults = {word: {"bias": True} for word in biased}
    stripped = [
        {word: {key: value for key, value in arguments.items() if (word, key, value) != (word, "bias", True)}}
        for layer in rest
        for word, arguments in [next(iter(layer.items())) if isinstance(layer, dict) else (layer, {})]
    ]
    groups["tail"]["layers"][0]["repeat"]["layers"] = stripped
    used = {word for layer in stripped for word, arguments in layer.items() if "bias" not in arguments}
    defaults = {word: arguments for word, arguments in defaults.items() if word in used}
    return {**data, "blocks": groups, "layers": layers, **({"defaults": defaults} if defaults else {})}


@examples(60)
@given(spec=specs(), cut=st.integers(0, 8))
def test_groups_repeats_and_defaults_written_out(spec: Spec, cut: int, tmp_path: Path) -> None:
    data = spec.as_data()
    path, shown = tmp_path / "folded.yaml", tmp_path / "shown.yaml"
    folded = fold(data, min(cut, len(data["layers"]) - 2))
    path.write_text(dump_data(folded), encoding="utf-8")
    document = load_document(path)
    shown.write_text(document.spec.as_yaml(), encoding="utf-8")
    again = load_document(shown)
    assert again.spec == document.spec
    assert [layer.modules for layer in again.layers] == [layer.modules for layer in document.layers]
    words = [block.word for block in document.spec.layers]
    assert len(words) == len(spec.layers) + (1 if len(folded["layers"]) == 2 else 0)
    assert "blocks" not in shown.read_text(encoding="utf-8").split("layers:")[0].splitlines()


@examples(60)
@given(parent=specs(), child=specs())
def test_what_a_spec_extends_written_out(parent: Spec, child: Spec, tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(parent.as_yaml(), encoding="utf-8")
    path, shown = tmp_path / "child.yaml", tmp_path / "shown.yaml"
    optimizer = yaml.safe_dump({"train": {"optimizer": child.as_data()["train"]["optimizer"]}})
    path.write_text(f"extends: parent.yaml\n{optimizer}", encoding="utf-8")
    spec = load_spec(path)
    shown.write_text(spec.as_yaml(), encoding="utf-8")
    assert load_spec(shown) == spec
    assert spec.layers == parent.layers
    assert spec.train.scheduler == parent.train.scheduler
    assert spec.train.optimizer.word == child.train.optimizer.word
    assert (spec.name, spec.title) == ("child", "")
