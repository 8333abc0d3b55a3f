"""The norms, which shift and scale values to the same mean and spread, and dropout: blocks that regularise."""

from __future__ import annotations

from pydantic import Field

from mnistspec.language.vocabulary.block import Block, Module, Shape


class BatchNorm(
    Block, word="bn", aliases=("batchnorm", "batchnorm2d", "batchnorm1d", "batchnormalization", "norm"), kind="norm"
):
    """Batch normalisation, of a map's channels or of features."""

    normalizes_batch = True
    eps: float = Field(default=1e-5, gt=0, le=1)
    momentum: float = Field(default=0.1, gt=0, le=1, description="weight of the newest batch in the running statistics")
    affine: bool = Field(default=True, description="learn a scale and a shift for each channel")

    def params(self, shape: Shape) -> int:
        return 2 * shape[0] * self.affine

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        torch_class = "BatchNorm2d" if len(shape) == 3 else "BatchNorm1d"
        return (Module("bn", torch_class, {"num_features": shape[0], **self.model_dump()}),)


class Dropout(Block, word="dropout", scalar="p", aliases=("drop",)):
    """Sets values to zero at random while training, and scales the others up."""

    p: float = Field(default=0.5, ge=0, lt=1, description="share of the values that is dropped", examples=[0.1])

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any shape will do
        return (Module("dropout", "Dropout", {"p": self.p}),)
