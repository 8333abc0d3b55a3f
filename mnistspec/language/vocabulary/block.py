"""What a block is: its keys, its shape rule and the torch modules that it becomes, all without torch."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypeAlias

from annotated_types import Interval

from mnistspec.language.vocabulary.unit import Unit
from mnistspec.wording import plural, write_shape

MAX_CHANNELS = 65_536
MAX_KERNEL = 1_024

Shape: TypeAlias = tuple[int, ...]  # (channels, height, width) of a map, or (features,)
# Limits alone: pydantic 2.10 and 2.11 let a Field that classes share carry the default of one to the next.
Channels = Annotated[int, Interval(gt=0, le=MAX_CHANNELS)]
Kernel = Annotated[int, Interval(gt=0, le=MAX_KERNEL)]
Padding = Annotated[int, Interval(ge=0, le=MAX_KERNEL)]


class ShapeError(Exception):
    """A block cannot take the shape that it gets, which the message ends with; ``help`` says what to change."""

    code: ClassVar[str] = "E301"

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
    """How far a block looks on its input map, how far apart its outputs are, and how far outside it begins."""

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    padding: int = 0

    @property
    def reach(self) -> int:
        """The side of the square that the window covers."""
        return self.dilation * (self.kernel - 1) + 1


class Block(Unit, family="block"):
    """What every block answers about itself, given the shape of one input."""

    shape_rule = "stays as it is"
    keeps_shape: ClassVar[bool]  # whether the output always has the input's shape: there is no shape rule of its own
    normalizes_batch: ClassVar[bool] = False  # whether it needs more than one value a channel in each batch

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - those of Unit
        """Note whether the block has a shape rule of its own."""
        super().__init_subclass__(**kwargs)
        cls.keeps_shape = cls.output_shape is Block.output_shape

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
        """Return the multiply-accumulates for one image: of convolutions and fully connected layers, without biases."""
        return 0

    def window(self, shape: Shape) -> Window:  # noqa: ARG002 - most blocks look at one position
        """Return the window over the input map."""
        return Window()

    @classmethod
    def can_do_without(cls, key: str) -> bool:
        """Return whether the shapes after this block are known without this key: a switch never changes a shape."""
        return cls.keeps_shape or (key in cls.model_fields and cls.model_fields[key].annotation is bool)


def describe_shape(shape: Shape) -> str:
    """Return a shape as people write it: 16x12x12, or 10 features."""
    return write_shape(shape) if len(shape) == 3 else plural(shape[0], "feature")


def require_map(word: str, shape: Shape, instead: str = "") -> tuple[int, int, int]:
    """Return channels, height and width, or raise ShapeError; ``instead`` is a block that takes features."""
    if len(shape) != 3:
        help_text = f"move {word} before the gap or flatten, or {f'use {instead}' if instead else 'remove it'}"
        raise ShapeError(f"{word} needs a map (channels, height, width), but gets {describe_shape(shape)}", help_text)
    return shape[0], shape[1], shape[2]


def map_size(word: str, shape: Shape, window: Window, advice: str) -> tuple[int, int]:
    """Return height and width of what a window makes of a map, or raise ShapeError with the advice as help.

    They are floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 (torch.nn.Conv2d).
    """
    sizes = shape[1:]
    least = max(1, window.reach - 2 * window.padding)
    if min(sizes) < least:
        message = f"{word} needs a map of at least {least}x{least}, but gets {describe_shape(shape)}"
        raise ShapeError(message, advice)
    height, width = ((size + 2 * window.padding - window.reach) // window.stride + 1 for size in sizes)
    return height, width
