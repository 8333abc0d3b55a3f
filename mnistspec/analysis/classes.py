"""What a confusion matrix says of each class, as numbers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.errors import CorruptError
from mnistspec.runs.result import average_classes, find_classes, measure_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.models import ClassFigures


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


def find_macro_f1(run: RunDir) -> float | None:
    """Return the macro F1 of a run that has ended, in percent; None where its figures by class are lost."""
    with suppress(CorruptError):
        return average_classes(find_classes(run)).f1
    return None
