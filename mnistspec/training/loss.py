"""The weights that classes have in the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from mnistspec.errors import UsageError
from mnistspec.wording import join_names, quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from torch import Tensor

    from mnistspec.data.dataset import Dataset


def weigh_classes(weights: Mapping[str, float] | Literal["balanced"] | None, data: Dataset) -> Tensor | None:
    """Return each class's weight for torch's ``cross_entropy``, float32 (classes), on the device of the data.

    None stays None. A class that a mapping does not name weighs 1. Balanced weights are those of scikit-learn's
    ``compute_class_weight``: with n training images of k classes, n / (k n_c) for a class with n_c of them. A class
    without training images is none of the k; it weighs 1, which no image gets to see.

    Raises UsageError for weights of a class that the data set does not have.
    """
    if weights is None:
        return None
    result = torch.ones(len(data.class_names), dtype=torch.float64)
    if weights == "balanced":
        counts = torch.bincount(data.train_labels.cpu(), minlength=len(result))
        there = counts > 0
        result[there] = len(data.train_labels) / (there.sum() * counts[there].double())
    else:
        if unknown := [name for name in weights if name not in data.class_names]:
            raise UsageError(f"class_weights: {data.name} has no class {join_names(list(map(quote, unknown[:5])))}")
        for name, weight in weights.items():
            result[data.class_names.index(name)] = weight
    return result.float().to(data.train_labels.device)
