"""The benchmark's command: ``python -m tests.benchmarks``; nothing else should run beside it.

Some fifteen minutes on two cores. Each row is the median over rounds; a round runs every program once, in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks.measurement import BenchmarkError, Plan, Round, run_rounds, time_command
from tests.benchmarks.report import describe_machine, to_data, to_markdown, write_page
from tests.benchmarks.rows import ROWS, Row, evaluate

_QUICK_IMAGES, _QUICK_TESTS, _QUICK_ACCURACY = 6_000, 1_000, 60.0


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of a call."""
    rows = [row.key for row in ROWS]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, epilog="Example: python -m tests.benchmarks --pairs 5",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--pairs", type=int, default=3, metavar="N", help="rounds (default: 3)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, one round: to see that all works")
    parser.add_argument("--only", nargs="+", choices=rows, metavar="ROW", help=f"these rows only: {', '.join(rows)}")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a file, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    parser.add_argument("--page", action="store_true", help="put the table into docs/speed.md")
    options = parser.parse_args(arguments)
    if options.pairs < 1:
        parser.error("--pairs takes a number from 1")
    if options.page and (options.quick or options.only):
        parser.error("--page shows the whole table, measured on all of the data")
    if options.quick:
        options.pairs = 1
    return options


def find_missing() -> dict[str, str]:
    """Return the programs that cannot run here, each with the reason."""
    missing = {}
    if find_spec("lightning") is None:
        missing["lightning"] = "needs lightning: pip install 'mnistspec[benchmark]'"
    if find_spec("tqdm") is None:
        missing |= dict.fromkeys(("yardstick", "yardstick_cuda"), "needs tqdm: pip install 'mnistspec[benchmark]'")
    try:
        time_command("-c", "import torch; assert torch.cuda.is_available()")
    except BenchmarkError:
        missing |= dict.fromkeys(("yardstick_cuda", "step6_cuda"), "no CUDA device here")
    return missing


def measure(rows: Sequence[Row], plan: Plan, count: int, missing: dict[str, str]) -> list[Round]:
    """Return the rounds, telling of each program when it has ended."""
    needs = {need for row in rows if not any(need in missing for need in row.needs) for need in row.needs}
    rounds: list[dict[str, Any]] = [{} for _ in range(count)]
    begun = time.monotonic()
    for index, name, figures in run_rounds(plan, needs, count):
        rounds[index][name] = figures
        told = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
        tell(f"{time.monotonic() - begun:5.0f} s  round {index + 1} of {count}  {name}: {told}")
    return list(rounds)


def tell(text: str) -> None:
    """Print to stderr."""
    sys.stderr.write(text + "\n")


def main() -> None:
    """Measure, print the table, and write what was asked for."""
    options = parse_arguments()
    rows = [row for row in ROWS if not options.only or row.key in options.only]
    machine, missing = describe_machine(), find_missing()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan()
        if options.quick:
            from tests.small_mnist import write_mnist  # noqa: PLC0415 - it imports torch, which this process does without

            plan = Plan(write_mnist(Path(folder), _QUICK_IMAGES, _QUICK_TESTS), accuracy=_QUICK_ACCURACY, epochs=2)
        try:
            rounds = measure(rows, plan, options.pairs, missing)
        except BenchmarkError as error:
            sys.exit(f"a measured program failed: {error}")
    reasons = {row.key: next((missing[need] for need in row.needs if need in missing), "") for row in rows}
    measurements = [evaluate(row, rounds, reasons[row.key]) for row in rows]
    note = "A trial on a tenth of the data: these figures say nothing." if options.quick else ""
    table = to_markdown(measurements, machine, options.pairs, note)
    sys.stdout.write(table)
    if options.markdown:
        options.markdown.write_text(table, encoding="utf-8")
    if options.json:
        content = {**machine, "quick": options.quick, "rows": to_data(measurements), "rounds": rounds}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if options.page:
        write_page(table)


if __name__ == "__main__":
    main()
