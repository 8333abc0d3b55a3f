"""What result.json says of a run: every figure, and each target at its boundary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mnistspec import RunDir, load_spec
from mnistspec.language.spec import Spec, Targets
from mnistspec.runs.models import DataRecord
from mnistspec.runs.result import check_targets, summarize_run
from mnistspec.training.metrics import EpochMetrics
from tests.command_line import run_main
from tests.small_mnist import write_mnist
from tests.sweeps.fakes import TINY, make_metrics, write_spec

PARAMS = 40 + 10 * (4 * 6 * 6 + 1)  # of TINY: a convolution, and 4x6x6 features to ten classes


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    """A spec of 1,490 parameters."""
    return load_spec(write_spec(tmp_path))


@pytest.mark.parametrize(
    ("targets", "accuracies", "got", "met"),
    [
        ({"max_params": PARAMS - 1}, [90], PARAMS, False),
        ({"max_params": PARAMS}, [90], PARAMS, True),
        ({"max_params": PARAMS + 1}, [90], PARAMS, True),
        ({"max_epochs": 2}, [90, 90, 90], 3, False),
        ({"max_epochs": 3}, [90, 90, 90], 3, True),
        ({"max_epochs": 4}, [90, 90, 90], 3, True),
        ({"min_test_accuracy": 90}, [95, 89.99], 89.99, False),
        ({"min_test_accuracy": 90}, [80, 90], 90, True),
        ({"min_test_accuracy": 90}, [80, 90.01], 90.01, True),
        ({"min_test_accuracy": 90, "last_epochs": 2}, [95, 89, 95], 89, False),
        ({"min_test_accuracy": 90, "last_epochs": 2}, [95, 95, 89], 89, False),
        ({"min_test_accuracy": 90, "last_epochs": 2}, [80, 90, 91], 90, True),
        ({"min_test_accuracy": 90, "last_epochs": 3}, [91, 92, 93], 91, True),
        ({"min_test_accuracy": 90, "last_epochs": 4}, [91, 92, 93], 91, False),
        ({"min_test_accuracy": 90}, [], None, False),
        ({"max_epochs": 1}, [], 0, True),
        ({"min_macro_f1": 70}, [95], 69.99, False),
        ({"min_macro_f1": 70}, [60], 70.0, True),
        ({"min_macro_f1": 70}, [], None, False),
        ({"min_macro_f1": 0}, [90], None, False),
    ],
)
def test_a_target(
    spec: Spec, targets: dict[str, float], accuracies: Sequence[float], got: float | None, *, met: bool
) -> None:
    last = targets.get("last_epochs", 1)
    name = next(iter(targets)) + (f" in each of the last {last} epochs" if last > 1 else "")
    held = spec.model_copy(update={"targets": Targets.model_validate(targets)})
    expected = {"target": name, "wanted": next(iter(targets.values())), "got": got, "met": met}
    macro_f1 = got if name == "min_macro_f1" else 50.0
    assert [row.model_dump() for row in check_targets(held, make_metrics(*accuracies), macro_f1)] == [expected]


def test_targets_stand_in_the_order_of_the_spec(spec: Spec) -> None:
    targets = Targets(max_params=1, max_epochs=1, min_test_accuracy=1, min_macro_f1=2)
    rows = check_targets(spec.model_copy(update={"targets": targets}), make_metrics(90, 90))
    assert [(row.target, row.met) for row in rows] == [
        ("max_params", False), ("max_epochs", False), ("min_test_accuracy", True), ("min_macro_f1", False),
    ]  # fmt: skip


def test_targets_of_held_out_images_say_so(tmp_path: Path) -> None:
    spec = load_spec(write_spec(tmp_path), ["train.holdout=100"])
    targets = Targets(max_params=1, min_test_accuracy=1, last_epochs=2, min_macro_f1=2)
    rows = check_targets(spec.model_copy(update={"targets": targets}), make_metrics(90, 90), 90.0)
    assert [row.target for row in rows] == [
        "max_params", "min_test_accuracy on the held-out images in each of the last 2 epochs",
        "min_macro_f1 on the held-out images",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("accuracies", "epoch"), [([90], 1), ([90, 91], 2), ([91, 90], 1), ([90, 91, 91, 90], 2), ([91, 91, 91], 1)]
)
def test_the_best_epoch_is_the_first_of_the_best(spec: Spec, accuracies: list[float], epoch: int) -> None:
    result = summarize_run(spec, make_metrics(*accuracies), "done")
    assert (result.best_epoch, result.best_accuracy) == (epoch, max(accuracies))
    assert result.accuracy == accuracies[-1]


def test_all_figures_of_made_up_epochs(spec: Spec) -> None:
    figures = [
        {"train_loss": 0.5, "train_accuracy": 85, "test_loss": 0.4, "test_accuracy": 93, "seconds": 2.25},
        {"train_loss": 0.4, "train_accuracy": 84, "test_loss": 0.3, "test_accuracy": 92, "seconds": 3},
    ]
    metrics = [EpochMetrics(epoch=i, lr=0.1, test_seconds=i / 4, **these) for i, these in enumerate(figures, 1)]
    result = summarize_run(spec, metrics, "done").as_data()
    assert {key: value for key, value in result.items() if value not in (None, [], {})} == {
        "format": 2, "measured_on": "test", "status": "done", "name": "tiny",
        "data": DataRecord(name="mnist").model_dump(),
        "seed": spec.train.seed, "params": PARAMS, "epochs": 2,
        "train_accuracy": 84, "test_accuracy": 92,
        "best_train_accuracy": 85, "best_test_accuracy": 93, "best_epoch": 1, "test_accuracies": [93, 92],
        "seconds": {"total": 5.25, "train": 4.5, "test": 0.75},
        "targets": [{"target": "min_test_accuracy", "wanted": 90.0, "got": 92, "met": True}],
    }  # fmt: skip


def test_the_whole_result_of_a_small_run(tmp_path: Path) -> None:
    data = write_mnist(tmp_path, 64, 20)
    path = write_spec(tmp_path, text=TINY.replace("epochs: 3", "epochs: 2"))
    assert not run_main("train", path, "--data-dir", data, "--runs", tmp_path / "runs", "--seed", "7")
    (folder,) = (tmp_path / "runs" / "tiny").iterdir()
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    rows = RunDir(folder).metrics
    tests, trains = ([getattr(row, f"{part}_accuracy") for row in rows] for part in ("test", "train"))
    assert set(result.pop("seconds")) == {"total", "train", "test"}
    written = ["spec.yaml", "resolved.yaml", "env.json", "summary.txt", "metrics.csv", "model.safetensors"]
    assert list(result.pop("files")) == [*written, "best.safetensors", "predictions.npz"]
    assert len(result.pop("sha256")) == 64
    predictions = RunDir(folder).predictions
    assert predictions is not None
    assert predictions.accuracy == tests[-1]
    classes = result.pop("classes")
    for name in ("precision", "recall", "f1"):
        there = [row[name] or 0 for row in classes if row["images"]]
        assert 0 < len(there) <= 10
        assert result.pop(f"macro_{name}") == pytest.approx(sum(there) / len(there)), name
    for index, row in enumerate(classes):
        right = predictions.confusion[index, index]
        assert (row["name"], row["images"]) == (str(index), predictions.confusion[index].sum())
        for key, whole in (("recall", row["images"]), ("precision", predictions.confusion[:, index].sum())):
            assert row[key] == (pytest.approx(100 * right / whole) if whole else None), key
    assert result.pop("data") == {
        "name": "mnist", "path": str(data), "digest": RunDir(folder).weights().data_digest,
        "classes": list("0123456789"), "counts": {"train": 64, "test": 20}, "channels": 1, "size": [28, 28],
    }  # fmt: skip
    assert result == {
        "format": 2, "measured_on": "test", "status": "done", "name": "tiny", "seed": 7, "params": PARAMS, "epochs": 2,
        "train_accuracy": trains[-1], "test_accuracy": tests[-1],
        "best_train_accuracy": max(trains), "best_test_accuracy": max(tests), "best_epoch": 1 + tests.index(max(tests)),
        "test_accuracies": tests,
        "targets": [{"target": "min_test_accuracy", "wanted": 90.0, "got": tests[-1], "met": False}],
        "kernels": "accelerated", "problem": None, "drift": [],
    }  # fmt: skip
