"""One edit adds one: a class, defined here, that every part of the program knows at once, whatever its keys are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import torch
from pydantic import Field

from mnistspec.cli.completion import complete_datasets, complete_words
from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.manual.json_schema import make_schema
from mnistspec.language.manual.words import list_words
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block, Module, Shape, ShapeError
from mnistspec.language.vocabulary.datasets import NamedData
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.schedulers import Scheduler
from mnistspec.language.vocabulary.unit import Unit
from mnistspec.language.yaml.diagnostics import InvalidSpecError
from mnistspec.network.builder import build_model
from mnistspec.network.code import write_code
from mnistspec.network.difference import Change, compare_specs
from mnistspec.network.summary import summarize
from tests.command_line import CommandLine
from tests.places import SPECS

NET = "layers: [conv: 10, gap]\n"

# The word of a new unit of each family, a spec that uses it, and the same spec with another value of its key.
NEW = {
    "shuffle": ("layers: [conv: 40, shuffle: {zoom_2: 2}, gap]", "layers: [conv: 160, shuffle: {zoom_2: 4}, gap]"),
    "groups": ("layers: [conv: 10, groups: {num_groups: 2}, gap]", "layers: [conv: 10, groups: {num_groups: 5}, gap]"),
    "letters": (f"{NET}data: {{letters: {{glyphs_n: 3}}}}", f"{NET}data: {{letters: {{glyphs_n: 4}}}}"),
    "adagrad": (f"{NET}train: {{optimizer: {{adagrad: 0.5}}}}", f"{NET}train: {{optimizer: {{adagrad: 0.25}}}}"),
    "poly": (
        f"{NET}train: {{scheduler: {{poly: {{power_of_x: 2.0}}}}}}",
        f"{NET}train: {{scheduler: {{poly: {{power_of_x: 3.0}}}}}}",
    ),
    "solarize": (f"{NET}train: {{augment: [solarize: 0.5]}}", f"{NET}train: {{augment: [solarize: 0.25]}}"),
}


@pytest.fixture(autouse=True)
def units() -> Iterator[dict[str, type[Unit]]]:
    """Define a unit of each family, two of the blocks, and forget them afterwards."""

    class PixelShuffle(Block, word="shuffle", scalar="zoom_2", aliases=("upsample",)):
        """Turns channels into a larger map."""

        zoom_2: int = Field(examples=[2])

        def output_shape(self, shape: Shape) -> Shape:
            if len(shape) != 3 or shape[0] % self.zoom_2**2:
                message = f"shuffle needs a multiple of {self.zoom_2**2} channels, but gets {shape[0]}"
                raise ShapeError(message, "add some")
            return (shape[0] // self.zoom_2**2, *(size * self.zoom_2 for size in shape[1:]))

        def modules(self, shape: Shape) -> tuple[Module, ...]:
            assert self.output_shape(shape)
            return (Module("shuffle", "PixelShuffle", {"upscale_factor": self.zoom_2}),)

    class GroupNorm(Block, word="groups", kind="norm"):
        """Normalises each group of channels of each image."""

        num_groups: int = Field(gt=0, examples=[2])

        def params(self, shape: Shape) -> int:
            return 2 * shape[0]

        def modules(self, shape: Shape) -> tuple[Module, ...]:
            return (Module("gn", "GroupNorm", {"num_groups": self.num_groups, "num_channels": shape[0]}),)

    class Letters(NamedData, word="letters"):
        """Handwritten letters."""

        torch_class = "EMNIST"
        names = tuple("abcdefghij")
        glyphs_n: int = Field(ge=1, examples=[3])

    class Adagrad(Optimizer, word="adagrad", scalar="lr"):
        """Steps divided by the size of all gradients so far."""

        torch_class = "Adagrad"
        lr: float = Field(gt=0, examples=[0.5])

    class Polynomial(Scheduler, word="poly"):
        """A power of what is left of the run."""

        torch_class = "PolynomialLR"
        power_of_x: float = Field(gt=0, examples=[2.0])

        def arguments(self, total: int, steps: int) -> dict[str, float]:
            assert steps
            return {"total_iters": total, "power": self.power_of_x}

    class Solarize(Augmentation, word="solarize", scalar="threshold"):
        """Inverts the bright pixels."""

        torch_class = "RandomSolarize"
        threshold: float = Field(ge=0, le=1, examples=[0.5])

    classes = (PixelShuffle, GroupNorm, Letters, Adagrad, Polynomial, Solarize)
    yield {member.word: member for member in classes}
    for member in classes:
        del member.members[member.word]


def load(folder: Path, text: str) -> Spec:
    """Return the spec of a text."""
    path = folder / "spec.yaml"
    path.write_text(f"{text}\n", encoding="utf-8")
    return load_spec(path)


def unit_of(spec: Spec, word: str) -> Unit:
    """Return the unit of a spec that has a word."""
    every = (*spec.layers, spec.data, spec.train.optimizer, spec.train.scheduler, *spec.train.augment)
    return next(unit for unit in every if unit.word == word)


@pytest.mark.parametrize("word", NEW)
def test_a_new_unit_is_loaded_dumped_and_compared(tmp_path: Path, word: str, units: dict[str, type[Unit]]) -> None:
    spec, other = (load(tmp_path, text) for text in NEW[word])
    assert isinstance(unit_of(spec, word), units[word])
    assert load(tmp_path, spec.as_yaml()) == spec
    difference = compare_specs(spec, other)
    (key,) = units[word].model_fields
    changes = [*difference.settings, *(c for u in (*difference.blocks, *difference.augmentation) for c in u.changes)]
    values = (getattr(unit_of(spec, word), key), getattr(unit_of(other, word), key))
    assert [(c.before, c.after) for c in changes if c.key.rpartition(".")[2] == key] == [values]


@pytest.mark.parametrize("word", NEW)
def test_a_new_unit_has_its_place_in_the_code(tmp_path: Path, word: str) -> None:
    spec = load(tmp_path, NEW[word][0])
    compile(write_code(spec), word, "exec")
    assert sum(each.numel() for each in build_model(spec).parameters()) == summarize(spec).total_params


@pytest.mark.parametrize("word", NEW)
def test_a_new_unit_is_in_the_manual(mnistspec: CommandLine, word: str, units: dict[str, type[Unit]]) -> None:
    member = units[word]
    (key,) = member.model_fields
    (entry,) = (each for each in list_words() if each.name == word)
    assert (entry.summary, [each.name for each in entry.keys]) == (member.summary(), [key])
    assert word in complete_words(word[:3])
    assert (word in complete_datasets("")) == (member.family == "data set")
    text = mnistspec("blocks", word).out
    assert member.summary() in text
    assert f"{key}: " in text
    assert "required" in text
    assert f"`{word}` | {member.summary()}" in mnistspec("blocks", "--markdown").out
    (data,) = json.loads(mnistspec("blocks", word, "--json").out)
    assert (data["name"], data["keys"][0]["name"], data["keys"][0]["default"]) == (word, key, "")


@pytest.mark.parametrize("word", NEW)
def test_the_example_of_a_new_unit_is_right(tmp_path: Path, word: str) -> None:
    (entry,) = (each for each in list_words() if each.name == word)
    text = {
        "blocks": f"layers: [conv: 40, {{{entry.example}}}, 1x1: 10, gap]",
        "data sets": f"{NET}{entry.example}",
        "optimizers": f"{NET}train: {{optimizer: {{{entry.example}}}}}",
        "schedulers": f"{NET}train: {{scheduler: {{{entry.example}}}}}",
        "augmentations": f"{NET}train: {{augment: [{entry.example}]}}",
    }[entry.family]
    assert unit_of(load(tmp_path, text), word)


@pytest.mark.parametrize("word", NEW)
def test_a_new_unit_is_in_the_schema(tmp_path: Path, word: str, units: dict[str, type[Unit]]) -> None:
    schema = jsonschema.Draft7Validator(make_schema())
    good = json.loads(json.dumps(load(tmp_path, NEW[word][0]).as_data()))
    assert [error.message for error in schema.iter_errors(good)] == []
    (key,) = units[word].model_fields
    bad = json.loads(json.dumps(good).replace(f'"{key}"', '"zzz"'))
    assert bad != good
    assert not schema.is_valid(bad)
    offered = json.dumps(make_schema()["definitions"])
    assert f'"{word}": {{"title": "{word}"' in offered


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("shufle: 2", 'unknown block "shufle"; did you mean "shuffle"?'),
        ("upsample: 2", 'unknown block "upsample"; did you mean "shuffle"?'),
        ("shuffle: {zoom: 2}", 'shuffle has no key "zoom"; did you mean "zoom_2"?'),
        ("shuffle: two", 'zoom_2 must be a whole number, not the text "two"'),
        ("shuffle: 2", "shuffle needs a multiple of 4 channels, but gets 1 from the data set"),
        ("groups", 'groups needs the key "num_groups"'),
        ("attention", "sigmoid, shuffle, groups, repeat"),
    ],
)
def test_messages_know_a_new_block(tmp_path: Path, layers: str, message: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        load(tmp_path, f"layers: [{layers}, conv: 10, gap]")
    assert message in str(caught.value)


def test_a_new_block_has_shapes_names_and_a_module(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    layers = "conv: 16, repeat: {times: 2, layers: [shuffle]}, conv: 10, gap"
    path.write_text(f"defaults: {{shuffle: {{zoom_2: 2}}}}\nlayers: [{layers}]\n", encoding="utf-8")
    document = load_document(path)
    assert [layer.output_shape for layer in document.layers[:3]] == [(16, 26, 26), (4, 52, 52), (1, 104, 104)]
    assert [layer.name for layer in document.layers[:3]] == ["conv1", "shuffle1", "shuffle2"]
    model = build_model(document.spec)
    assert isinstance(model.shuffle2, torch.nn.PixelShuffle)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert summarize(document.spec).layers[1].block == "shuffle"


def test_another_data_set_is_one_change(tmp_path: Path) -> None:
    spec, other = load(tmp_path, NET), load(tmp_path, f"{NET}data: kmnist")
    assert compare_specs(spec, other).settings == (Change("data", spec.data, other.data),)


def test_a_word_is_taken_once() -> None:
    with pytest.raises(TypeError, match="the block conv already exists"):

        class Again(Block, word="conv"):
            """A second conv."""


def test_a_class_that_the_manual_could_not_explain_is_refused() -> None:
    with pytest.raises(TypeError, match=r"needs an example of its required key odd_key: Field\(examples"):

        class NoExample(Augmentation, word="odd"):
            """An augmentation without an example."""

            odd_key: int

    with pytest.raises(TypeError, match="the optimizer odd needs a docstring"):

        class NoHelp(Optimizer, word="odd"):
            lr: float = 0.1

    with pytest.raises(TypeError, match="has no key strength, which its scalar names"):

        class NoKey(Augmentation, word="odd", scalar="strength"):
            """An augmentation whose scalar is none of its keys."""

    assert "odd" not in {*Augmentation.members, *Optimizer.members}


def test_every_unit_has_a_help_line() -> None:
    for family in Unit.families.values():
        for member in family.members.values():
            assert member.summary().endswith(".")


def test_without_docstrings_the_manual_says_what_it_needs() -> None:
    command = [sys.executable, "-OO", "-m", "mnistspec"]
    for name in ("blocks", "schema"):
        done = subprocess.run([*command, name], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert "use python -O" in done.stderr
    done = subprocess.run([*command, "validate", SPECS / "step6.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
