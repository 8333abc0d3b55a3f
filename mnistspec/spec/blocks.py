"""The blocks. One class is one block: its keys, its shape rule and the torch modules that it becomes, all without torch."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from math import prod
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from mnistspec.spec.units import Unit

MAX_CHANNELS = 65_536
MAX_KERNEL = 1_024

Shape: TypeAlias = tuple[int, ...]  # (channels, height, width) of a map, or (features,)
Channels = Annotated[int, Field(gt=0, le=MAX_CHANNELS)]
Kernel = Annotated[int, Field(gt=0, le=MAX_KERNEL)]
Padding = Annotated[int, Field(ge=0, le=MAX_KERNEL)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class ShapeError(Exception):
    """A block cannot take the shape that it gets; ``help`` says what to change."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002 - the word that compilers print
        super().__init__(message)
        self.help = help


@dataclass(frozen=True)
class Module:
    """A torch module as data: the stem of its name in the network, its class in torch.nn, its arguments."""

    stem: str
    torch_class: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """How far a block looks on its input map, and how far apart its outputs are."""

    kernel: int = 1
    stride: int = 1
    dilation: int = 1


class Block(Unit, family="block"):
    """What every block answers about itself, given the shape of one input."""

    @abstractmethod
    def modules(self, shape: Shape) -> tuple[Module, ...]:
        """Return the torch modules for an input of this shape."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of one output, or raise ShapeError."""
        return shape

    def params(self, shape: Shape) -> int:  # noqa: ARG002 - most blocks have none, whatever comes in
        """Return the number of trainable parameters."""
        return 0

    def macs(self, shape: Shape) -> int:  # noqa: ARG002 - most blocks have none, whatever comes in
        """Return the multiply-accumulates for one image: those of convolutions and fully connected layers, without biases."""
        return 0

    def window(self, shape: Shape) -> Window:  # noqa: ARG002 - most blocks look at one position
        """Return the window over the input map."""
        return Window()


def describe_shape(shape: Shape) -> str:
    """Return a shape as people write it: 16x12x12, or 10 features."""
    return "x".join(map(str, shape)) if len(shape) == 3 else f"{shape[0]} feature{'s' if shape[0] > 1 else ''}"


