"""The course's steps in seven rows, from the runs in docs/results: ``python -m tests.docs.results``."""

from __future__ import annotations

import json
import sys

from mnistspec import load_spec
from tests.docs.pages import run
from tests.places import ROOT, SPECS


def main() -> None:
    """Print a row a step: accuracies in percent over its seeds, of the last epoch and of each seed's best."""
    found = json.loads(run("mnistspec compare docs/results --filter step* --sort name --json", ROOT))
    rows = [
        "| {spec} | {title} | {params:,} | {seeds} | {last} | {best:.2f} |".format(
            spec=series["spec"],
            title=load_spec(SPECS / f"{series['spec']}.yaml").title,
            params=series["params"],
            seeds=len(series["seeds"]),
            last=_with_spread(series["test_accuracy"]),
            best=series["best_test_accuracy"]["mean"],
        )
        for series in next(iter(found.values()))
    ]
    head = (
        "| spec | its idea | parameters | seeds | last epoch % | best epoch % |",
        "| :-- | :-- | --: | --: | --: | --: |",
    )
    sys.stdout.write("\n".join((*head, *rows, "")))


def _with_spread(accuracy: dict[str, float]) -> str:
    spread = accuracy["spread"]
    return f"{accuracy['mean']:.2f}" + (f" ± {spread:.2f}" if spread is not None else "")


if __name__ == "__main__":
    main()
