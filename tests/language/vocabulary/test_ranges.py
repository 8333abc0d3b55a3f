"""The ranges of augmentations: what each form of them means, and where it ends to be one."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from mnistspec.language.vocabulary.augmentations import Augmentation

WRONG = None
MOST = 10**9


CASES: dict[tuple[str, str], list[tuple[object, tuple[float, ...] | None]]] = {
    ("rotation", "degrees"): [
        (5, (-5, 5)), (0, (0, 0)), (0.5, (-0.5, 0.5)), ((-5, 8), (-5, 8)), ((5, 5), (5, 5)),
        (MOST - 1, (1 - MOST, MOST - 1)), (MOST, WRONG), ((-MOST, 0), WRONG), (-1, WRONG), (-0.5, WRONG),
        ((8, -5), WRONG), ((1,), WRONG), ((), WRONG), ((1, 2, 3), WRONG), (True, WRONG), ("5", WRONG),
        ((1, "2"), WRONG), (math.nan, WRONG), (None, WRONG),
    ],
    ("color_jitter", "brightness"): [(0.25, (0.75, 1.25)), (1.5, (0, 2.5)), (0, (1, 1))],
    ("color_jitter", "contrast"): [
        ((0, 2), (0, 2)), ((-0.5, 1), WRONG), ((2, 1), WRONG), ((1, 1, 1), WRONG), (-1, WRONG)
    ],
    ("affine", "scale"): [
        ((0.5, 100), (0.5, 100)), ((0.001, 1), (0.001, 1)), (1, WRONG), ((0.5, 100.5), WRONG), ((0, 1), WRONG),
        ((2, 1), WRONG),
    ],
    ("affine", "shear"): [
        (5, (-5, 5, 0, 0)), ((-3, 4), (-3, 4, 0, 0)), ((1, 2, 3, 4), (1, 2, 3, 4)), (89.5, (-89.5, 89.5, 0, 0)),
        (90, WRONG), ((-90, 0), WRONG), ((1, 2, 3), WRONG), ((2, 1), WRONG), ((0, 1, 5, 2), WRONG),
        ((1, 1, 1, 1, 1), WRONG),
    ],
    ("affine", "translate"): [
        (0.1, (0.1, 0.1)), ((0.1, 0.2), (0.1, 0.2)), ((1, 0), (1, 0)), (0, (0, 0)), (1, (1, 1)), (1.5, WRONG),
        ((0, 1.5), WRONG), ((-0.5, 0), WRONG), ((0, 0, 0), WRONG),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "key", "value", "meaning"), [(*place, *case) for place, cases in CASES.items() for case in cases]
)
def test_a_range(word: str, key: str, value: object, meaning: tuple[float, ...] | None) -> None:
    member: Any = Augmentation.members[word]
    data = {**({"degrees": 0} if word == "affine" else {}), key: value}
    if meaning is WRONG:
        with pytest.raises(ValidationError):
            member.model_validate(data)
    else:
        found = getattr(member.model_validate(data), key)
        assert found == pytest.approx(meaning)
        assert {type(number) for number in found} == {float}
