"""``mnistspec build``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mnistspec.cli.console import print_json, print_result, print_table, print_warnings
from mnistspec.cli.options import Json, Settings, SpecFile, StrictTargets
from mnistspec.cli.registration import Panel, command


@command(
    Panel.CHECK,
    2,
    "Compile a spec to a network and print its size.",
    example="mnistspec build specs/step4.yaml --summary",
)
def build(
    spec: SpecFile,
    summary: Annotated[bool, typer.Option("--summary", "-s", help="Print a table of the layers.")] = False,
    settings: Settings = None,
    strict_targets: StrictTargets = False,
    as_json: Json = False,
) -> None:
    from mnistspec.language.loader import load_document

    document = load_document(spec, settings or (), strict_targets=strict_targets)
    print_warnings(document.warnings)

    from mnistspec.network.summary import summarize
    from mnistspec.views.terminal.tables import summary_table

    numbers = summarize(document.spec, document.lines)
    if as_json:
        print_json(asdict(numbers))
        return
    if summary:
        print_table(summary_table(numbers))
    else:
        print_result(str(numbers))
