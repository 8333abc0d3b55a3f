"""``mnistspec predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mnistspec.cli.console import print_error, print_json, print_table
from mnistspec.cli.options import Best, Json, RunFolder
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError


@command(
    Panel.LOOK,
    2,
    "Read the digits in image files of any size, dark on light or light on dark.",
    example="mnistspec predict runs/step6/20260101T120000Z-1a2b3c seven.png",
)
def predict(
    run: RunFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Photos or drawings of one digit each.")],
    best: Best = False,
    as_json: Json = False,
) -> None:
    from mnistspec.data.photo.preparation import prepare_image
    from mnistspec.runs.folder import RunDir
    from mnistspec.views.terminal.tables import predictions_table

    model = RunDir(run).load_model("best" if best else "model")
    names = model.spec.data.class_names
    rows: list[dict[str, Any]] = []
    for path in images:
        try:
            scores = model.predict(prepare_image(path).unsqueeze(0))[0].tolist()
        except UsageError as error:
            rows.append({"image": str(path), "error": str(error)})
            print_error(error)
        else:
            probability, prediction = max(zip(scores, names, strict=True))
            probabilities = dict(zip(names, scores, strict=True))
            rows.append(
                {
                    "image": str(path),
                    "prediction": prediction,
                    "probability": probability,
                    "probabilities": probabilities,
                }
            )
    read = [row for row in rows if "error" not in row]
    if as_json:
        print_json({"run": str(run), "predictions": rows})
    elif read:
        print_table(
            predictions_table(
                [row["image"] for row in read], [list(row["probabilities"].values()) for row in read], names
            )
        )
    if len(read) < len(rows):
        raise typer.Exit(2)
