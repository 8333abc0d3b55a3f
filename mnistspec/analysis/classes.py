"""What a confusion matrix says of each class, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


@dataclass(frozen=True)
class ClassResult:
    """How the images of one class were classified.

    ``confused_with`` is the class that they were most often taken for, ``times`` how often: None and 0 if never.
    """

    name: str
    images: int
    right: int
    confused_with: str | None
    times: int

    @property
    def accuracy(self) -> float | None:
        """The share of right predictions in percent, None without images."""
        return 100 * self.right / self.images if self.images else None


def describe_classes(confusion: np.ndarray, class_names: Sequence[str]) -> list[ClassResult]:
    """Return the results of each class from counts by label (row) and prediction (column), (classes, classes)."""
    results = []
    for index, row in enumerate(confusion.tolist()):
        wrong = [0 if other == index else count for other, count in enumerate(row)]
        times = max(wrong)
        confused_with = class_names[wrong.index(times)] if times else None
        results.append(ClassResult(class_names[index], sum(row), row[index], confused_with, times))
    return results
