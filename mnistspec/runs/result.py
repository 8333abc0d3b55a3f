"""What came out of a run: its figures, held against its targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.language.spec import Spec
    from mnistspec.training.metrics import EpochMetrics


def summarize_run(spec: Spec, metrics: Sequence[EpochMetrics], status: str) -> dict[str, Any]:
    """Return the content of result.json: the last epoch's figures, the best ones labelled as such, the targets.

    Accuracies are in percent. A run that stopped before its first epoch ended has None for its figures.
    """
    last = metrics[-1] if metrics else None
    best = max(metrics, key=lambda epoch: (epoch.test_accuracy, -epoch.epoch), default=None)
    return {
        "status": status,
        "name": spec.name,
        "data": spec.data.word,
        "seed": spec.train.seed,
        "params": count_params(spec),
        "epochs": len(metrics),
        "train_accuracy": last and last.train_accuracy,
        "test_accuracy": last and last.test_accuracy,
        "best_train_accuracy": max((epoch.train_accuracy for epoch in metrics), default=None),
        "best_test_accuracy": best and best.test_accuracy,
        "best_epoch": best and best.epoch,
        "test_accuracies": [epoch.test_accuracy for epoch in metrics],
        "seconds": _seconds(metrics),
        "targets": check_targets(spec, metrics),
    }


def count_params(spec: Spec) -> int:
    """Return the number of trainable parameters of a spec's network."""
    return sum(layer.params for layer in spec.trace())


def check_targets(spec: Spec, metrics: Sequence[EpochMetrics]) -> list[dict[str, Any]]:
    """Return each target with what was wanted, what was got, and whether it was met."""
    targets, rows = spec.targets, []
    if targets.max_params is not None:
        rows.append(
            _row("max_params", targets.max_params, count_params(spec), met=count_params(spec) <= targets.max_params)
        )
    if targets.max_epochs is not None:
        rows.append(_row("max_epochs", targets.max_epochs, len(metrics), met=len(metrics) <= targets.max_epochs))
    if targets.min_test_accuracy is not None:
        last = [epoch.test_accuracy for epoch in metrics[-targets.last_epochs :]]
        met = len(last) == targets.last_epochs and min(last) >= targets.min_test_accuracy
        name = "min_test_accuracy" + (
            f" in each of the last {targets.last_epochs} epochs" if targets.last_epochs > 1 else ""
        )
        rows.append(_row(name, targets.min_test_accuracy, min(last, default=None), met=met))
    return rows


def _row(target: str, wanted: float, got: float | None, *, met: bool) -> dict[str, Any]:
    return {"target": target, "wanted": wanted, "got": got, "met": met}


def _seconds(metrics: Sequence[EpochMetrics]) -> dict[str, float]:
    total, test = sum(epoch.seconds for epoch in metrics), sum(epoch.test_seconds for epoch in metrics)
    return {"total": round(total, 3), "train": round(total - test, 3), "test": round(test, 3)}
