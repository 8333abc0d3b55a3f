"""One edit adds one block: a class, defined here, that loader, messages, arithmetic, builder and dump know at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import torch

from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.manual.json_schema import make_schema
from mnistspec.language.manual.words import list_words
from mnistspec.language.vocabulary.blocks import Block, Module, Shape, ShapeError
from mnistspec.language.yaml.diagnostics import InvalidSpecError
from mnistspec.network.builder import build_model
from mnistspec.network.summary import summarize


@pytest.fixture(autouse=True)
def block() -> Iterator[type[Block]]:
    """Define the block, and forget it afterwards."""

    class PixelShuffle(Block, word="shuffle", scalar="upscale_factor", aliases=("upsample",)):
        """Turns channels into a larger map."""

        upscale_factor: int = 2

        def output_shape(self, shape: Shape) -> Shape:
            if len(shape) != 3 or shape[0] % self.upscale_factor**2:
                raise ShapeError(
                    f"shuffle needs a multiple of {self.upscale_factor**2} channels, but gets {shape[0]}", "add some"
                )
            return (shape[0] // self.upscale_factor**2, *(size * self.upscale_factor for size in shape[1:]))

        def modules(self, shape: Shape) -> tuple[Module, ...]:
            assert self.output_shape(shape)
            return (Module("shuffle", "PixelShuffle", {"upscale_factor": self.upscale_factor}),)

    yield PixelShuffle
    del Block.members["shuffle"]


def write(folder: Path, layers: str) -> Path:
    """Write a spec with these layers."""
    path = folder / "spec.yaml"
    path.write_text(f"defaults: {{shuffle: {{upscale_factor: 2}}}}\nlayers: [{layers}]\n", encoding="utf-8")
    return path


def test_a_new_block_is_known_everywhere(tmp_path: Path, block: type[Block]) -> None:
    document = load_document(write(tmp_path, "conv: 16, repeat: {times: 2, layers: [shuffle]}, conv: 10, gap"))
    assert [layer.output_shape for layer in document.layers[:3]] == [(16, 26, 26), (4, 52, 52), (1, 104, 104)]
    assert [layer.name for layer in document.layers[:3]] == ["conv1", "shuffle1", "shuffle2"]
    model = build_model(document.spec)
    assert isinstance(model.shuffle2, torch.nn.PixelShuffle)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert summarize(document.spec).layers[1].block == "shuffle"
    copy = tmp_path / "copy.yaml"
    copy.write_text(document.spec.as_yaml(), encoding="utf-8")
    assert load_spec(copy) == document.spec
    assert block.summary() == "Turns channels into a larger map."


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("shufle", 'unknown block "shufle"; did you mean "shuffle"?'),
        ("upsample", 'unknown block "upsample"; did you mean "shuffle"?'),
        ("shuffle: {upscale: 2}", 'shuffle has no key "upscale"; did you mean "upscale_factor"?'),
        ("shuffle: two", 'upscale_factor must be a whole number, not the text "two"'),
        ("shuffle", "shuffle needs a multiple of 4 channels, but gets 1 from the data set"),
        ("attention", "dropout, fc, shuffle, repeat"),
    ],
)
def test_messages_know_a_new_block(tmp_path: Path, layers: str, message: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        load_document(write(tmp_path, f"{layers}, conv: 10, gap"))
    assert message in str(caught.value)


def test_a_new_block_is_in_the_reference_and_in_the_schema(block: type[Block]) -> None:
    (word,) = (word for word in list_words() if word.name == "shuffle")
    assert (word.summary, [key.name for key in word.keys]) == (block.summary(), ["upscale_factor"])
    schema = jsonschema.Draft7Validator(make_schema())
    assert schema.is_valid({"layers": [{"conv": 40}, {"shuffle": 2}, "gap"]})
    assert not schema.is_valid({"layers": [{"conv": 40}, {"shuffle": {"upscale": 2}}, "gap"]})


def test_a_word_is_taken_once() -> None:
    with pytest.raises(TypeError, match="exists already"):

        class Again(Block, word="conv"):
            """A second conv."""


def test_every_block_has_a_help_line() -> None:
    for member in Block.members.values():
        assert member.summary().endswith(".")
