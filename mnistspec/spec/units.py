"""What a spec names by a word: blocks, optimizers, schedulers, augmentations. One class is one word; this module holds what they share."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A part of a spec: strict, closed and immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Unit(Model):
    """A part of a spec that is named by a word, such as ``conv`` or ``sgd``.

    A family (Block, Optimizer, ...) is a direct subclass; its own subclasses, each with a ``word``, are its members. The first
    line of a member's docstring is its help. ``scalar`` names the argument that may be written alone: ``conv: 8``.
    """

    family: ClassVar[str]
    members: ClassVar[dict[str, type[Unit]]]
    word: ClassVar[str]
    scalar: ClassVar[str | None] = None
    aliases: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls, *, family: str = "", word: str = "", scalar: str | None = None, aliases: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        """Register a member with its family; a class with neither word nor family is a shared base."""
        super().__init_subclass__(**kwargs)
        if family:
            cls.family, cls.members = family, {}
        if word:
            cls.word, cls.scalar, cls.aliases = word, scalar, aliases
            cls.members[word] = cls

    @classmethod
    def summary(cls) -> str:
        """Return the one-line help of this word."""
        return (cls.__doc__ or "").strip().split("\n")[0]


def pair(first: float, second: float) -> tuple[float, float]:
    """Return two numbers as floats."""
    return (float(first), float(second))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _numbers(value: object, counts: tuple[int, ...], expected: str) -> tuple[float, ...]:
    """Return ``value`` as floats: a number alone, or as many in a list as ``counts`` allows."""
    values = value if isinstance(value, tuple) else (value,)
    if len(values) not in counts or not all(_is_number(v) and abs(v) < 1e9 for v in values):
        raise PydanticCustomError("expected", "{expected}", {"expected": expected})
    return tuple(float(v) for v in values)


def _around_zero(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (1, 2), "a number, or a list of the smallest and the largest")
    return (-abs(numbers[0]), abs(numbers[0])) if len(numbers) == 1 else _ordered(numbers)


def _around_one(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (1, 2), "a number, or a list of the smallest and the largest factor")
    low, high = (max(0.0, 1 - numbers[0]), 1 + numbers[0]) if len(numbers) == 1 else numbers
    if min(numbers) < 0:
        raise PydanticCustomError("expected", "{expected}", {"expected": "at least 0"})
    return _ordered((low, high))


def _ordered(numbers: tuple[float, ...]) -> tuple[float, ...]:
    if numbers[0] > numbers[1]:
        raise PydanticCustomError("expected", "{expected}", {"expected": "a list with the smallest number first"})
    return numbers


def _shear(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (1, 2, 4), "a number, or a list of two (along x) or four (along x, then y)")
    if len(numbers) == 1:
        numbers = (-abs(numbers[0]), abs(numbers[0]))
    numbers = (*numbers, 0.0, 0.0)[:4]
    return (*_ordered(numbers[:2]), *_ordered(numbers[2:]))


def _translate(value: object) -> tuple[float, ...]:
    expected = "a fraction of the image from 0 to 1, or a list of two (along x, along y)"
    numbers = _numbers(value, (1, 2), expected)
    if not all(0 <= number <= 1 for number in numbers):
        raise PydanticCustomError("expected", "{expected}", {"expected": expected})
    return numbers * 2 if len(numbers) == 1 else numbers


_Pair = tuple[float, float]
Degrees = Annotated[_Pair, BeforeValidator(_around_zero), Field(description="range in degrees; a number d is [-d, d]")]
Factor = Annotated[_Pair, BeforeValidator(_around_one), Field(description="range of factors; a number f is [1 - f, 1 + f]")]
Translate = Annotated[_Pair, BeforeValidator(_translate), Field(description="largest shift as a fraction of width and height")]
Shear = Annotated[
    tuple[float, float, float, float],
    BeforeValidator(_shear),
    Field(description="range in degrees along x, and along y if four are given; a number d is [-d, d] along x"),
]
