"""What a run came to, in a few lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistspec.wording import plural

if TYPE_CHECKING:
    from pathlib import Path


def result_text(result: dict[str, Any], path: Path) -> str:
    """Return a run's result: the last epoch's figure first, the best labelled as such, then targets and folder."""
    epochs = f"{plural(result['epochs'], 'epoch')} ({result['seconds']['total']:,.0f} s)"
    params = f"{result['params']:,} parameters"
    lines = [
        f"{result['name']}: test accuracy {result['test_accuracy']:.2f} % after {epochs}, {params}",
        f"  best epoch, chosen on the test set: {result['best_epoch']}, with {result['best_test_accuracy']:.2f} %",
    ]
    for target in result["targets"]:
        got = "nothing" if target["got"] is None else f"{target['got']:,}"
        lines.append(
            f"  target {'met' if target['met'] else 'missed'}: {target['target']} {target['wanted']:,}, got {got}"
        )
    return "\n".join([*lines, f"  {path}"])
