"""``mnistspec code``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mnistspec.cli.console import print_json, print_result, print_written
from mnistspec.cli.options import Json, Settings, SpecFile, output_option
from mnistspec.cli.registration import Panel, command
from mnistspec.wording import plural


@command(
    Panel.SHARE,
    2,
    "Write a spec as one plain Python file: network, data, augmentation, optimizer, schedule, loop.\n\n"
    "The file needs torch and torchvision only.",
    example="mnistspec code specs/step6.yaml -o step6.py && python step6.py --epochs 1",
)
def code(
    spec: SpecFile,
    output: Annotated[Path | None, output_option(".py", default="stdout")] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    from mnistspec.language.loader import load_spec

    loaded = load_spec(spec, settings or ())

    from mnistspec.files import write_text
    from mnistspec.network.code import write_code

    text = write_code(loaded)
    if output is not None:
        write_text(output, text)
    if as_json:
        print_json({"name": loaded.name, "file": output and str(output), "code": text})
    elif output is None:
        print_result(text.rstrip("\n"))
    else:
        print_written("code", output, plural(len(text.splitlines()), "line"))
