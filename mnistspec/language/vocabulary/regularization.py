"""The blocks that act while training only."""

from __future__ import annotations

from pydantic import Field

from mnistspec.language.vocabulary.block import Block, Module, Shape


class Dropout(Block, word="dropout", scalar="p", aliases=("drop",)):
    """Sets values to zero at random while training, and scales the others up."""

    p: float = Field(default=0.5, ge=0, lt=1, description="share of the values that is dropped", examples=[0.1])

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any shape will do
        return (Module("dropout", "Dropout", {"p": self.p}),)
