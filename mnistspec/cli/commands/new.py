"""``mnistspec new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistspec.cli.completion import complete_models
from mnistspec.cli.console import print_result
from mnistspec.errors import UsageError


def new(
    name: Annotated[
        Path, typer.Argument(metavar="NAME", help="Its name, or the path of its file.", show_default=False)
    ],
    like: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Begin from one of the specs that ship, such as step4, or from any other one's file.",
            show_default=False,
            autocompletion=complete_models,
        ),
    ] = None,
) -> None:
    """Write a new spec with comments, which can be trained at once and edited from there.

    Example: mnistspec new mine --like step4
    """
    from mnistspec.language.loader import load_document
    from mnistspec.language.manual.starter import draft_spec

    path = name if name.suffix in {".yaml", ".yml"} else name.with_name(f"{name.name}.yaml")
    text = draft_spec(path, like)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists already, and is left as it is") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    document = load_document(path)
    params = sum(layer.params for layer in document.layers)
    print_result(f"{path}: {len(document.layers)} blocks, {params:,} parameters; train it with: mnistspec train {path}")
