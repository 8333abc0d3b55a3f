"""The convolutions: blocks that look at a window of a map with weights."""

from __future__ import annotations

from math import prod

from pydantic import Field

from mnistspec.language.vocabulary.block import (
    Block,
    Channels,
    Kernel,
    Module,
    Padding,
    Shape,
    ShapeError,
    Window,
    map_size,
    require_map,
)


class Conv(
    Block, word="conv", scalar="out_channels", aliases=("conv2d", "convolution", "convolutional"), kind="convolution"
):
    """Convolution with a square kernel; depthwise with `groups` equal to the input's channels."""

    shape_rule = (
        "CxHxW becomes out_channels x H' x W', "
        "with H' = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1"
    )
    out_channels: Channels = Field(description="number of filters", examples=[16])
    kernel_size: Kernel = 3
    stride: Kernel = 1
    padding: Padding = 0
    dilation: Kernel = 1
    groups: Channels = 1
    bias: bool = True

    def window(self, shape: Shape) -> Window:  # noqa: ARG002 - the same on every map
        return Window(self.kernel_size, self.stride, self.dilation, self.padding)

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
        return (self.out_channels, *map_size(self.word, shape, window, help_text))

    def _weights(self, shape: Shape) -> int:
        return self.out_channels * (shape[0] // self.groups) * self.kernel_size**2

    def params(self, shape: Shape) -> int:
        return self._weights(shape) + self.bias * self.out_channels

    def macs(self, shape: Shape) -> int:
        return self._weights(shape) * prod(self.output_shape(shape)[1:])

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        arguments = {"in_channels": shape[0], **self.model_dump()}
        return (Module("conv", "Conv2d", arguments),)


class Pointwise(
    Block,
    word="1x1",
    scalar="out_channels",
    aliases=("pointwise", "conv1x1", "1x1conv", "transition"),
    kind="convolution",
):
    """Convolution with kernel 1: mixes channels, leaves the map's size."""

    shape_rule = "CxHxW becomes out_channels x H x W"
    out_channels: Channels = Field(description="number of filters", examples=[16])
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
