"""A sweep while it runs: a line for each run that ends, and below them what is under way and how much is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from mnistspec.sweeps.sweep import RUNNING, WAITING
from mnistspec.views.terminal.tables import make_table
from mnistspec.wording import plural, printable

if TYPE_CHECKING:
    from mnistspec.sweeps.sweep import Run, Sweep


def plan_line(sweep: Sweep) -> str:
    """Return what there is to do, before it begins."""
    resumed = sum(run.resume for run in sweep.runs)
    ended = [f"{count} {status} already" for status, count in sweep.counts.items() if status != WAITING]
    words = [f"{plural(len(sweep.runs), 'run')} in {sweep.root}", *ended]
    return ", ".join([*words, f"{resumed} to resume from a checkpoint"] if resumed else words)


def run_line(run: Run, sweep: Sweep) -> str:
    """Return the line of a run that has begun or ended."""
    ended = len(sweep.runs) - sweep.counts[WAITING] - sweep.counts[RUNNING]
    head = f"{run.status} {run.job.label}"
    if run.status == RUNNING:
        from_epoch = f", from epoch {run.epochs_before + 1}" if run.resume else ""
        return f"{head}{from_epoch}"
    if run.is_done and run.result:
        result = run.result
        accuracy = f"{result.measured_on.word} accuracy {result.accuracy:.2f} %"
        progress = f"{ended} of {len(sweep.runs)}"
        seconds = f"{result.seconds.total:,.0f} s"
        return f"{head}: {accuracy} after {plural(run.epochs, 'epoch')}, {seconds} ({progress})"
    folder = f" ({run.folder})" if run.folder else ""
    return f"{head}: {run.message}{folder}"


def counts_line(sweep: Sweep) -> str:
    """Return how many runs there are of each status, and the time that is left."""
    words = [f"{count} {status}" for status, count in sweep.counts.items() if count]
    left = sweep.time_left() if sweep.counts[RUNNING] else None
    return ", ".join([plural(len(sweep.runs), "run") + ": " + words[0], *words[1:]]) + (
        f", {_duration(left)} left" if left else ""
    )


def sweep_panel(sweep: Sweep) -> Group:
    """Return what is under way, a line a run, and the counts."""
    table = make_table(show_edge=False)
    table.add_column("running", overflow="fold")
    table.add_column("epoch", justify="right")
    for run in sweep.runs:
        if run.status == RUNNING:
            table.add_row(Text(printable(run.job.label)), f"{run.epochs} of {run.job.spec.train.epochs}")
    return Group(*([table] if table.row_count else []), Text(counts_line(sweep), style="bold"))


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"about {minutes // 60} h {minutes % 60} min"
    return f"about {minutes} min" if minutes else "less than a minute"
