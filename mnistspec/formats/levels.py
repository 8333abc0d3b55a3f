"""Levels of pixels from how often each occurs: integer arithmetic, so every machine finds the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Levels:
    """A channel's darkest and lightest level, mean and standard deviation (the population's), in [0, 1]."""

    minimum: float
    maximum: float
    mean: float
    std: float


def measure(bins: Sequence[int]) -> Levels:
    """Return the levels of a histogram: how many pixels have each of the levels from 0 to 255, which is 1."""
    counts = {level: count for level, count in enumerate(bins) if count}
    pixels, first, second = (sum(count * level**power for level, count in counts.items()) for power in range(3))
    std = math.sqrt(pixels * second - first**2)
    return Levels(min(counts) / 255, max(counts) / 255, first / (255 * pixels), std / (255 * pixels))
