"""Weights of classes in a spec: by name, in the spec that extends another, and absent where nobody asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mnistspec.language.loader import load_spec
from mnistspec.language.yaml.diagnostics import InvalidSpecError
from tests.places import SPECS

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.language.vocabulary.recipe import ClassWeights

PARENT = """\
data: {data}
layers: [gap, fc: 10]
train: {{class_weights: {weights}}}
"""


def write(folder: Path, weights: str, child: str | None = None, data: str = "fashion-mnist") -> Path:
    (folder / "parent.yaml").write_text(PARENT.format(data=data, weights=weights), encoding="utf-8")
    if child is None:
        return folder / "parent.yaml"
    (folder / "child.yaml").write_text(f"extends: parent.yaml\n{child}\n", encoding="utf-8")
    return folder / "child.yaml"


@pytest.mark.parametrize(
    ("parent", "child", "weights"),
    [
        ("{coat: 2, shirt: 3}", "title: same", {"coat": 2, "shirt": 3}),
        ("{coat: 2, shirt: 3}", "train: {class_weights: {coat: 1.5, bag: 4}}", {"coat": 1.5, "shirt": 3, "bag": 4}),
        ("{coat: 2, shirt: 3}", "train: {class_weights: {coat: }}", {"shirt": 3}),
        ("{coat: 2, shirt: 3}", "train: {class_weights: balanced}", "balanced"),
        ("{coat: 2, shirt: 3}", "train: {class_weights: }", None),
        ("{coat: 2}", "train: {class_weights: {}}", {"coat": 2}),
        ("balanced", "train: {class_weights: {coat: 2}}", {"coat": 2}),
        ("balanced", "train: {epochs: 1}", "balanced"),
        ("balanced", "train: {class_weights: null}", None),
    ],
)
def test_they_are_merged_as_all_mappings_are(
    tmp_path: Path, parent: str, child: str, weights: ClassWeights | None
) -> None:
    spec = load_spec(write(tmp_path, parent, child))
    assert spec.train.class_weights == weights
    (tmp_path / "resolved.yaml").write_text(spec.as_yaml(), encoding="utf-8")
    assert load_spec(tmp_path / "resolved.yaml") == spec


def test_other_data_have_other_classes(tmp_path: Path) -> None:
    path = write(tmp_path, "{coat: 2}", "data: mnist")
    with pytest.raises(InvalidSpecError) as caught:
        load_spec(path)
    (error,) = caught.value.diagnostics
    assert error.message == 'mnist has no class "coat"'
    assert error.help == "classes of mnist: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert (error.span.source.name, error.span.line) == (str(tmp_path / "parent.yaml"), 3)


def test_names_are_told_by_their_letters(tmp_path: Path) -> None:
    """Digits are names as well; case counts, as it may for the folders that classes are."""
    assert load_spec(write(tmp_path, "{3: 2, '7': 5}", data="mnist")).train.class_weights == {"3": 2, "7": 5}
    for name, meant in (("t-shirt", "T-shirt"), ("ankle-boot", "ankle boot"), ("Coat", "coat")):
        with pytest.raises(InvalidSpecError, match=f'no class "{name}"; did you mean "{meant}"'):
            load_spec(write(tmp_path, f"{{{name}: 2}}"))


def test_a_setting_weighs_a_class(tmp_path: Path) -> None:
    path = write(tmp_path, "{coat: 2}")
    assert load_spec(path, ["train.class_weights.ankle boot=3"]).train.class_weights == {"coat": 2, "ankle boot": 3}
    assert load_spec(path, ["train.class_weights=balanced"]).train.class_weights == "balanced"


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_spec_without_them_is_written_as_before(path: Path) -> None:
    data = load_spec(path).as_data()
    assert list(data["train"]) == ["epochs", "batch_size", "seed", "holdout", "optimizer", "scheduler", "augment"]
    assert "min_macro_f1" not in data.get("targets", {})
