"""Dropout whose choices come from a generator that can be set for every step."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from mnistspec.training.fast.layers import FastLayer, Gradients

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


class FastDropout(FastLayer[nn.Dropout]):
    """Dropout: zero with probability p, else times 1 / (1 - p) (Srivastava et al., 2014); in place."""

    overwrites = True

    @property
    def scale(self) -> float:
        """What is not dropped is multiplied by this."""
        return 1 / (1 - self.module.p) if self.module.p < 1 else 0.0

    def draw(self, count: int) -> Tensor:
        """Return what is dropped of ``count`` values: positions where p is small, else a factor for each, 0 or 1."""
        p, generator = self.module.p, self.source.generator
        if p < SPARSE_BELOW:
            return draw_positions(generator, p, count)
        return draw_mask(generator, p, count).logical_not_().to(torch.float32)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        dropped = self.draw(values.numel())
        return self._apply(values, dropped), dropped

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - it is cheap
        return self._apply(gradient, kept), ()

    def _apply(self, values: Tensor, dropped: Tensor) -> Tensor:
        moved = values.movedim(1, -1).contiguous()
        drop(moved, dropped)
        return moved.mul_(self.scale).movedim(-1, 1)


def drop(values: Tensor, dropped: Tensor) -> None:
    """Set to zero, in place, what ``FastDropout.draw`` chose; the values are contiguous, with the channels last."""
    if dropped.dtype == torch.int64:
        values.view(-1).index_fill_(0, dropped, 0)
    else:
        values.view(-1).mul_(dropped)
