"""Random numbers without a stream: functions of (seed, epoch, step, purpose), so that a run can resume anywhere.

The generators are numpy's, by their own names and versions, and independent of torch's and numpy's global streams.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor


class Purpose(IntEnum):
    """What the numbers are for; each purpose has a sequence of its own. The values are part of every run's result."""

    ORDER = 0
    AUGMENTATION = 1
    DROPOUT = 2


def make_generator(seed: int, epoch: int, step: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator for one purpose of one step; the four integers, all at least 0, decide everything it draws.

    SeedSequence keeps generators of neighbouring seeds and steps independent; SFC64 is numpy's fastest bit generator.
    """
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, epoch, step, int(purpose)))))


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """Return the order in which an epoch visits its images: a permutation of 0 ... count - 1, (count,), int64."""
    return torch.from_numpy(make_generator(seed, epoch, 0, Purpose.ORDER).permutation(count))
