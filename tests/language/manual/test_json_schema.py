"""The JSON Schema and ``validate`` give the same verdict on everything that is structural."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.manual.json_schema import DRAFT, make_schema
from mnistspec.language.manual.starter import TEMPLATE
from mnistspec.language.manual.words import list_sections
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.containers import Container
from mnistspec.language.vocabulary.unit import Unit
from mnistspec.language.yaml.composer import read_file, read_text
from mnistspec.language.yaml.diagnostics import Collector, InvalidSpecError, Source
from mnistspec.language.yaml.tree import plain
from tests.language.corpus_files import BAD, GOOD, settings_of
from tests.language.strategies import specs
from tests.places import SPECS
from tests.profiles import examples

SCHEMA = make_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

# Unknown keys, missing keys, values of the wrong kind or out of range, unknown words, not one named thing.
STRUCTURAL = {"E201", "E202", "E203", "E204", "E206"}

# Bad specs on which the two differ, and why.
WRONG_ONLY_TO_VALIDATE = {
    "class_weights_of_unknown_classes": "which classes there are is said by the data set",
    "extends_with_removed_layers": "what a spec extends is another file",
    "group_misspelled": "where there are groups, any word may be one",
    "group_that_takes_no_value": "what a group takes is said by the group",
    "group_with_a_bad_argument": "what a parameter is good for is said where it is used",
    "group_without_an_argument": "what a group needs is said by the group",
    "half_a_character": "JSON has no half characters to speak of",
    "name is missing": "the file's name is not in the file",
    "name_reserved_by_windows": "names of devices are a short list, but no pattern",
    "parameter_as_a_block": "in a group, any word may be a group",
}
STRUCTURAL_WITH_ANOTHER_CODE = {
    "empty_file": "E104 is about the text; nothing is no mapping either",
    "only_a_comment": "E104, the same",
    "only_dashes": "E104, the same",
    "extends_nothing": "E209 is about the other file; here there is no text to name one",
    "extends_two": "E209, the same",
    "group_that_shadows_a_block": "E207 is about the use of groups; the names of blocks are known",
    "group_with_a_bad_name": "E207, the same; what a name is made of is a pattern",
}


def as_json(path: Path) -> tuple[Any, bool]:
    """Return a spec's own text as JSON has it, and whether it is sound YAML."""
    collector = Collector(str(path))
    tree = read_file(path, collector)
    return (json.loads(json.dumps(plain(tree))) if tree else None), tree is not None and not collector.diagnostics


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DRAFT
    assert json.loads(json.dumps(SCHEMA)) == json.loads((SPECS / "spec.schema.json").read_text(encoding="utf-8")), (
        "run: mnistspec schema -o specs/spec.schema.json"
    )


@pytest.mark.parametrize("path", [*GOOD, *sorted(SPECS.glob("*.yaml")), TEMPLATE], ids=lambda path: path.stem)
def test_good_specs_pass(path: Path) -> None:
    data, is_sound = as_json(path)
    assert is_sound
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_specs_have_the_same_verdict(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    data, is_sound = as_json(Path(path.name))
    if not is_sound:
        pytest.skip("not sound YAML: there is nothing to hold against a schema")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path.name, settings_of(path))
    # What is wrong with a parent or a setting is not in this file.
    codes = {each.code for each in caught.value.diagnostics if each.span.source.name == path.name}
    expected = bool(codes & STRUCTURAL)
    if path.stem in WRONG_ONLY_TO_VALIDATE:
        assert expected
        expected = False
    if path.stem in STRUCTURAL_WITH_ANOTHER_CODE:
        assert not expected
        expected = True
    assert VALIDATOR.is_valid(data) != expected


def test_exceptions_are_in_the_corpus() -> None:
    assert {*WRONG_ONLY_TO_VALIDATE, *STRUCTURAL_WITH_ANOTHER_CODE} <= {path.stem for path in BAD}


