"""What came out of a run: its figures, held against its targets."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from mnistspec.errors import NotFiniteError, UsageError
from mnistspec.files import strip_places
from mnistspec.runs.measurement import Measured
from mnistspec.runs.models import ClassFigures, DataRecord, Result, Seconds, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    import numpy as np

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.predictions import Predictions
    from mnistspec.training.metrics import EpochMetrics


@dataclass(frozen=True)
class ClassMeans:
    """Means over the classes, each of which counts the same, in percent; None where no class has images."""

    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


def summarize_run(
    spec: Spec,
    metrics: Sequence[EpochMetrics],
    status: Literal["done", "not finite"],
    *,
    data: DataRecord | None = None,
    predictions: Predictions | None = None,
) -> Result:
    """Return the result of a run: the last epoch's figures, the best ones labelled as such, the targets.

    Accuracies are in percent. A run that stopped before its first epoch ended has None for its figures.
    """
    last = metrics[-1] if metrics else None
    best = max(metrics, key=lambda epoch: (epoch.test_accuracy, -epoch.epoch), default=None)
    classes = measure_classes(predictions.confusion, predictions.class_names) if predictions else []
    means = average_classes(classes)
    return Result(
        measured_on=Measured.of(spec),
        status=status,
        name=spec.name,
        data=data or DataRecord(name=spec.data.word),
        seed=spec.train.seed,
        params=spec.params,
        epochs=len(metrics),
        train_accuracy=last.train_accuracy if last else None,
        accuracy=last.test_accuracy if last else None,
        best_train_accuracy=max((epoch.train_accuracy for epoch in metrics), default=None),
        best_accuracy=best.test_accuracy if best else None,
        best_epoch=best.epoch if best else None,
        accuracies=[epoch.test_accuracy for epoch in metrics],
        seconds=_seconds(metrics),
        targets=check_targets(spec, metrics, means.f1),
        classes=classes,
        macro_precision=means.precision,
        macro_recall=means.recall,
        macro_f1=means.f1,
    )


def refuse_ended(folder: RunDir) -> None:
    """Raise UsageError for a run that is done, NotFiniteError for one that came to a loss that is not finite."""
    result = folder.result
    if result is None:
        return
    if result.status == "not finite":
        raise NotFiniteError(
            f"{folder.path}: cannot resume: it would fail the same way: {str(result.problem)[:300]}; "
            "then start a new run"
        )
    raise UsageError(
        f"{folder.path}: this run has done all of its {result.epochs} epochs, and its schedule has ended; "
        "to train for longer, start a new run with --epochs"
    )


def describe_data(data: Dataset, held_out: int | Literal["val"]) -> DataRecord:
    """Return which data a run is made with, and what it is measured on in the test set's place."""
    counts = {"train": len(data.train_labels), "test": len(data.test_labels)}
    if data.validation is not None:
        counts["val"] = len(data.validation[1])
    if isinstance(held_out, int) and held_out:
        held = len(data.hold_out(held_out).test_labels)
        counts |= {"train": counts["train"] - held, "holdout": held}
    return DataRecord(
        name=data.name,
        path=data.path and strip_places([data.path])[0],
        digest=data.digest,
        classes=list(data.class_names),
        counts=counts,
        channels=data.train_images.shape[1],
        size=list(data.train_images.shape[-2:]),
    )


def measure_classes(confusion: np.ndarray, class_names: Sequence[str]) -> list[ClassFigures]:
    """Return each class's figures in percent, None where there is nothing to divide by.

    With the confusion matrix C by label and guess, (classes, classes), precision is C_kk / sum_i C_ik, recall
    C_kk / sum_j C_kj, and F1 is their harmonic mean, 2 C_kk / (sum_i C_ik + sum_j C_kj).
    """
    rows = zip(
        class_names, confusion.diagonal().tolist(), confusion.sum(0).tolist(), confusion.sum(1).tolist(), strict=True
    )
    return [
        ClassFigures(
            name=name, images=images, precision=_share(right, guessed), recall=_share(right, images),
            f1=_share(2 * right, guessed + images),
        )
        for name, right, guessed, images in rows
    ]  # fmt: skip


def average_classes(classes: Sequence[ClassFigures]) -> ClassMeans:
    """Return the macro precision, recall and F1: their means over the classes that have images.

    They are those of scikit-learn's ``precision_recall_fscore_support`` for the labels that occur, with ``average``
    "macro" and ``zero_division`` 0: the precision of a class that was never guessed counts as 0. A class without images
    does not count; guesses of it lower the recall of the classes that were taken for it.
    """
    there = [row for row in classes if row.images]
    if not there:
        return ClassMeans()
    return ClassMeans(*(fmean(getattr(row, name) or 0 for row in there) for name in ("precision", "recall", "f1")))


def find_classes(run: RunDir) -> list[ClassFigures]:
    """Return the figures by class of a run that has ended: of its result or, if that is older, of its predictions.

    Nothing where neither is there. Raises CorruptError for predictions that are damaged.
    """
    predictions = None if run.figures.classes else run.predictions
    return measure_classes(predictions.confusion, predictions.class_names) if predictions else run.figures.classes


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def check_targets(spec: Spec, metrics: Sequence[EpochMetrics], macro_f1: float | None = None) -> list[Target]:
    """Return each target with what was wanted, what was got, and whether it was met.

    ``macro_f1`` is the last epoch's, in percent; None, of a run without predictions, does not meet a target.
    """
    targets, rows = spec.targets, []
    measured = Measured.of(spec)
    where = "" if measured is Measured.test else f" on the {measured.images}"
    if targets.max_params is not None:
        params = spec.params
        rows.append(
            Target(target="max_params", wanted=targets.max_params, got=params, met=params <= targets.max_params)
        )
    if targets.max_epochs is not None:
        epochs = len(metrics)
        rows.append(
            Target(target="max_epochs", wanted=targets.max_epochs, got=epochs, met=epochs <= targets.max_epochs)
        )
    if targets.min_test_accuracy is not None:
        last = [epoch.test_accuracy for epoch in metrics[-targets.last_epochs :]]
        met = len(last) == targets.last_epochs and min(last) >= targets.min_test_accuracy
        when = f" in each of the last {targets.last_epochs} epochs" if targets.last_epochs > 1 else ""
        name = f"min_test_accuracy{where}{when}"
        rows.append(Target(target=name, wanted=targets.min_test_accuracy, got=min(last, default=None), met=met))
    if targets.min_macro_f1 is not None:
        met = macro_f1 is not None and macro_f1 >= targets.min_macro_f1
        rows.append(Target(target=f"min_macro_f1{where}", wanted=targets.min_macro_f1, got=macro_f1, met=met))
    return rows


def _seconds(metrics: Sequence[EpochMetrics]) -> Seconds:
    total, test = sum(epoch.seconds for epoch in metrics), sum(epoch.test_seconds for epoch in metrics)
    return Seconds(total=round(total, 3), train=round(total - test, 3), test=round(test, 3))
