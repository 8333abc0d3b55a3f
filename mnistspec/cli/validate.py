"""``mnistspec validate``."""

from __future__ import annotations

from typing import Any

import typer

from mnistspec.cli.console import print_error, print_json, print_result
from mnistspec.cli.options import Json, Settings, SpecFiles


def validate(specs: SpecFiles, settings: Settings = None, as_json: Json = False) -> None:
    """Check specs: the language, the shapes, the recipe; every error of every file, without training.

    Example: mnistspec validate specs/*.yaml
    """
    from mnistspec.spec.diagnostics import InvalidSpecError
    from mnistspec.spec.loader import load_document

    reports: list[dict[str, Any]] = []
    for path in specs:
        try:
            document = load_document(path, settings or ())
        except InvalidSpecError as error:
            reports.append({"file": str(path), "valid": False, "errors": [d.as_json() for d in error.diagnostics]})
            if not as_json:
                print_error(str(error))
            continue
        params = sum(layer.params for layer in document.layers)
        reports.append({"file": str(path), "valid": True, "name": document.spec.name, "params": params, "errors": []})
        if not as_json:
            print_result(f"{path}: ok, {len(document.layers)} blocks, {params:,} parameters")
    if as_json:
        print_json({"specs": reports})
    if not all(report["valid"] for report in reports):
        raise typer.Exit(2)
