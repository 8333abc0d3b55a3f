"""``mnistspec predict``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistspec.cli.console import print_error, print_json, print_table, print_warning
from mnistspec.cli.options import Best, Json, Latest, RunFolder
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import choose_run
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.trained import TrainedModel


@command(
    Panel.LOOK,
    2,
    "Read the digits in image files, dark on light or light on dark.\n\n"
    "Images of up to 20 megapixels are read; JPEGs may have 50.",
    example="mnistspec predict runs/step6/20260101T120000Z-1a2b3c seven.png",
)
def predict(
    run: RunFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Photos or drawings of one digit each.")],
    latest: Latest = False,
    best: Best = False,
    as_json: Json = False,
) -> None:
    folder = choose_run(run, latest=latest)
    rows: list[dict[str, Any]] = []
    for path in images:
        try:
            probabilities, note = _read(path, folder, "best" if best else "model")
        except UsageError as error:
            rows.append({"image": str(path), "error": str(error)})
            print_error(error)
        else:
            prediction = max(probabilities, key=lambda name: probabilities[name])
            rows.append({
                "image": str(path),
                "prediction": prediction,
                "probability": probabilities[prediction],
                "probabilities": probabilities,
                **({"note": note} if note else {}),
            })  # fmt: skip
            if note and not as_json:
                print_warning(f"{path}: {note}")
    read = [row for row in rows if "error" not in row]
    if as_json:
        print_json({"run": str(folder.path), "predictions": rows})
    elif read:
        from mnistspec.views.terminal.tables import predictions_table

        scores = [list(row["probabilities"].values()) for row in read]
        print_table(predictions_table([row["image"] for row in read], scores, list(read[0]["probabilities"])))
    if len(read) < len(rows):
        raise typer.Exit(2)


def _read(path: Path, folder: RunDir, weights: str) -> tuple[dict[str, float], str]:
    """Return the probability of each class, and what else is in the picture; torch is loaded once there is an image."""
    from mnistspec.files import require_image

    require_image(path)

    from mnistspec.data.photo.preparation import prepare_image

    model = _load_model(folder, weights)
    prepared = prepare_image(path)
    scores = model.predict(prepared.pixels[None])[0].tolist()
    return dict(zip(folder.spec.data.class_names, scores, strict=True)), prepared.note


@cache
def _load_model(folder: RunDir, weights: str) -> TrainedModel:
    return folder.load_model(weights)