@examples(60)
@given(spec=specs())
def test_every_valid_spec_passes(spec: Spec) -> None:
    errors = [error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(spec.as_data())))]
    assert errors == []


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("layers: [conv: 10, gap]", True),
        ("layers: [conv, gap]\ndefaults: {conv: {out_channels: 10}}", True),
        ("layers: [conv, gap]", False),
        ("layers: [{conv: }, gap]", False),
        ("layers: [{relu: }, conv: 10, gap]", True),
        ("layers: [1x1: 10, gap]", True),
        ("layers: [1x1, gap]\ndefaults: {1x1: {out_channels: 10}}", True),
        ("layers: [repeat: {times: 2, layers: [conb: 10]}, conv: 10, gap]", False),
        ("layers: [repeat: {times: 2, layers: [conv]}, conv: 10, gap]", False),
        ("layers: [repeat: {times: 0, layers: [relu]}, conv: 10, gap]", False),
        ("layers: [unit, gap]\nblocks: {unit: {layers: [conv: 10]}}", True),
        ("layers: [unit, gap]\nblocks: {unit: {layers: [conv]}}", False),
        ("layers: [unit: 10, gap]\nblocks: {unit: {parameters: {w: }, layers: [conv: $w]}}", True),
        ("layers: [unit: 10, gap]\nblocks: {unit: {parameters: {w: }, layers: [conv: w]}}", False),
        ("layers: [conv: 10, gap]\ntrain: {scheduler: onecycle}", False),
        ("layers: [conv: 10, gap]\ntrain: {scheduler: {onecycle: }}", False),
        ("layers: [conv: 10, gap]\ntrain: {scheduler: {cosine: {warmup: {epochs: 1}}}}", True),
        ("layers: [conv: 10, gap]\ntrain: {scheduler: {cosine: {warmup: {epoch: 1}}}}", False),
        ("layers: [conv: 10, gap]\ntrain: {augment: [rotation: [8]]}", False),
        ("layers: [conv: 10, gap]\ntrain: {augment: [rotation: -8]}", False),
        ("layers: [conv: 10, gap]\ntrain: {augment: [affine: {shear: [1, 2, 3]}]}", False),
        ("layers: [conv: 10, gap]\ntrain: {augment: [affine: {scale: 1.1}]}", False),
        ("layers: [conv: 10, gap]\ntrain: {optimizer: {adam: {betas: [0.9]}}}", False),
        ("layers: [conv: 10, gap]\ntrain: {optimizer: }", False),
        ("layers: [conv: 10, gap]\ntrain: {class_weights: {3: 2}}", True),
        ("layers: [conv: 10, gap]\ntrain: {class_weights: {}}", False),
        ("layers: [conv: 10, gap]\ntrain: {class_weights: {3: }}", False),
        ("layers: [conv: 10, gap]\ntrain: {class_weights: equal}", False),
    ],
)
def test_one_structure_at_a_time(tmp_path: Path, text: str, is_valid: bool) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    data, is_sound = as_json(path)
    assert is_sound
    assert VALIDATOR.is_valid(data) == is_valid
    if is_valid:
        load_spec(path)
    else:
        with pytest.raises(InvalidSpecError):
            load_spec(path)


@pytest.mark.parametrize(
    "text",
    [
        "data: null\nnotes: null\ntargets: null",
        "train: {scheduler: {onecycle: {pct_start: 0.2}}}",
        "train: {class_weights: {3: null, 4: 2}}",
        "train: {class_weights: {}}",
        "train: {class_weights: null}",
        "train: {optimizer: {sgd: {lr: null}, adam: null}}",
        "defaults: {conv: null, fc: {bias: null}}",
        "blocks: {unit: null, other: {parameters: {width: 3}}}",
        "layers: [conv, unit: 8]",
    ],
)
def test_a_spec_that_extends_another_may_remove_and_leave_out(text: str) -> None:
    tree = read_text(Source("test", f"extends: other.yaml\n{text}\n"), Collector("test"))
    assert tree
    data = json.loads(json.dumps(plain(tree)))
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


def test_descriptions_are_those_of_the_reference() -> None:
    definitions = SCHEMA["definitions"]
    for family, base in Unit.families.items():
        if base is Container:
            continue
        for name, member in base.members.items():
            shown = definitions[f"{family}.{name}.alone"]
            assert shown["title"] == name
            assert shown["description"] == member.summary()
            assert shown["markdownDescription"].startswith(member.summary())
            assert set(definitions[f"{family}.{name}"]["properties"]) == set(member.model_fields)
    for section in list_sections():
        if section.name not in {"spec", "blocks"}:
            for key in section.keys:
                assert definitions[section.name]["properties"][key.name]["description"] == key.sentence
    assert set(definitions["spec"]["properties"]) == {*Spec.model_fields, "extends", "defaults", "blocks"}
    assert set(definitions["spec"]["properties"]["defaults"]["properties"]) == set(Block.members)
