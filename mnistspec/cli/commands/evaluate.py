"""``mnistspec evaluate``."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistspec.cli.completion import complete_datasets
from mnistspec.cli.console import print_json, print_message, print_prose, print_table
from mnistspec.cli.options import Best, DataDir, Device, Json, Latest, RunFolder
from mnistspec.cli.reading import check_data, read_data
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import choose_run, load_run_data
from mnistspec.errors import MnistspecError

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.predictions import Predictions
    from mnistspec.runs.trained import TrainedModel


@dataclass(frozen=True)
class _Test:
    """What weights made of a test set: its name, the epoch of the weights, the mean loss, the predictions."""

    data: str
    epoch: int
    loss: float
    predictions: Predictions


@command(
    Panel.LOOK,
    1,
    "Evaluate a trained network on the test set: accuracy, precision, recall and F1 by class, confusion.",
    example="mnistspec evaluate runs/step6/20260101T120000Z-1a2b3c",
)
def evaluate(
    run: RunFolder,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Use the test images of another data set, such as qmnist.",
            show_default=False,
            autocompletion=complete_datasets,
        ),
    ] = None,
    data_dir: DataDir = None,
    latest: Latest = False,
    best: Best = False,
    device: Device = None,
    as_json: Json = False,
) -> None:
    from mnistspec.runs.result import average_classes, measure_classes
    from mnistspec.views.terminal.classes import confusion_table, evaluation_table

    folder = choose_run(run, latest=latest)
    plain = not (best or data or data_dir or device)
    test = (_read_kept(folder) if plain else None) or _measure(folder, data, data_dir, device, best=best)
    confusion, names, accuracy = test.predictions.confusion, test.predictions.class_names, test.predictions.accuracy
    images = len(test.predictions.labels)
    if as_json:
        classes = measure_classes(confusion, names)
        means = average_classes(classes)
        print_json({
            "run": str(folder.path),
            "data": test.data,
            "weights": "best" if best else "last",
            "epoch": test.epoch,
            "images": images,
            "test_loss": test.loss,
            "test_accuracy": accuracy,
            "per_class": [
                {
                    "class": row.name, "images": row.images, "accuracy": row.recall or 0.0,
                    "precision": row.precision, "recall": row.recall, "f1": row.f1,
                } for row in classes
            ],
            **{f"macro_{name}": value for name, value in asdict(means).items()},
            "confusion": confusion.tolist(),
        })  # fmt: skip
        return
    chosen = f", the best on the {folder.weights('best').measured_on.images}" if best else ""
    print_prose(
        f"{folder.spec.name} (epoch {test.epoch}{chosen}) on {test.data}: test accuracy {accuracy:.2f} %, "
        f"{test.predictions.wrong:,} of {images:,} wrong, loss {test.loss:.4f}"
    )
    print_table(evaluation_table(confusion, names))
    print_table(confusion_table(confusion, names))


def _read_kept(folder: RunDir) -> _Test | None:
    """Return what the run's own test pass came to, if it was kept."""
    predictions = folder.tested
    if predictions is None:
        return None
    last = folder.metrics[-1]
    return _Test(folder.spec.data.display_name, last.epoch, last.test_loss, predictions)


def _measure(folder: RunDir, data: str | None, data_dir: Path | None, device: str | None, *, best: bool) -> _Test:
    """Put the test set through the network; keep what its run should have kept."""
    check_data(data or folder.spec.data, data_dir)

    from mnistspec.runs.predictions import Predictions
    from mnistspec.training.device import choose_device

    model = folder.load_model("best" if best else "model")
    dataset = read_data(data, data_dir) if data else load_run_data(folder, data_dir)
    evaluation = model.evaluate(dataset, choose_device(device))
    predictions = Predictions.of(evaluation, dataset.test_images, dataset.class_names)
    if folder.result is not None and not best and folder.data_digest == dataset.digest:
        _keep(folder, model, dataset, predictions)
    return _Test(dataset.name, model.epoch, evaluation.loss, predictions)


def _keep(folder: RunDir, model: TrainedModel, data: Dataset, predictions: Predictions) -> None:
    """Add the predictions to a run that keeps none, such as one of format 1; where nothing can be written, do not."""
    from mnistspec.runs.folder import PREDICTIONS
    from mnistspec.training.device import choose_device

    held_out = folder.spec.train.holdout
    if (folder.path / PREDICTIONS).exists() or PREDICTIONS in folder.figures.files:
        return
    measured = model.test(data.hold_out(held_out), choose_device(None)) if held_out else predictions
    with suppress(MnistspecError):
        folder.write_predictions(measured, data.name, data.digest, model.epoch)
        print_message(f"kept {folder.path / PREDICTIONS}, so that nothing has to be measured again")
