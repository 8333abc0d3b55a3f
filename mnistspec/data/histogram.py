"""Pixel statistics from a histogram: integer arithmetic, so every machine and thread count finds the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Histogram:
    """How often each of the 256 grey levels occurs. The statistics are in units of [0, 1], level 255 being 1."""

    counts: tuple[int, ...]

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return sum(self.counts)

    @property
    def minimum(self) -> float:
        """The darkest level that occurs."""
        return next(level for level, count in enumerate(self.counts) if count) / 255

    @property
    def maximum(self) -> float:
        """The lightest level that occurs."""
        return max(level for level, count in enumerate(self.counts) if count) / 255

    @property
    def mean(self) -> float:
        """The mean level."""
        return self._moment(1) / (255 * self.pixels)

    @property
    def std(self) -> float:
        """The standard deviation over all pixels (the population's, not a sample's)."""
        variance = self.pixels * self._moment(2) - self._moment(1) ** 2
        return math.sqrt(variance) / (255 * self.pixels)

    def _moment(self, power: int) -> int:
        return sum(count * level**power for level, count in enumerate(self.counts))


def count_levels(images: Tensor) -> Histogram:
    """Count the grey levels of uint8 images of any shape."""
    counts = torch.zeros(256, dtype=torch.int64)
    # In parts, because bincount widens its input to 64 bits.
    for part in torch.split(images.reshape(-1), 2**22):
        counts += torch.bincount(part, minlength=256)
    return Histogram(tuple(counts.tolist()))
