"""Pixel statistics from a histogram: integer arithmetic, so every machine and thread count finds the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Levels:
    """The darkest and the lightest grey level, the mean and the standard deviation (the population's), in [0, 1]."""

    minimum: float
    maximum: float
    mean: float
    std: float


def measure_levels(images: Tensor) -> Levels:
    """Measure uint8 images of any shape, level 255 being 1."""
    bins = torch.zeros(256, dtype=torch.int64)
    # In parts, because bincount widens its input to 64 bits.
    for part in torch.split(images.reshape(-1), 2**22):
        bins += torch.bincount(part, minlength=256)
    counts = {level: count for level, count in enumerate(bins.tolist()) if count}
    pixels, first, second = (sum(count * level**power for level, count in counts.items()) for power in range(3))
    std = math.sqrt(pixels * second - first**2)
    return Levels(min(counts) / 255, max(counts) / 255, first / (255 * pixels), std / (255 * pixels))
