"""What a confusion matrix says of each class, by hand."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from mnistspec.analysis.classes import describe_classes


def test_each_class_has_its_counts_and_its_commonest_mistake() -> None:
    confusion = np.array([[7, 2, 1, 0], [0, 5, 0, 0], [3, 3, 4, 0], [0, 0, 0, 0]])
    results = describe_classes(confusion, ("cat", "dog", "owl", "yak"))
    assert [(result.figures.name, result.right, result.confused_with, result.times) for result in results] == [
        ("cat", 7, "dog", 2), ("dog", 5, None, 0), ("owl", 4, "cat", 3), ("yak", 0, None, 0)
    ]  # fmt: skip
    assert [(result.figures.images, result.figures.recall) for result in results] == [
        (10, 70), (5, 100), (10, 40), (0, None)
    ]  # fmt: skip


def test_a_result_cannot_be_changed() -> None:
    (result,) = describe_classes(np.array([[1]]), ("one",))
    with pytest.raises(FrozenInstanceError):
        result.right = 2  # type: ignore[misc]
