"""``mnistspec code``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistspec.cli.console import print_json, print_result
from mnistspec.cli.options import Json, Settings, SpecFile
from mnistspec.cli.outputs import check_output


def code(
    spec: SpecFile,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.  [default: stdout]")
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Write a spec as one plain Python file: network, data, augmentation, optimizer, schedule, loop.

    It needs torch and torchvision only.

    Example: mnistspec code specs/step6.yaml -o step6.py && python step6.py --epochs 1
    """
    if output is not None:
        check_output(output, ".py")

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
        print_result(f"{output}: {len(text.splitlines())} lines")
