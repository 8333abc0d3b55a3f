"""The reference tells of everything that may be written, and its examples are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.manual.words import Word, list_sections, list_words
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.block import Block as AnyBlock
from mnistspec.language.vocabulary.datasets import Data
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.schedulers import Scheduler
from mnistspec.language.vocabulary.unit import Unit
from mnistspec.views.terminal.words import section_text, word_text
from tests.language.image_sets import write_image_sets

WORDS = list_words()
GOLDEN = Path(__file__).parent / "golden" / "words.txt"
NET = "layers: [conv: 10, gap]\n"
PLACES = {
    "optimizers": f"{NET}train: {{optimizer: EXAMPLE}}",
    "schedulers": f"{NET}train: {{scheduler: EXAMPLE}}",
    "augmentations": f"{NET}train: {{augment: [EXAMPLE]}}",
    "data sets": f"{NET}EXAMPLE",
}
MAPS, FEATURES = "layers:\n  - EXAMPLE\n  - conv: 10\n  - gap\n", "layers:\n  - flatten\n  - EXAMPLE\n  - fc: 10\n"
ENDS = "layers:\n  - EXAMPLE\n  - fc: 10\n"


def text_of(word: Word) -> str:
    """Return a spec that holds a word's example."""
    if word.family == "blocks":
        form = {"fc": FEATURES, "gap": ENDS, "flatten": ENDS}.get(word.name, MAPS)
        return form.replace("EXAMPLE", word.example)
    braced = f"{{{word.example}}}" if word.family in {"optimizers", "schedulers"} and ": " in word.example else ""
    return PLACES[word.family].replace("EXAMPLE", braced or word.example)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.family}-{word.name}")
def test_example_is_right_and_uses_its_word(word: Word, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text_of(word), encoding="utf-8")
    write_image_sets(tmp_path)
    spec = load_spec(path)
    units: tuple[Unit, ...] = (*spec.layers, spec.train.optimizer, spec.train.scheduler, *spec.train.augment)
    if word.name == "repeat":
        assert [block.word for block in spec.layers[:4]] == ["conv", "relu", "conv", "relu"]
    else:
        assert word.name in {*(unit.word for unit in units), spec.data.word}


def test_every_key_keeps_its_range_and_its_default(*, regenerate: bool) -> None:
    """What a spec may say, and what it means where it says nothing: a change here is a change of the language."""
    text = "\n\n".join([*map(word_text, WORDS), *map(section_text, list_sections())]) + "\n"
    if regenerate:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == text.splitlines()


def test_every_word_is_told_of() -> None:
    families: dict[str, type[Unit]] = {
        "blocks": Block,
        "optimizers": Optimizer,
        "schedulers": Scheduler,
        "augmentations": Augmentation,
    }
    for family, base in families.items():
        told = {word.name for word in WORDS if word.family == family}
        assert told == {*base.members, *(["repeat"] if base is Block else [])}
        for word in WORDS:
            if word.family == family and word.name != "repeat":
                assert [key.name for key in word.keys] == list(base.members[word.name].model_fields)
    assert {word.name for word in WORDS if word.family == "data sets"} == set(Data.members)


def test_every_section_is_told_of() -> None:
    sections = {section.name: section for section in list_sections()}
    assert {key.name for key in sections["spec"].keys} == {*Spec.model_fields, "extends", "defaults", "blocks"}
    for section in sections.values():
        assert section.summary
        for key in section.keys:
            assert key.type
            assert key.default or key.name in {"layers", "epochs"}, "everything else has a default"


@pytest.mark.parametrize("word", [word for word in WORDS if word.family == "blocks"], ids=lambda word: word.name)
def test_shape_rule_is_told_where_shapes_change(word: Word, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text_of(word), encoding="utf-8")
    layers = load_document(path).layers
    changes = any(
        layer.output_shape != layer.input_shape for layer in layers if layer.block.word == word.name or word.shape == ""
    )
    if word.name != "repeat":
        assert changes == (word.shape != AnyBlock.shape_rule)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.family}-{word.name}")
def test_text_holds_all_of_it(word: Word) -> None:
    text = word_text(word)
    for part in (word.name, word.summary, word.shape, word.example, *(key.sentence for key in word.keys)):
        assert part in text
