"""``mnistspec validate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mnistspec.cli.console import print_error, print_json, print_message, print_result
from mnistspec.cli.options import Json, Settings, SpecFiles


def validate(
    specs: SpecFiles,
    settings: Settings = None,
    strict_targets: Annotated[
        bool, typer.Option("--strict-targets", help="Take targets that no training can reach for errors.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check specs: the language, the shapes, the recipe; every error of every file, without training.

    Example: mnistspec validate specs/*.yaml
    """
    reports = []
    for path in specs:
        report, text = _check(path, settings or [], strict_targets=strict_targets)
        reports.append(report)
        if not as_json:
            (print_result if report["valid"] else print_error)(text)
    if as_json:
        print_json({"specs": reports})
    if not all(report["valid"] for report in reports):
        if not as_json and sys.stderr.isatty():
            print_message(f"mnistspec explain {_first_wrong(reports)} tells more about each kind of error")
        raise typer.Exit(2)


def _check(path: Path, settings: list[str], *, strict_targets: bool) -> tuple[dict[str, Any], str]:
    """Return what there is to say about a file, as data and as text."""
    from mnistspec.language.loader import load_document
    from mnistspec.language.yaml.composer import UnreadableFileError
    from mnistspec.language.yaml.diagnostics import InvalidSpecError

    try:
        document = load_document(path, settings, strict_targets=strict_targets)
    except InvalidSpecError as error:
        return {"file": str(path), "valid": False, "errors": [d.as_json() for d in error.diagnostics]}, str(error)
    except UnreadableFileError as error:
        return {"file": str(path), "valid": False, "errors": [error.diagnostic.as_json()]}, str(error)
    params = sum(layer.params for layer in document.layers)
    report = {"file": str(path), "valid": True, "name": document.spec.name, "params": params, "errors": []}
    return report, f"{path}: ok, {len(document.layers)} blocks, {params:,} parameters"


def _first_wrong(reports: list[dict[str, Any]]) -> str:
    return next(str(report["file"]) for report in reports if not report["valid"])
