"""``mnistspec diff``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistspec.cli.completion import complete_runs, complete_specs
from mnistspec.cli.console import print_json, print_table
from mnistspec.cli.options import Json
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import Need, choose_run

if TYPE_CHECKING:
    from mnistspec.language.spec import Spec
    from mnistspec.runs.models import Result


@dataclass(frozen=True)
class _Side:
    """A spec, with its lines if it is a file, with its result if it is a run."""

    path: Path
    spec: Spec
    lines: tuple[int, ...] = ()
    is_run: bool = False
    result: Result | None = None


def _complete(incomplete: str) -> list[str]:
    return [*complete_specs(incomplete), *complete_runs(incomplete)]


@command(
    Panel.CHECK,
    3,
    "Compare two specs or runs layer by layer; exit with 1 if they differ.\n\n"
    "Name, title, notes and reference make no difference, nor do the results of runs, which are shown.",
    example="mnistspec diff specs/step2.yaml specs/step3.yaml",
)
def diff(
    before: Annotated[
        Path,
        typer.Argument(metavar="A", help="A spec file or a run folder.", show_default=False, autocompletion=_complete),
    ],
    after: Annotated[
        Path, typer.Argument(metavar="B", help="Another one.", show_default=False, autocompletion=_complete)
    ],
    as_json: Json = False,
) -> None:
    from mnistspec.network.difference import compare_specs
    from mnistspec.views.terminal.difference import difference_data, difference_text

    sides = _read(before, after)
    difference = compare_specs(sides[0].spec, sides[1].spec)
    if as_json:
        labels = ("before", "after")
        described = {
            label: {"path": str(side.path), "name": side.spec.name, "result": _result_data(side)}
            for label, side in zip(labels, sides, strict=True)
        }
        print_json({**described, **difference_data(difference, [side.lines for side in sides])})
    else:
        names = [side.spec.name for side in sides]
        if names[0] == names[1]:
            names = [str(side.path) for side in sides]
        print_table(difference_text(difference, names, [side.result for side in sides]))
    if not difference.is_empty:
        raise typer.Exit(1)


def _result_data(side: _Side) -> dict[str, Any] | None:
    """Return a run's result as plain data, empty before it has ended; None for a spec."""
    if side.result:
        return side.result.as_data()
    return {} if side.is_run else None


def _read(*paths: Path) -> list[_Side]:
    """Return the sides: folders are runs, all else are specs, whose errors are reported together."""
    from mnistspec.language.loader import load_documents

    documents = iter(load_documents((path, ()) for path in paths if not path.is_dir()))
    sides = []
    for path in paths:
        if path.is_dir():
            run = choose_run(path, Need.NOTHING)
            sides.append(_Side(run.path, run.spec, result=run.result, is_run=True))
        else:
            document = next(documents)
            sides.append(_Side(path, document.spec, document.lines))
    return sides
