"""The blocks. One class is one block; this module has those with weights, and knows all others."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import Field

from mnistspec.language.vocabulary import activations as _activations
from mnistspec.language.vocabulary import pools as _pools
from mnistspec.language.vocabulary.block import (
    Block,
    Channels,
    Kernel,
    Module,
    Padding,
    Shape,
    ShapeError,
    Window,
    describe_shape,
    map_size,
    require_map,
)

__all__ = ["BLOCK_MODULES", "Block", "Module", "Shape", "ShapeError", "Window", "describe_shape"]

BLOCK_MODULES = (_pools, _activations)  # importing them registers their blocks


class Conv(Block, word="conv", scalar="out_channels", aliases=("conv2d", "convolution", "convolutional")):
    """Convolution with a square kernel; depthwise with `groups` equal to the input's channels."""

    shape_rule = (
        "CxHxW becomes out_channels x H' x W', "
        "with H' = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1"
    )
    out_channels: Channels = Field(description="number of filters")
    kernel_size: Kernel = 3
    stride: Kernel = 1
    padding: Padding = 0
    dilation: Kernel = 1
    groups: Channels = 1
    bias: bool = True

    def window(self, shape: Shape) -> Window:  # noqa: ARG002 - the same on every map
        return Window(self.kernel_size, self.stride, self.dilation)

    def output_shape(self, shape: Shape) -> Shape:
        channels, *sizes = require_map(self.word, shape, "fc")
        if self.out_channels % self.groups or channels % self.groups:
            message = (
                f"conv has groups: {self.groups}, which must divide its {self.out_channels} output channels and "
                f"the {channels} channels that it gets"
            )
            raise ShapeError(
                message, f"for a depthwise convolution write groups: {channels} and a multiple as out_channels"
            )
        window = self.window(shape)
        padding = -(-(window.reach - min(sizes)) // 2)
        smaller = "kernel_size or dilation" if self.dilation > 1 else "kernel_size"
        help_text = f"make its {smaller} smaller, or give it padding: {padding}"
        return (self.out_channels, *map_size(self.word, shape, window, self.padding, help_text))

    def _weights(self, shape: Shape) -> int:
        return self.out_channels * (shape[0] // self.groups) * self.kernel_size**2

    def params(self, shape: Shape) -> int:
        return self._weights(shape) + self.bias * self.out_channels

    def macs(self, shape: Shape) -> int:
        return self._weights(shape) * prod(self.output_shape(shape)[1:])

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        arguments = {"in_channels": shape[0], **self.model_dump()}
        return (Module("conv", "Conv2d", arguments),)


class Pointwise(Block, word="1x1", scalar="out_channels", aliases=("pointwise", "conv1x1", "1x1conv", "transition")):
    """Convolution with kernel 1: mixes channels, leaves the map's size."""

    shape_rule = "CxHxW becomes out_channels x H x W"
    out_channels: Channels = Field(description="number of filters")
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = require_map(self.word, shape, "fc")
        return (self.out_channels, height, width)

    def params(self, shape: Shape) -> int:
        return self.out_channels * shape[0] + self.bias * self.out_channels

    def macs(self, shape: Shape) -> int:
        return self.out_channels * prod(shape)

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        arguments = {"in_channels": shape[0], "out_channels": self.out_channels, "kernel_size": 1, "bias": self.bias}
        return (Module("pointwise", "Conv2d", arguments),)


class BatchNorm(Block, word="bn", aliases=("batchnorm", "batchnorm2d", "batchnorm1d", "batchnormalization", "norm")):
    """Batch normalisation, of a map's channels or of features."""

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

    p: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.5, description="share of the values that is dropped")

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any shape will do
        return (Module("dropout", "Dropout", {"p": self.p}),)


class FullyConnected(Block, word="fc", scalar="out_features", aliases=("linear", "dense", "fullyconnected")):
    """Fully connected layer over features."""

    shape_rule = "F features become out_features"
    out_features: Channels
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
