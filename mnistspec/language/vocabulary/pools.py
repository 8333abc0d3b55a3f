"""The blocks that make maps smaller: pools, and the two that end them."""

from __future__ import annotations

from math import prod

from pydantic import Field, model_validator

from mnistspec.language.vocabulary.block import Block, Kernel, Module, Padding, Shape, Window, map_size, require_map
from mnistspec.language.vocabulary.unit import inconsistent


class _Pool(Block, kind="pool"):
    """A pool; torch's default stride is the kernel size."""

    shape_rule = "CxHxW becomes C x H' x W', with H' = floor((H + 2 padding - kernel_size) / stride) + 1"
    kernel_size: Kernel = 2
    stride: Kernel | None = Field(default=None, description="default: the kernel size")
    padding: Padding = 0

    @model_validator(mode="after")
    def _padding_fits(self) -> _Pool:
        if 2 * self.padding > self.kernel_size:
            most = f"at most half its kernel_size, {self.kernel_size // 2}"
            raise inconsistent("padding", f"{self.word} may have a padding of {most}, not {self.padding}")
        return self

    def window(self, shape: Shape) -> Window:  # noqa: ARG002 - the same on every map
        return Window(self.kernel_size, self.stride or self.kernel_size, padding=self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        channels, _, _ = require_map(self.word, shape)
        help_text = "make its kernel_size smaller, or give an earlier conv padding: 1"
        if self.kernel_size == 2:
            help_text = "remove a pool, or give an earlier conv padding: 1"
        return (channels, *map_size(self.word, shape, self.window(shape), help_text))

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - pools are made without sizes
        arguments = {**self.model_dump(), "stride": self.stride or self.kernel_size}
        return (Module(self.word, self.torch_class, arguments),)


class MaxPool2d(_Pool, word="maxpool", scalar="kernel_size", aliases=("pool", "maxpool2d", "maxpooling", "mp")):
    """Largest value of each window; kernel 2 and stride 2 unless given."""


class AvgPool2d(_Pool, word="avgpool", scalar="kernel_size", aliases=("avgpool2d", "averagepool", "averagepooling")):
    """Mean of each window; kernel 2 and stride 2 unless given."""


class GlobalAveragePool(
    Block, word="gap", aliases=("globalavgpool", "globalaveragepool", "adaptiveavgpool", "globalpool"), kind="ending"
):
    """Global average pooling: the mean of each channel's whole map, as features."""

    shape_rule = "CxHxW becomes C features"

    def output_shape(self, shape: Shape) -> Shape:
        return (require_map(self.word, shape)[0],)

    def window(self, shape: Shape) -> Window:
        return Window(kernel=max(shape[1:]))

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any map will do
        return (Module("gap", "AdaptiveAvgPool2d", {"output_size": 1}), Module("flatten", "Flatten"))


class Flatten(Block, word="flatten", aliases=("view", "reshape"), kind="ending"):
    """A map as one row of features."""

    shape_rule = "CxHxW becomes C H W features"

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(require_map(self.word, shape)),)

    def window(self, shape: Shape) -> Window:
        return Window(kernel=max(shape[1:]))

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - any map will do
        return (Module("flatten", "Flatten"),)
