"""Arguments and options that several commands share, each worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mnistspec.cli.completion import complete_runs, complete_specs

SpecFile: TypeAlias = Annotated[
    Path,
    typer.Argument(metavar="SPEC", help="The spec file.", show_default=False, autocompletion=complete_specs),
]
SpecFiles: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="SPEC...", help="Spec files.", show_default=False, autocompletion=complete_specs),
]
RunFolder: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A run folder, such as runs/step6/20260101T120000Z-1a2b3c.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]
RunFolders: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN|SWEEP|FOLDER...",
        help="Runs, or folders with runs below.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead.")]
Device: TypeAlias = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; the best there is if not given.", show_default=False)
]
DataDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder with the data set's four IDX files, packed (.gz) or not.", show_default=False
    ),
]
Threads: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Threads that a run computes with on the CPU.", show_default=False)
]
Best: TypeAlias = Annotated[
    bool,
    typer.Option("--best", help="Use the weights of the epoch that was best on the test set, not the last epoch's."),
]
Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value of the spec, such as train.batch_size=64; repeatable."
    ),
]
TensorBoard: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Write a log for TensorBoard of each run, in a folder of its own below this one.",
        show_default=False,
    ),
]
