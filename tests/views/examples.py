"""Runs and evaluations of known figures, for the tests of tables and pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from mnistspec.language.vocabulary.datasets import DATASETS
from mnistspec.training.metrics import EpochMetrics

if TYPE_CHECKING:
    from torch import Tensor

DIGITS = DATASETS["mnist"].class_names
CLOTHES = DATASETS["fashion-mnist"].class_names
# What matplotlib would read as mathematics, what its font has no letters for, and what no picture is wide enough for.
TITLES = ("", "step6", "$x_1$ costs $5 {a} \\frac", "数字 \u202eabc\u202c é\n\t👩‍🏫 \x07", "W" * 3000, "word " * 3000)


def make_run(epochs: int) -> list[EpochMetrics]:
    """Return a run whose first epoch is far off its last ones, with some noise."""
    return [
        EpochMetrics(
            epoch=epoch,
            lr=0.1,
            train_loss=0.03 + 0.6 * math.exp(1 - epoch) + 0.004 * (epoch * 7 % 5),
            train_accuracy=98.9 - 11 * math.exp(1 - epoch) - 0.02 * (epoch * 7 % 5),
            test_loss=0.02 + 0.1 * math.exp(1 - epoch) + 0.002 * (epoch * 7 % 5),
            test_accuracy=99.4 - 1.5 * math.exp(1 - epoch) - 0.03 * (epoch * 7 % 5),
            seconds=12.3,
            test_seconds=1.2,
        )
        for epoch in range(1, epochs + 1)
    ]


def make_confusion(mistakes: int) -> Tensor:
    """Return counts (10, 10) of 10,000 images with at most so many mistakes of a kind, and none of the third class."""
    rows, columns = torch.meshgrid(torch.arange(10), torch.arange(10), indexing="ij")
    confusion = (rows * 7 + columns * 5) % 11 * mistakes // 10
    confusion.fill_diagonal_(0)
    confusion += torch.diag(1000 - confusion.sum(1))
    confusion[2] = 0
    return confusion


def make_images(count: int) -> Tensor:
    """Return uint8 images (count, 28, 28), each other than the next."""
    return (torch.arange(count * 784).view(count, 28, 28) % 251).to(torch.uint8)
