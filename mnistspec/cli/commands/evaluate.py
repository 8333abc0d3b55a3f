"""``mnistspec evaluate``."""

from __future__ import annotations

from typing import Annotated

import typer

from mnistspec.cli.completion import complete_datasets
from mnistspec.cli.console import print_json, print_result, print_table
from mnistspec.cli.options import Best, DataDir, Device, Json, RunFolder, check_data
from mnistspec.cli.registration import Panel, command


@command(
    Panel.LOOK,
    1,
    "Evaluate a trained network on the test set: accuracy, per digit, confusion.",
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
    best: Best = False,
    device: Device = None,
    as_json: Json = False,
) -> None:
    from mnistspec.runs.folder import RunDir

    folder = RunDir(run)
    check_data(data or folder.spec.data.word, data_dir)

    from mnistspec.data.dataset import load_dataset
    from mnistspec.training.device import choose_device
    from mnistspec.views.terminal.tables import confusion_table, evaluation_table

    model = folder.load_model("best" if best else "model")
    dataset = load_dataset(data or model.spec.data.word, data_dir=data_dir)
    result = model.evaluate(dataset, choose_device(device))
    confusion = result.confusion()
    names = dataset.class_names
    if as_json:
        rights, counts = confusion.diag().tolist(), confusion.sum(1).tolist()
        print_json({
            "run": str(run),
            "data": dataset.name,
            "weights": "best" if best else "last",
            "epoch": model.epoch,
            "images": len(result.labels),
            "test_loss": result.loss,
            "test_accuracy": result.accuracy,
            "per_class": [
                {"class": name, "images": count, "accuracy": 100 * right / max(1, count)}
                for name, right, count in zip(names, rights, counts, strict=True)
            ],
            "confusion": confusion.tolist(),
        })  # fmt: skip
        return
    wrong = len(result.labels) - int(confusion.diag().sum())
    which = f"epoch {model.epoch}, the best on the test set" if best else f"epoch {model.epoch}"
    print_result(
        f"{model.spec.name} ({which}) on {dataset.name}: test accuracy {result.accuracy:.2f} %, {wrong:,} of "
        f"{len(result.labels):,} wrong, loss {result.loss:.4f}"
    )
    print_table(evaluation_table(confusion.numpy(force=True), names))
    print_table(confusion_table(confusion.numpy(force=True), names))
