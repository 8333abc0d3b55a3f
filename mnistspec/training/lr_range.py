"""The learning-rate range test: train a little while the rate rises, and see where the loss falls.

After L. N. Smith, "Cyclical learning rates for training neural networks" (WACV 2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.errors import NotFiniteError
from mnistspec.language.vocabulary.schedulers import ConstantLR
from mnistspec.training.trainer import Training

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from torch import nn

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.vocabulary.recipe import Train

_DIVERGED = 4.0  # times the lowest mean loss: more ends the test
_RECENT = 10  # steps in that mean
_LEAST_FALL = 0.1  # of the highest loss; less is noise
_VALLEY = 2 / 3  # of the fall
_LEAST_POINTS = 10


@dataclass(frozen=True)
class RangePoint:
    """One step of the test: its learning rate, and the mean loss of its batch before it."""

    step: int
    lr: float
    loss: float


@dataclass(frozen=True)
class Suggestion:
    """Learning rates where the smoothed loss falls most steeply, and where two thirds of its fall are done."""

    steepest: float
    valley: float


def raise_lr(
    model: nn.Sequential,
    data: Dataset,
    recipe: Train,
    device: torch.device,
    *,
    lowest: float,
    highest: float,
    steps: int,
) -> Iterator[RangePoint]:
    """Train the model on the recipe's batches with a rate that rises exponentially, yielding each step.

    The test ends early where the loss explodes or is not a number. From torch's global stream only the
    training itself draws.
    """
    # No more epochs than steps: each has at least one.
    plain = recipe.model_copy(update={"scheduler": ConstantLR(), "epochs": steps})
    training = Training(model, data, plain, device)
    rates = np.geomspace(lowest, highest, steps).tolist()
    losses: list[float] = []
    lowest_mean = math.inf
    _set_lr(training, rates[0])
    try:
        for progress in training.run():
            if progress.metrics:
                continue  # a test pass between two epochs
            losses.append(float(progress.meter.losses[progress.step - 1]))
            yield RangePoint(len(losses), rates[len(losses) - 1], losses[-1])
            mean = sum(losses[-_RECENT:]) / min(len(losses), _RECENT)
            lowest_mean = min(lowest_mean, mean)
            if len(losses) == steps or not mean < _DIVERGED * lowest_mean:
                return
            _set_lr(training, rates[len(losses)])
    except NotFiniteError:
        return


def _set_lr(training: Training, lr: float) -> None:
    """Set the rate of the next step; the constant schedule leaves it as it is."""
    for group in training.optimizer.param_groups:
        group["lr"] = lr


def smooth(losses: Sequence[float]) -> list[float]:
    """Return the losses, each as a mean of its neighbours that counts nearer ones more: a triangle around it."""
    radius = max(1, len(losses) // 20)
    weights = np.concatenate([np.arange(1, radius + 2), np.arange(radius, 0, -1)]).astype(float)
    total = np.convolve(losses, weights, mode="full")[radius : radius + len(losses)]
    count = np.convolve(np.ones(len(losses)), weights, mode="full")[radius : radius + len(losses)]
    return [float(value) for value in total / count]


def suggest_lr(points: Sequence[RangePoint]) -> Suggestion | None:
    """Return learning rates to train with, None where the loss does not fall."""
    if len(points) < _LEAST_POINTS:
        return None
    losses = smooth([point.loss for point in points])
    last = losses.index(min(losses))
    first = losses.index(max(losses[: last + 1]))
    fall = losses[first] - losses[last]
    if not fall > _LEAST_FALL * losses[first]:
        return None
    steepest = first + int(np.diff(losses[first : last + 1]).argmin())
    valley = next(place for place in range(first, last + 1) if losses[place] <= losses[first] - _VALLEY * fall)
    return Suggestion(points[steepest].lr, points[valley].lr)
