"""What a run came to, in a few lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.views.writing import write_figure
from mnistspec.wording import plural

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.runs.models import Result


def result_text(result: Result, path: Path) -> str:
    """Return a run's result: the last epoch's figure first, the best labelled as such, then targets and folder."""
    epochs, measured = f"{plural(result.epochs, 'epoch')} ({result.seconds.total:,.0f} s)", result.measured_on
    lines = [
        f"{result.name}: {measured.word} accuracy {result.accuracy:.2f} % after {epochs}, {result.params:,} parameters",
        f"  best epoch, chosen on the {measured.images}: {result.best_epoch}, with {result.best_accuracy:.2f} %",
    ]
    for target in result.targets:
        got = "nothing" if target.got is None else write_figure(target.got)
        lines.append(f"  target {'met' if target.met else 'missed'}: {target.target} {target.wanted:,}, got {got}")
    return "\n".join([*lines, f"  {path}"])
