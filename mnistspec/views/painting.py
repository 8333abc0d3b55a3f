"""The pictures of a run or a data set: what is drawn, from which images, under which title."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.language.vocabulary.datasets import list_named
from mnistspec.runs.measurement import Measured
from mnistspec.training.augmentation import Augmentation
from mnistspec.views.pictures.confusion import draw_confusion
from mnistspec.views.pictures.curves import draw_run
from mnistspec.views.pictures.images import draw_augmented, draw_samples
from mnistspec.views.pictures.mistakes import draw_mistakes

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.predictions import Predictions
    from mnistspec.training.metrics import EpochMetrics

_SAMPLES = 12
_ROWS, _VERSIONS = 8, 8


def paint_run(folder: RunDir, data: Dataset, predictions: Predictions, metrics: list[EpochMetrics]) -> None:
    """Draw the five pictures of a run into its folder; ``predictions`` are those of its last epoch."""
    spec, path, names = folder.spec, folder.path, data.class_names
    title = spec.heading
    paint_samples(data, path / "samples.png")
    paint_augmented(spec, data, path / "augmented.png")
    target, measured = spec.targets.min_test_accuracy, Measured.of(spec)
    draw_run(metrics, title=title, target=target, measured=measured.word).save(path / "curves.png")
    title += "" if measured is Measured.test else f" ({measured.images})"
    draw_confusion(predictions.confusion, names, title=title).save(path / "confusion.png")
    draw_mistakes(predictions.mistakes(), predictions.wrong, names, title=title).save(path / "mistakes.png")


def paint_samples(data: Dataset, path: Path) -> None:
    """Draw 12 training images with their labels."""
    chosen = choose_samples(data.train_labels.numpy(force=True), _SAMPLES)
    images, labels = data.train_images[chosen].numpy(force=True), data.train_labels[chosen].tolist()
    draw_samples(images, labels, data.class_names, title=f"{_name(data)}: training images").save(path)


def paint_augmented(spec: Spec, data: Dataset, path: Path) -> None:
    """Draw training images, and what the training makes of each in its first epochs."""
    chosen = choose_samples(data.train_labels.numpy(force=True), _ROWS)
    originals, labels = data.train_images[chosen].cpu(), data.train_labels[chosen].tolist()
    augmentation = Augmentation(spec.train.augment)
    versions = [augmentation.augment(originals, spec.train.seed, epoch, 0) for epoch in range(_VERSIONS)]
    augmented = np.stack([version.numpy() for version in versions], 1)
    words = " + ".join(augmentation.word for augmentation in spec.train.augment) or "no augmentation"
    draw_augmented(originals.numpy(), augmented, labels, data.class_names, title=f"{spec.name}: {words}").save(path)


def choose_samples(labels: np.ndarray, count: int) -> list[int]:
    """Return the places of the images that are shown, of all labels (n,): the first.

    Where the images of each class stand together, these would be of one class: then it is the first image of each
    class, the second of each, and so on, in the order of the set.
    """
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    if len(starts) != len(np.unique(labels)):
        return list(range(min(count, len(labels))))
    within = np.arange(len(labels)) - np.repeat(starts, np.diff(starts, append=len(labels)))
    chosen: list[int] = np.sort(np.argsort(within, kind="stable")[:count]).tolist()
    return chosen


def _name(data: Dataset) -> str:
    """Return what a set is called: one's own by its folder or file."""
    own = None if data.path is None or data.name in list_named() else Path(data.path).name
    return own or data.name
