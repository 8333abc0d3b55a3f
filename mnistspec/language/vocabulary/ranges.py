"""The ranges of augmentations: a number alone, or a list, by the rules of torchvision.transforms."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from mnistspec.language.vocabulary.unit import must_be

_LARGEST = 1_000_000_000


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < _LARGEST
    )


def _numbers(value: object, counts: tuple[int, ...], expected: str) -> tuple[float, ...]:
    """Return ``value`` as floats: a number alone, or a list of one of the lengths in ``counts``."""
    is_list = isinstance(value, tuple)
    values = value if isinstance(value, tuple) else (value,)
    if len(values) not in counts or (is_list and len(values) == 1) or not all(map(_is_number, values)):
        raise must_be(expected)
    if not is_list and values[0] < 0:
        raise must_be("at least 0, or a list of the smallest and the largest")
    return tuple(map(float, values))


def _rising(numbers: tuple[float, ...]) -> tuple[float, ...]:
    if numbers[0] > numbers[1]:
        raise must_be("a list with the smallest number first")
    return numbers


def _around_zero(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (1, 2), "a number, or a list of the smallest and the largest")
    return (-numbers[0], numbers[0]) if len(numbers) == 1 else _rising(numbers)


def _around_one(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (1, 2), "a number, or a list of the smallest and the largest factor")
    if min(numbers) < 0:
        raise must_be("a list of factors of at least 0")
    return _rising((max(0.0, 1 - numbers[0]), 1 + numbers[0]) if len(numbers) == 1 else numbers)


def _scale(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (2,), "a list of the smallest and the largest factor")
    if min(numbers) <= 0 or max(numbers) > 100:
        raise must_be("a list of factors above 0 and at most 100")
    return _rising(numbers)


def _shear(value: object) -> tuple[float, ...]:
    numbers = _numbers(value, (1, 2, 4), "a number, or a list of two (along x) or four (along x, then y)")
    if len(numbers) == 1:
        numbers = (-numbers[0], numbers[0])
    if max(map(abs, numbers)) >= 90:
        raise must_be("less than 90 degrees")
    numbers = (*numbers, 0.0, 0.0)[:4]
    return (*_rising(numbers[:2]), *_rising(numbers[2:]))


def _translate(value: object) -> tuple[float, ...]:
    expected = "a fraction of the image from 0 to 1, or a list of two (along x, along y)"
    numbers = _numbers(value, (1, 2), expected)
    if not all(0 <= number <= 1 for number in numbers):
        raise must_be(expected)
    return numbers * 2 if len(numbers) == 1 else numbers


_Limits = dict[str, float]


def _json(description: str, counts: tuple[int, ...], alone: _Limits | None, limits: _Limits) -> WithJsonSchema:
    """Return the schema of a number within the limits of ``alone``, or of a list of ``counts`` numbers within limits.

    The description stands here and not in a Field, which classes must not share (see ``block.Channels``).
    """
    numbers = [] if alone is None else [{"type": "number", **alone}]
    item = {"type": "number", **limits}
    lists = [{"type": "array", "items": item, "minItems": n, "maxItems": n} for n in counts]
    return WithJsonSchema({"description": description, "anyOf": [*numbers, *lists]})


_ANY = {"exclusiveMinimum": -_LARGEST, "exclusiveMaximum": _LARGEST}
_SIZE = {"minimum": 0, "exclusiveMaximum": _LARGEST}
_FRACTION = {"minimum": 0, "maximum": 1}
_Pair = tuple[float, float]
Degrees = Annotated[
    _Pair, BeforeValidator(_around_zero), _json("range in degrees; a number d is [-d, d]", (2,), _SIZE, _ANY)
]
Factor = Annotated[
    _Pair, BeforeValidator(_around_one), _json("range of factors; a number f is [1 - f, 1 + f]", (2,), _SIZE, _SIZE)
]
Scale = Annotated[
    _Pair,
    BeforeValidator(_scale),
    _json("range of factors, smallest first", (2,), None, {"exclusiveMinimum": 0, "maximum": 100}),
]
Translate = Annotated[
    _Pair,
    BeforeValidator(_translate),
    _json("largest shift as a fraction of width and height", (2,), _FRACTION, _FRACTION),
]
Shear = Annotated[
    tuple[float, float, float, float],
    BeforeValidator(_shear),
    _json(
        "range in degrees along x, and along y if four are given; a number d is [-d, d] along x",
        (2, 4),
        {"minimum": 0, "exclusiveMaximum": 90},
        {"exclusiveMinimum": -90, "exclusiveMaximum": 90},
    ),
]