def _require_map(word: str, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ShapeError(
            f"{word} needs a map (channels, height, width), but gets {describe_shape(shape)}",
            f"move {word} before the gap or flatten, or use fc",
        )
    return shape[0], shape[1], shape[2]


def _map_size(word: str, shape: Shape, window: Window, padding: int) -> tuple[int, int]:
    """Return height and width of what a window makes of a map: floor((n + 2p - d(k - 1) - 1) / s) + 1 (torch.nn.Conv2d)."""
    _, *sizes = _require_map(word, shape)
    reach = window.dilation * (window.kernel - 1) + 1
    least = max(1, reach - 2 * padding)
    if min(sizes) < least:
        raise ShapeError(
            f"{word} needs a map of at least {least}x{least}, but gets {describe_shape(shape)}",
            "remove a pool, or give an earlier conv padding: 1",
        )
    height, width = ((size + 2 * padding - reach) // window.stride + 1 for size in sizes)
    return height, width


class Conv(Block, word="conv", scalar="out_channels", aliases=("conv2d", "convolution", "convolutional")):
    """Convolution with a square kernel; depthwise with `groups` equal to the input's channels."""

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
        channels, _, _ = _require_map(self.word, shape)
        for count, what in ((channels, "input"), (self.out_channels, "output")):
            if count % self.groups:
                raise ShapeError(
                    f"conv has groups: {self.groups}, which does not divide its {count} {what} channels",
                    f"groups has to divide both; for a depthwise convolution write groups: {channels}",
                )
        return (self.out_channels, *_map_size(self.word, shape, self.window(shape), self.padding))

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

    out_channels: Channels = Field(description="number of filters")
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = _require_map(self.word, shape)
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

    eps: float = Field(1e-5, gt=0, le=1)
    momentum: float = Field(0.1, gt=0, le=1, description="weight of the newest batch in the running statistics")
    affine: bool = Field(True, description="learn a scale and a shift for each channel")

    def params(self, shape: Shape) -> int:
        return 2 * shape[0] * self.affine

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        torch_class = "BatchNorm2d" if len(shape) == 3 else "BatchNorm1d"
        return (Module("bn", torch_class, {"num_features": shape[0], **self.model_dump()}),)


class Dropout(Block, word="dropout", scalar="p", aliases=("drop",)):
    """Sets values to zero at random while training, and scales the others up."""

    p: Probability = Field(0.5, description="share of the values that is dropped")

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any shape will do
        return (Module("dropout", "Dropout", {"p": self.p}),)


class _Pool(Block):
    """A pool; torch's default stride is the kernel size."""

    torch_class: ClassVar[str]
    kernel_size: Kernel = 2
    stride: Kernel | None = Field(None, description="the kernel size, if not given")
    padding: Padding = 0

    def window(self, shape: Shape) -> Window:  # noqa: ARG002 - the same on every map
        return Window(self.kernel_size, self.stride or self.kernel_size)

    @model_validator(mode="after")
    def _padding_fits(self) -> _Pool:
        if 2 * self.padding > self.kernel_size:
            raise PydanticCustomError(
                "consistency",
                "{word} may have a padding of at most half its kernel_size, {most}, not {padding}",
                {"word": self.word, "most": self.kernel_size // 2, "padding": self.padding, "field": "padding"},
            )
        return self

    def output_shape(self, shape: Shape) -> Shape:
        channels, _, _ = _require_map(self.word, shape)
        return (channels, *_map_size(self.word, shape, self.window(shape), self.padding))

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - pools are made without sizes
        arguments = {**self.model_dump(), "stride": self.stride or self.kernel_size}
        return (Module(self.word, self.torch_class, arguments),)


class MaxPool(_Pool, word="maxpool", scalar="kernel_size", aliases=("pool", "maxpool2d", "maxpooling", "mp")):
    """Largest value of each window; kernel 2 and stride 2 unless given."""

    torch_class = "MaxPool2d"


class AvgPool(_Pool, word="avgpool", scalar="kernel_size", aliases=("avgpool2d", "averagepool", "averagepooling")):
    """Mean of each window; kernel 2 and stride 2 unless given."""

    torch_class = "AvgPool2d"


class GlobalAveragePool(Block, word="gap", aliases=("globalavgpool", "globalaveragepool", "adaptiveavgpool", "globalpool")):
    """Global average pooling: the mean of each channel's whole map, as features."""

    def output_shape(self, shape: Shape) -> Shape:
        return (_require_map(self.word, shape)[0],)

    def window(self, shape: Shape) -> Window:
        return Window(kernel=max(shape[1:]))

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any map will do
        return (Module("gap", "AdaptiveAvgPool2d", {"output_size": 1}), Module("flatten", "Flatten"))


class Flatten(Block, word="flatten", aliases=("view", "reshape")):
    """A map as one row of features."""

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(_require_map(self.word, shape)),)

    def window(self, shape: Shape) -> Window:
        return Window(kernel=max(shape[1:]))

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any map will do
        return (Module("flatten", "Flatten"),)


class FullyConnected(Block, word="fc", scalar="out_features", aliases=("linear", "dense", "fullyconnected")):
    """Fully connected layer over features."""

    out_features: Channels
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeError(
                f"fc needs features, but gets a map of {describe_shape(shape)}", "put gap or flatten before fc, or use 1x1"
            )
        return (self.out_features,)

    def params(self, shape: Shape) -> int:
        return self.macs(shape) + self.bias * self.out_features

    def macs(self, shape: Shape) -> int:
        return self.out_features * shape[0]

    def modules(self, shape: Shape) -> tuple[Module, ...]:
        return (Module("fc", "Linear", {"in_features": shape[0], **self.model_dump()}),)
