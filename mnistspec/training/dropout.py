"""Dropout whose choices come from a generator that can be set for every step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from mnistspec.training.layers import Gradients, Layer

SPARSE_BELOW = 0.12  # drawing one position costs about as much as drawing eight values
_LEVELS = 2**16


@dataclass
class Source:
    """Where all dropout layers of a network draw from, one after the other."""

    generator: np.random.Generator = field(default_factory=np.random.default_rng)


def draw_gaps(generator: np.random.Generator, p: float, count: int) -> Tensor:
    """Return the positions below ``count`` that are chosen, each with probability ``p`` (0 < p < 1), rising, int64.

    The distance from one chosen position to the next is geometric, and the whole part of an exponential variable of mean
    -1 / log(1 - p) is just that.
    """
    mean = -1 / math.log1p(-p)
    enough = int(count * p + 6 * math.sqrt(count * p) + 16)  # six deviations above the mean: once in a billion too few
    parts: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    last = -1
    while last < count:
        gaps = generator.standard_exponential(enough, dtype=np.float32)
        gaps *= np.float32(mean)
        steps = gaps.astype(np.int64)
        steps += 1
        steps[0] += last
        parts.append(np.cumsum(steps, out=steps))
        last = int(steps[-1])
    positions = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return torch.from_numpy(positions[: np.searchsorted(positions, count)])


def draw_mask(generator: np.random.Generator, p: float, count: int) -> Tensor:
    """Return ``count`` booleans, true with probability ``p``, which is rounded to a multiple of 2**-16."""
    words = generator.integers(0, 2**64, -(-count // 4), dtype=np.uint64)
    signed = torch.from_numpy(words.view(np.int16))[:count]  # torch compares no unsigned 16-bit numbers
    return signed < round(p * _LEVELS) - _LEVELS // 2 if p < 1 else torch.ones(count, dtype=torch.bool)


class Dropout(Layer):
    """Dropout: zero with probability p, else times 1 / (1 - p) (Srivastava et al., 2014). Works in place."""

    overwrites = True

    def __init__(self, p: float, source: Source) -> None:
        self.p, self.source = p, source
        self.scale = 1 / (1 - p) if p < 1 else 0.0

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        generator, count = self.source.generator, values.numel()
        if self.p < SPARSE_BELOW:
            choice = draw_gaps(generator, self.p, count)
        else:
            choice = draw_mask(generator, self.p, count).logical_not_().to(values.dtype).mul_(self.scale)
        return self._apply(values, choice), choice

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - it is cheap
        return self._apply(gradient, kept), ()

    def _apply(self, values: Tensor, choice: Tensor) -> Tensor:
        """Drop in channels-last order: the positions given, or by a factor for every value."""
        moved = values.movedim(1, -1).contiguous()
        flat = moved.view(-1)
        if self.p < SPARSE_BELOW:
            flat.index_fill_(0, choice, 0).mul_(self.scale)
        else:
            flat.mul_(choice)
        return moved.movedim(-1, 1)
