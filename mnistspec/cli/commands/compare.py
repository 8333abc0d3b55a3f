"""``mnistspec compare``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mnistspec.cli.console import print_json, print_message, print_result, print_table
from mnistspec.cli.options import Json, RunFolders
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError


class SortKey(StrEnum):
    """What the leaderboard can be sorted by; the best comes first."""

    mean = "mean"
    min = "min"
    max = "max"
    best = "best"
    spread = "spread"
    f1 = "f1"
    name = "name"
    params = "params"
    macs = "macs"
    field = "field"
    seeds = "seeds"
    seconds = "seconds"
    targets = "targets"


@command(
    Panel.COMPARE,
    1,
    "Compare runs over their seeds; for two series, say whether they differ by more than noise.",
    example="mnistspec compare runs --filter 'step*' --sort params",
)
def compare(
    paths: RunFolders,
    sort: Annotated[
        SortKey, typer.Option(metavar="KEY", help=f"Sort by {', '.join(SortKey)}; the best comes first.")
    ] = SortKey.mean,
    reverse: Annotated[bool, typer.Option("--reverse", help="Put the best last.")] = False,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="NAME|KEY=VALUE", help="Compare only these, such as 'step*' or sgd.lr=0.1; repeatable."
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with all digits.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    as_json: Json = False,
) -> None:
    from mnistspec.analysis.collection import collect_runs
    from mnistspec.analysis.comparison import compare_runs
    from mnistspec.views.terminal import leaderboard

    if as_csv + as_markdown + as_json > 1:
        raise UsageError("give one of --csv, --markdown and --json")
    collection = collect_runs(paths)
    for sentence in collection.left_out:
        print_message(sentence)
    if not collection.runs:
        raise UsageError(f"no finished run in {', '.join(map(str, paths))}")
    comparison = compare_runs(collection.runs, sort=sort, reverse=reverse, filters=filters or ())
    for run in comparison.runs_without_f1 if sort is SortKey.f1 else ():
        print_message(f"{run.path}: its figures by class are not known; see: mnistspec evaluate {run.path}")
    if as_json:
        difference = comparison.contrast
        print_json({
            "recipes": [series.as_data() for series in comparison.all_series],
            "difference": difference and {**difference.as_data(), "sentence": leaderboard.difference_text(comparison)},
            "left_out": collection.left_out,
        })  # fmt: skip
    elif as_csv:
        print_result(leaderboard.leaderboard_csv(comparison).rstrip("\n"))
    elif as_markdown:
        print_result(leaderboard.leaderboard_markdown(comparison))
    else:
        print_table(leaderboard.leaderboard_table(comparison))
