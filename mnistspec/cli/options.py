"""Arguments and options that several commands share, each worded once, and the checks of what is given for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from mnistspec.cli.completion import complete_runs, complete_specs
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_output(path: Path, *suffixes: str) -> Path:
    """Return the path of a file to be written; raise UsageError, before anything is computed, where it cannot be."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; give the name of a file")
    if suffixes and path.suffix.lower() not in suffixes:
        raise UsageError(f"{path}: give it a name that ends with {_either(suffixes)}")
    return path


def output_option(*suffixes: str, default: str = "") -> Any:  # noqa: ANN401 - what typer.Option returns
    """Return the option -o of a command that writes a file: the same words and the same checks for all."""

    def check(path: Path | None) -> Path | None:
        return None if path is None else check_output(path, *suffixes)

    return typer.Option(
        "--output", "-o", metavar="FILE", help=f"Write to this file, {_either(suffixes)}.", callback=check,
        show_default=default or False,
    )  # fmt: skip


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _check_device(name: str | None) -> str | None:
    from mnistspec.training.device import check_name

    return None if name is None else check_name(name)


SpecFile: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="SPEC", help="The spec file.", show_default=False, autocompletion=complete_specs),
]
SpecFiles: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="SPEC", help="Spec files.", show_default=False, autocompletion=complete_specs),
]
RunFolder: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A run folder, or a folder with one run below it, such as runs/step6.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]
RunFolders: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="FOLDER",
        help="Run folders, sweeps, or folders with runs below.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead.")]
Device: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="DEVICE",
        help="cpu, cuda, cuda:1 or mps.",
        show_default="best available",
        callback=_check_device,
    ),
]
DataDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with the data set's four IDX files, packed (.gz) or not, or with torchvision's download of it.",
        show_default="MNISTSPEC_DATA if it is set",
    ),
]
Epochs: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Override the number of epochs.", show_default=False)
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Override the number of CPU threads of a run.", show_default=False),
]
Latest: TypeAlias = Annotated[bool, typer.Option("--latest", help="Of several runs below RUN, use the newest.")]
Best: TypeAlias = Annotated[
    bool, typer.Option("--best", help="Use the weights of the epoch with the best accuracy, not the last one's.")
]
Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a value of the spec, such as train.batch_size=64; repeatable."
    ),
]
StrictTargets: TypeAlias = Annotated[
    bool, typer.Option("--strict-targets", help="Treat targets that no training can reach as errors.")
]
TensorBoard: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write a log for TensorBoard of each run, in a folder of its own below this one.",
        show_default=False,
    ),
]
