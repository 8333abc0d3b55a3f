"""What a confusion matrix says of each class, as numbers."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.errors import CorruptError
from mnistspec.runs.result import average_classes, find_classes, measure_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.models import ClassFigures

MOST_CLASSES = 20  # whose figures are all shown, and whose matrix can be read
SHOWN = 20  # classes and confusions, where there are more


@dataclass(frozen=True)
class ClassResult:
    """How the images of one class were classified.

    ``confused_with`` is the class that they were most often taken for, ``times`` how often: None and 0 if never.
    """

    figures: ClassFigures
    right: int
    confused_with: str | None
    times: int


def describe_classes(confusion: np.ndarray, class_names: Sequence[str]) -> list[ClassResult]:
    """Return the results of each class from counts by label (row) and prediction (column), (classes, classes)."""
    results = []
    for index, (row, figures) in enumerate(
        zip(confusion.tolist(), measure_classes(confusion, class_names), strict=True)
    ):
        wrong = [0 if other == index else count for other, count in enumerate(row)]
        times = max(wrong)
        confused_with = class_names[wrong.index(times)] if times else None
        results.append(ClassResult(figures, row[index], confused_with, times))
    return results


def rank_worst(results: Sequence[ClassResult]) -> list[ClassResult]:
    """Return the results with the lowest F1 first, equals in their order, classes without a figure last."""
    return sorted(results, key=lambda result: math.inf if result.figures.f1 is None else result.figures.f1)


@dataclass(frozen=True)
class Confusion:
    """How many images of one class were taken for another, and their share of the images of that class, in [0, 1]."""

    label: str
    guess: str
    count: int
    share: float


def find_confusions(confusion: np.ndarray, class_names: Sequence[str], most: int = SHOWN) -> list[Confusion]:
    """Return the most frequent confusions, the most frequent first; equals in the order of label and guess."""
    counts = confusion - np.diag(confusion.diagonal())
    order = np.argsort(-counts, axis=None, kind="stable")[:most].tolist()
    cells = [(*divmod(place, len(counts)), int(counts.flat[place])) for place in order]
    return [
        Confusion(class_names[label], class_names[guess], count, count / int(confusion[label].sum()))
        for label, guess, count in cells
        if count
    ]


def find_macro_f1(run: RunDir) -> float | None:
    """Return the macro F1 of a run that has ended, in percent; None where its figures by class are lost."""
    with suppress(CorruptError):
        return average_classes(find_classes(run)).f1
    return None
