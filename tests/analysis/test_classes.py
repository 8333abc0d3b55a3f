"""What a confusion matrix says of each class, by hand."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, astuple

import numpy as np
import pytest

from mnistspec.analysis.classes import describe_classes


def test_each_class_has_its_counts_and_its_commonest_mistake() -> None:
    confusion = np.array([[7, 2, 1, 0], [0, 5, 0, 0], [3, 3, 4, 0], [0, 0, 0, 0]])
    results = describe_classes(confusion, ("cat", "dog", "owl", "yak"))
    assert [astuple(result) for result in results] == [
        ("cat", 10, 7, "dog", 2), ("dog", 5, 5, None, 0), ("owl", 10, 4, "cat", 3), ("yak", 0, 0, None, 0)
    ]  # fmt: skip
    assert [result.accuracy for result in results] == [70, 100, 40, None]


def test_a_result_cannot_be_changed() -> None:
    (result,) = describe_classes(np.array([[1]]), ("one",))
    assert astuple(result) == ("one", 1, 1, None, 0)
    with pytest.raises(FrozenInstanceError):
        result.right = 2  # type: ignore[misc]
