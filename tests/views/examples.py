"""Runs and evaluations of known figures, for the tests of tables and pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.analysis.mistakes import Mistake
from mnistspec.language.vocabulary.datasets import MNIST, FashionMNIST
from mnistspec.training.metrics import EpochMetrics
from mnistspec.views.pictures.mistakes import draw_mistakes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.views.pictures.canvas import Canvas

DIGITS = MNIST.names
CLOTHES = FashionMNIST.names
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


def make_confusion(mistakes: int) -> np.ndarray:
    """Return counts (10, 10) of 10,000 images with at most ``mistakes`` of a kind, and none of the third class."""
    rows, columns = np.indices((10, 10))
    confusion = (rows * 7 + columns * 5) % 11 * mistakes // 10
    np.fill_diagonal(confusion, 0)
    confusion += np.diag(1000 - confusion.sum(1))
    confusion[2] = 0
    return confusion


def make_images(count: int) -> np.ndarray:
    """Return uint8 images (count, 1, 28, 28), each other than the next."""
    return (np.arange(count * 784).reshape(count, 1, 28, 28) % 251).astype(np.uint8)


def make_gallery(count: int, names: Sequence[str] = DIGITS, title: str = "step6") -> Canvas:
    """Return a gallery of ``count`` mistakes, each less confident than the one before."""
    images = make_images(count)
    mistakes = [
        Mistake(image, place, place % 10, (place + 3) % 10, 1 - place / (2 * count))
        for place, image in enumerate(images)
    ]
    return draw_mistakes(mistakes, count, names, title=title)
