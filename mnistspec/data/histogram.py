"""Pixel statistics from a histogram: integer arithmetic, so every machine and thread count finds the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from mnistspec.formats.levels import Levels, measure

if TYPE_CHECKING:
    from mnistspec.data.stored import Images


def measure_levels(images: Images) -> tuple[Levels, ...]:
    """Measure each channel of uint8 images (n, channels, height, width), level 255 being 1."""
    channels, values = images.shape[1], math.prod(images.shape[1:])
    bins = torch.zeros(channels, 256, dtype=torch.int64)
    # In parts, because bincount widens its input to 64 bits.
    for part in images.split(max(1, 2**22 // values)):
        bins += torch.stack([torch.bincount(channel.reshape(-1), minlength=256) for channel in part.unbind(1)])
    return tuple(measure(counts) for counts in bins.tolist())
