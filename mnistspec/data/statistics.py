"""What `mnistspec data NAME` reports of a data set, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from mnistspec.data.histogram import measure_levels

if TYPE_CHECKING:
    from torch import Tensor

    from mnistspec.data.dataset import Dataset
    from mnistspec.data.stored import Images
    from mnistspec.formats.levels import Levels

LEVELS = ("minimum", "maximum", "mean", "std")


@dataclass(frozen=True)
class SplitStatistics:
    """Statistics of one split. shape: images, channels, height, width; the levels, in [0, 1], are by channel."""

    shape: tuple[int, ...]
    levels: tuple[Levels, ...]
    images_per_class: dict[str, int]

    @property
    def images(self) -> int:
        """The number of images in the split."""
        return self.shape[0]

    def as_data(self) -> dict[str, Any]:
        """Return the statistics for JSON; those of several channels are lists."""
        levels = {name: [getattr(level, name) for level in self.levels] for name in LEVELS}
        plain = {name: values if len(values) > 1 else values[0] for name, values in levels.items()}
        return {"shape": self.shape, **plain, "images_per_class": self.images_per_class}


@dataclass(frozen=True)
class DatasetStatistics:
    """Statistics of a data set's two splits. digest: SHA-256 that identifies the data."""

    name: str
    digest: str
    train: SplitStatistics
    test: SplitStatistics

    def as_data(self) -> dict[str, Any]:
        """Return the statistics for JSON."""
        splits = {"train": self.train.as_data(), "test": self.test.as_data()}
        return {"name": self.name, "digest": self.digest, **splits}


def describe_dataset(dataset: Dataset) -> DatasetStatistics:
    """Measure both splits."""
    return DatasetStatistics(
        name=dataset.name,
        digest=dataset.digest,
        train=_describe_split(dataset.train_images, dataset.train_labels, dataset.class_names),
        test=_describe_split(dataset.test_images, dataset.test_labels, dataset.class_names),
    )


def _describe_split(images: Images, labels: Tensor, class_names: tuple[str, ...]) -> SplitStatistics:
    per_class = torch.bincount(labels, minlength=len(class_names)).tolist()
    return SplitStatistics(
        shape=tuple(images.shape),
        levels=measure_levels(images),
        images_per_class=dict(zip(class_names, per_class, strict=True)),
    )
