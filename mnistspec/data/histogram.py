"""Pixel statistics from a histogram: integer arithmetic, so every machine and thread count finds the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from mnistspec.data.stored import Images


@dataclass(frozen=True)
class Levels:
    """A channel's darkest and lightest level, mean and standard deviation (the population's), in [0, 1]."""

    minimum: float
    maximum: float
    mean: float
    std: float


def measure_levels(images: Images) -> tuple[Levels, ...]:
    """Measure each channel of uint8 images (n, channels, height, width), level 255 being 1."""
    channels, values = images.shape[1], math.prod(images.shape[1:])
    bins = torch.zeros(channels, 256, dtype=torch.int64)
    # In parts, because bincount widens its input to 64 bits.
    for part in images.split(max(1, 2**22 // values)):
        bins += torch.stack([torch.bincount(channel.reshape(-1), minlength=256) for channel in part.unbind(1)])
    return tuple(_measure(counts) for counts in bins)


def _measure(bins: Tensor) -> Levels:
    """Return the levels of a histogram (256,)."""
    counts = {level: count for level, count in enumerate(bins.tolist()) if count}
    pixels, first, second = (sum(count * level**power for level, count in counts.items()) for power in range(3))
    std = math.sqrt(pixels * second - first**2)
    return Levels(min(counts) / 255, max(counts) / 255, first / (255 * pixels), std / (255 * pixels))
