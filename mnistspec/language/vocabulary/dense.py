"""The blocks over features."""

from __future__ import annotations

from pydantic import Field

from mnistspec.language.vocabulary.block import Block, Channels, Module, Shape, ShapeError, describe_shape


class FullyConnected(
    Block, word="fc", scalar="out_features", aliases=("linear", "dense", "fullyconnected"), kind="features"
):
    """Fully connected layer over features."""

    shape_rule = "F features become out_features"
    out_features: Channels = Field(examples=[10])
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            message = f"fc needs features, but gets a map of {describe_shape(shape)}"
            raise ShapeError(message, "put gap or flatten before fc, or use 1x1")
        return (self.out_features,)

    def params(self, shape: Shape) -> int:
        return self.macs(shape) + self.bias * self.out_features

    def macs(self, shape: Shape) -> int:
        return self.out_features * shape[0]

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        return (Module("fc", "Linear", {"in_features": shape[0], **self.model_dump()}),)
