"""The network by arithmetic: shapes, parameters, multiply-accumulates, jump and receptive field, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from mnistspec.errors import UsageError
from mnistspec.language.vocabulary.block import Block, Module, Shape, ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_PARAMS = 50_000_000
MAX_MACS = 20_000_000_000
MAX_VALUES = 16_000_000  # of one block's output for one image: 64 MB in float32


class TooLargeError(ShapeError):
    """A block, or the whole network, is larger than what is built here."""

    code: ClassVar[str] = "E304"


@dataclass(frozen=True)
class Box:
    """Rows and columns of the input image, first and last; those outside the image are padding."""

    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class TracedLayer:
    """One block in its place.

    ``jump`` is the distance on the input image between two neighbouring outputs, ``receptive_field`` the side of the
    square of the input that one output can see, padding included, and ``start`` the pixel where that of the first
    output begins.
    """

    index: int
    name: str
    block: Block
    input_shape: Shape
    output_shape: Shape
    params: int
    macs: int
    kernel: int
    stride: int
    jump: int
    receptive_field: int
    start: int
    modules: tuple[tuple[str, Module], ...]

    @property
    def is_map(self) -> bool:
        """Whether its outputs have places: features see the whole of the map before them."""
        return len(self.output_shape) == 3

    def receptive_box(self, row: int, column: int) -> Box:
        """Return what the output at this row and column sees, in the input image; raise UsageError if there is none.

        Position p sees the pixels from start + p jump on (Araujo, Norris and Sim, Distill 2019).
        """
        height, width = self.output_shape[1:] if self.is_map else (1, 1)
        if not (0 <= row < height and 0 <= column < width):
            places = f"its rows are 0 to {height - 1}, its columns 0 to {width - 1}"
            where = places if self.is_map else "features have no places"
            raise UsageError(f"{self.name} has no position {row},{column}: {where}")
        firsts = [self.start + place * self.jump for place in (row, column)]
        rows, columns = ((first, first + self.receptive_field - 1) for first in firsts)
        return Box(rows, columns)


def trace(blocks: Iterable[Block], input_shape: Shape) -> Iterator[TracedLayer]:
    """Yield the layers in order for an input of this shape, without the batch; raise ShapeError where one does not fit.

    Receptive fields follow r += dilation (k - 1) jump and start -= padding jump, then jump *= stride (Araujo, Norris
    and Sim, "Computing receptive fields of convolutional neural networks", Distill 2019).
    """
    shape, jump, field, start = input_shape, 1, 1, 0
    counts: dict[str, int] = {}
    for index, block in enumerate(blocks):
        output_shape = block.output_shape(shape)
        _check_limits(block, shape, output_shape)
        window = block.window(shape)
        field += window.dilation * (window.kernel - 1) * jump
        start -= window.padding * jump
        jump *= window.stride
        named = []
        for module in block.modules(shape):
            counts[module.stem] = counts.get(module.stem, 0) + 1
            named.append((f"{module.stem}{counts[module.stem]}", module))
        yield TracedLayer(
            index=index, name=named[0][0], block=block, input_shape=shape, output_shape=output_shape,
            params=block.params(shape), macs=block.macs(shape), kernel=window.kernel, stride=window.stride,
            jump=jump, receptive_field=field, start=start, modules=tuple(named),
        )  # fmt: skip
        shape = output_shape


def _check_limits(block: Block, shape: Shape, output_shape: Shape) -> None:
    """Raise TooLargeError for a block that is too large to be built here, before anything is allocated."""
    for what, value, limit in (
        ("parameters", block.params(shape), MAX_PARAMS),
        ("multiply-accumulates an image", block.macs(shape), MAX_MACS),
        ("output values an image", prod(output_shape), MAX_VALUES),
    ):
        if value > limit:
            message = f"{block.word} would have {value:,} {what}; at most {limit:,} are allowed"
            raise TooLargeError(message, "make it smaller")
