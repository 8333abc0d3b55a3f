"""What `mnistspec data NAME` reports of a data set, as numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch

from mnistspec.data.histogram import measure_levels

if TYPE_CHECKING:
    from torch import Tensor

    from mnistspec.data.dataset import Dataset


@dataclass(frozen=True)
class SplitStatistics:
    """Statistics of one split. shape: images, height, width; the levels are in [0, 1]."""

    shape: tuple[int, ...]
    minimum: float
    maximum: float
    mean: float
    std: float
    images_per_class: dict[str, int]

    @property
    def images(self) -> int:
        """The number of images in the split."""
        return self.shape[0]


@dataclass(frozen=True)
class DatasetStatistics:
    """Statistics of a data set's two splits. digest: SHA-256 that identifies the data."""

    name: str
    digest: str
    train: SplitStatistics
    test: SplitStatistics


def describe_dataset(dataset: Dataset) -> DatasetStatistics:
    """Measure both splits."""
    return DatasetStatistics(
        name=dataset.name,
        digest=dataset.digest,
        train=_describe_split(dataset.train_images, dataset.train_labels, dataset.class_names),
        test=_describe_split(dataset.test_images, dataset.test_labels, dataset.class_names),
    )


def _describe_split(images: Tensor, labels: Tensor, class_names: tuple[str, ...]) -> SplitStatistics:
    per_class = torch.bincount(labels, minlength=len(class_names)).tolist()
    return SplitStatistics(
        shape=tuple(images.shape),
        **asdict(measure_levels(images)),
        images_per_class=dict(zip(class_names, per_class, strict=True)),
    )
