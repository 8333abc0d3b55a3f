"""``mnistspec validate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistspec.cli.console import print_error, print_json, print_more, print_result, print_warnings
from mnistspec.cli.options import Json, Settings, SpecFiles, StrictTargets
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import MnistspecError

if TYPE_CHECKING:
    from mnistspec.language.loader import Document


@command(
    Panel.CHECK,
    1,
    "Check specs without training: language, shapes and recipe. Every error of every file is reported.",
    example="mnistspec validate specs/*.yaml",
)
def validate(
    specs: SpecFiles,
    settings: Settings = None,
    strict_targets: StrictTargets = False,
    within: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Refuse specs, and files that they extend, outside this folder.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    from mnistspec.language.loader import load_document
    from mnistspec.language.yaml.composer import UnreadableFileError
    from mnistspec.language.yaml.diagnostics import InvalidSpecError

    reports, errors = [], list[MnistspecError]()
    for path in specs:
        try:
            document = load_document(path, settings or (), strict_targets=strict_targets, within=within)
        except (InvalidSpecError, UnreadableFileError) as error:
            errors.append(error)
            found = [diagnostic.as_json() for diagnostic in error.diagnostics]
            reports.append({"file": str(path), "valid": False, "errors": found, "warnings": []})
            if not as_json:
                print_error(error)
        else:
            reports.append(_describe(path, document))
            if not as_json:
                print_warnings(document.warnings)
                print_result(f"{path}: ok, {len(document.layers)} blocks, {reports[-1]['params']:,} parameters")
    if as_json:
        print_json({"specs": reports})
    if errors:
        if not as_json:
            print_more(errors[0])
        raise typer.Exit(2)


def _describe(path: Path, document: Document) -> dict[str, Any]:
    """Return what there is to say about a spec that is right."""
    warnings = [warning.as_json() for warning in document.warnings]
    return {
        "file": str(path), "valid": True, "name": document.spec.name, "params": document.spec.params,
        "errors": [], "warnings": warnings,
    }  # fmt: skip
