"""``mnistspec new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistspec.cli.completion import complete_data, complete_models
from mnistspec.cli.console import print_written
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError


@command(
    Panel.WRITE,
    1,
    "Write a new spec with comments, ready to be trained and edited.",
    example="mnistspec new leaves --data leaves/",
)
def new(
    name: Annotated[
        Path, typer.Argument(metavar="NAME", help="The name of the spec, or the path of its file.", show_default=False)
    ],
    like: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Begin from a spec that ships with the program, such as step4, or from a spec file.",
            show_default=False,
            autocompletion=complete_models,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Fit it to these images: a folder of them, an .npz or .csv file, a folder of IDX files, or a name.",
            show_default=False,
            autocompletion=complete_data,
        ),
    ] = None,
) -> None:
    from mnistspec.language.loader import load_document
    from mnistspec.language.manual.starter import draft_spec

    path = name if name.suffix in {".yaml", ".yml"} else name.with_name(f"{name.name}.yaml")
    text = draft_spec(path, like) if data is None else _fit(path, data, like)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} already exists and is left unchanged") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    document = load_document(path)
    size = f"{len(document.layers)} blocks, {document.spec.params:,} parameters"
    print_written("spec", path, f"{size}; train it with: mnistspec train {path}")


def _fit(path: Path, data: str, like: str | None) -> str:
    """Return the text of a spec that fits the data."""
    from mnistspec.data.recognition import find_source
    from mnistspec.language.manual.fitting import fit_spec

    if like is not None:
        raise UsageError("--like takes a whole spec and --data makes one that fits: give one of the two")
    return fit_spec(path, find_source(data))
