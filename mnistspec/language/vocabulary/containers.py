"""The words of `layers:` that stand for other layers, written out before there is a network."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.unit import Unit

MAX_BLOCKS = 500  # of a network; with every default filled in they still fit into a file that may be read


class Container(Unit, family="block"):
    """Layers under one word, which may stand wherever a block may."""


class Repeat(Container, word="repeat"):
    """The same layers several times over, with parameters of their own each time."""

    shape_rule = "that of its layers, one after the other"
    times: int = Field(ge=1, le=MAX_BLOCKS, examples=[2])
    layers: tuple[SerializeAsAny[Block], ...] = Field(examples=[({"conv": 16}, "relu")])
