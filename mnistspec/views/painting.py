"""The pictures of a run or a data set: what is drawn, from which images, under which title."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from mnistspec.training.augmentation import Augmentation
from mnistspec.views.pictures import plot_augmented, plot_confusion, plot_curves, plot_mistakes, plot_samples

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec
    from mnistspec.runs.folder import RunDir
    from mnistspec.training.evaluation import Evaluation
    from mnistspec.training.metrics import EpochMetrics

_SAMPLES = 12
_ROWS, _VERSIONS = 8, 8


def paint_run(folder: RunDir, data: Dataset, test: Evaluation, metrics: list[EpochMetrics]) -> None:
    """Draw the five pictures of a run into its folder; ``test`` is what its last epoch made of the test set."""
    spec, path, names = folder.spec, folder.path, data.class_names
    title = f"{spec.name}: {spec.title}" if spec.title else spec.name
    paint_samples(data, path / "samples.png")
    paint_augmented(spec, data, path / "augmented.png")
    plot_curves(metrics, path / "curves.png", title=title, target=spec.targets.min_test_accuracy)
    plot_confusion(test.confusion(), names, path / "confusion.png", title=title)
    confidences = test.probabilities.max(1).values
    images = data.test_images.cpu()
    plot_mistakes(images, test.labels, test.predictions, confidences, names, path / "mistakes.png", title=title)


def paint_samples(data: Dataset, path: Path) -> None:
    """Draw 12 training images with their labels."""
    images, labels = data.train_images[:_SAMPLES].cpu(), data.train_labels[:_SAMPLES].cpu()
    plot_samples(images, labels, data.class_names, path, title=f"{data.name}: training images")


def paint_augmented(spec: Spec, data: Dataset, path: Path) -> None:
    """Draw training images, and what the training makes of each in its first epochs."""
    originals, labels = data.train_images[:_ROWS].cpu(), data.train_labels[:_ROWS].cpu()
    augmentation = Augmentation(spec.train.augment)
    batch = originals.unsqueeze(1)
    versions = [augmentation.augment(batch, spec.train.seed, epoch, 0).squeeze(1) for epoch in range(_VERSIONS)]
    words = " + ".join(augmentation.word for augmentation in spec.train.augment) or "no augmentation"
    plot_augmented(originals, torch.stack(versions, 1), labels, data.class_names, path, title=f"{spec.name}: {words}")
