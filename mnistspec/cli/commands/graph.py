"""``mnistspec graph``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mnistspec.cli.console import print_json, print_written
from mnistspec.cli.options import Json, Settings, SpecFile, check_output, output_option
from mnistspec.cli.registration import Panel, command


@command(
    Panel.CHECK,
    4,
    "Draw a network: its maps, the layers that make them, and how much of the image each sees.",
    example="mnistspec graph specs/step6.yaml -o step6.png",
)
def graph(
    spec: SpecFile,
    output: Annotated[Path | None, output_option(".png", ".svg", default="NAME.svg")] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    from mnistspec.language.loader import load_spec

    loaded = load_spec(spec, settings or ())

    from mnistspec.views.pictures.network import draw_network

    path = output or check_output(Path(f"{loaded.name}.svg"))
    page = draw_network(loaded)
    page.save(path)
    if as_json:
        print_json({"name": loaded.name, "file": str(path), "width": page.width, "height": page.height})
    else:
        print_written("picture", path)
