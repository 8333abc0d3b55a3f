"""Dropout whose choices come from a generator that can be set for every step."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from mnistspec.training.layers import Gradients, Layer

SPARSE_BELOW = 0.12  # drawing one position costs about as much as drawing eight values
_LEVELS = 2**16
_LONGEST_MEAN = 1e30  # so that no gap is too large for a float32, however small p is


def draw_positions(generator: np.random.Generator, p: float, count: int) -> Tensor:
    """Return the positions below ``count`` that are chosen, each with probability ``p`` (0 < p < 1), rising, int64.

    The distance from one chosen position to the next is geometric, and the whole part of an exponential variable of
    mean -1 / log(1 - p) is just that (Devroye 1986, Non-Uniform Random Variate Generation, section X.2).
    """
    mean = min(-1 / math.log1p(-p), _LONGEST_MEAN)
    enough = int(count * p + 6 * math.sqrt(count * p) + 16)  # six deviations above the mean: once in a billion too few
    parts: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    last = -1
    while last < count:
        gaps = generator.standard_exponential(enough, dtype=np.float32)
        gaps *= np.float32(mean)
        np.minimum(gaps, np.float32(2 * count), out=gaps)  # beyond the end is far enough, and fits into an integer
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


class Dropout(Layer[nn.Dropout]):
    """Dropout: zero with probability p, else times 1 / (1 - p) (Srivastava et al., 2014); in place."""

    overwrites = True

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        p, generator, count = self.module.p, self.source.generator, values.numel()
        if self._is_sparse():
            return self._apply(values, positions := draw_positions(generator, p, count)), positions
        factors = draw_mask(generator, p, count).logical_not_().to(values.dtype).mul_(1 / (1 - p) if p < 1 else 0)
        return self._apply(values, factors), factors

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - it is cheap
        return self._apply(gradient, kept), ()

    def _is_sparse(self) -> bool:
        return 0 < self.module.p < SPARSE_BELOW

    def _apply(self, values: Tensor, choice: Tensor) -> Tensor:
        """Drop the positions given in channels-last order, or multiply by factors in that order."""
        moved = values.movedim(1, -1).contiguous()
        flat = moved.view(-1)
        if self._is_sparse():
            flat.index_fill_(0, choice, 0).mul_(1 / (1 - self.module.p))
        else:
            flat.mul_(choice)
        return moved.movedim(-1, 1)
