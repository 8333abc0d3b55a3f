"""``mnistspec inspect``."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mnistspec.cli.console import print_json, print_result, print_written
from mnistspec.cli.options import Best, Json, Latest, RunFolder, check_output, output_option
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import choose_run
from mnistspec.errors import UsageError


@command(
    Panel.LOOK,
    3,
    "Draw what a trained network sees in an image: a layer's maps, which pixels matter, where a position looks.",
    example="mnistspec inspect runs/step6/20260101T120000Z-1a2b3c seven.png -o seen.png --layer conv3 --position 4,5",
)
def inspect(
    run: RunFolder,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture: of one digit, or as those of the run.")],
    output: Annotated[Path | None, output_option(".png", ".svg", default="IMAGE-seen.png")] = None,
    layer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Draw the maps of this layer, as build --summary names it."),
    ] = None,
    position: Annotated[
        str | None,
        typer.Option(metavar="ROW,COLUMN", help="Outline what this position of the maps sees, counted from 0."),
    ] = None,
    latest: Latest = False,
    best: Best = False,
    as_json: Json = False,
) -> None:
    output = output or check_output(Path(f"{image.stem}-seen.png"))
    place = _read_position(position)

    from mnistspec.files import require_image

    folder = choose_run(run, latest=latest)
    require_image(image)

    from mnistspec.data.images import prepare
    from mnistspec.network.inspection import choose_layer, find_layer, inspect_image
    from mnistspec.training.evaluation import normalize
    from mnistspec.views.pictures.inspection import draw_inspection
    from mnistspec.views.writing import format_share

    model = folder.load_model("best" if best else "model")
    layers = model.spec.trace()
    chosen = find_layer(layers, layer) if layer is not None else choose_layer(layers)
    box = None if place is None else chosen.receptive_box(*place)
    pixels, _ = prepare(image, model.spec.data)
    sight = inspect_image(model.network, chosen, normalize(pixels, model.mean, model.std))
    probabilities = model.predict(pixels[None])[0]
    names = model.spec.data.class_names
    prediction = int(probabilities.argmax())
    share = format_share(float(probabilities[prediction]), 1)
    title = f"{model.spec.name} reads {names[prediction]} in {image.name}, {share}"
    shares = probabilities.tolist()
    draw_inspection(pixels.numpy(), shares, sight, chosen, names, position=place, title=title).save(output)
    if as_json:
        print_json({
            "run": str(folder.path),
            "image": str(image),
            "picture": str(output),
            "prediction": names[prediction],
            "probability": float(probabilities[prediction]),
            "probabilities": dict(zip(names, shares, strict=True)),
            "layer": chosen.name,
            "output_shape": chosen.output_shape,
            "position": place,
            "sees": box and asdict(box),
        })  # fmt: skip
    else:
        print_result(title)
        print_written("picture", output)


def _read_position(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5}),(\d{1,5})", text)
    if match is None:
        raise UsageError(f"--position {text}: write row and column, counted from 0, such as 4,5")
    return int(match[1]), int(match[2])
