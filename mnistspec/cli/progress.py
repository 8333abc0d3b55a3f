"""Progress on stderr, drawn in a terminal, in plain lines in a pipe: a run's epochs, a sweep's runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

from mnistspec.cli.console import print_message
from mnistspec.runs.measurement import Measured
from mnistspec.sweeps.sweep import RUNNING, WAITING
from mnistspec.views.terminal.epochs import epoch_row, epochs_header
from mnistspec.views.terminal.sweeps import run_line, sweep_panel
from mnistspec.wording import place_path, plural, printable

if TYPE_CHECKING:
    from rich.progress import Task

    from mnistspec.runs.execution import Execution
    from mnistspec.sweeps.sweep import Run, Sweep
    from mnistspec.training.meter import Progress as Step

_REFRESHES = 4  # a second; each takes some milliseconds from the training
_LOOK_SECONDS = 1.0  # between two looks at the runs of a sweep


def show_progress(steps: Iterable[Step], execution: Execution) -> Iterator[Step]:
    """Pass the steps of a run on, showing them on stderr."""
    spec, training = execution.folder.spec, execution.training
    epochs = plural(spec.train.epochs, "epoch")
    print_message(place_path(f"{spec.name} on {training.device.type}, {epochs} ->", execution.folder.path))
    console = Console(stderr=True, highlight=False)
    return _draw_bar(steps, execution, console) if console.is_terminal else _print_lines(steps, execution)


def _print_lines(steps: Iterable[Step], execution: Execution) -> Iterator[Step]:
    print_message(epochs_header(Measured.of(execution.folder.spec)))
    for step in steps:
        if step.metrics:
            print_message(_row(execution))
        yield step


class _TimeLeft(ProgressColumn):
    """The time to the end of the run, from the pace so far."""

    def render(self, task: Task) -> Text:
        seconds = task.time_remaining
        return Text("" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02} left")


def _draw_bar(steps: Iterable[Step], execution: Execution, console: Console) -> Iterator[Step]:
    training = execution.training
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[figures]}"),
        _TimeLeft(),
    )
    drawn = 0.0
    console.print(epochs_header(Measured.of(execution.folder.spec)))
    with Progress(
        *columns, console=console, transient=True, speed_estimate_period=60, refresh_per_second=_REFRESHES
    ) as bar:
        task = bar.add_task("", total=training.recipe.epochs * training.steps, figures="", completed=_done(execution))
        for step in steps:
            now = time.monotonic()
            if step.metrics:
                bar.console.print(_row(execution))
            elif now - drawn > 1 / _REFRESHES:  # reading the meter waits for the device
                drawn = now
                speed = step.step * training.recipe.batch_size / max(training.seconds, 1e-9)
                figures = (
                    f"loss {step.meter.loss:.4f}  acc {step.meter.accuracy:.2f} %  lr {step.lr:.4f}  {speed:,.0f}/s"
                )
                bar.update(task, description=f"epoch {step.epoch}", figures=figures, completed=_done(execution))
            yield step


def _row(execution: Execution) -> str:
    """Return the line of the epoch that has just ended."""
    *before, last = execution.training.metrics
    return epoch_row(last, best=last.test_accuracy > max((epoch.test_accuracy for epoch in before), default=-1.0))


def _done(execution: Execution) -> int:
    training = execution.training
    return training.epoch * training.steps + training.step


@contextmanager
def show_sweep(sweep: Sweep) -> Iterator[Callable[[Run | None], None]]:
    """Yield what shows a run that has begun or ended, or, given None, how far the others are."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda run: print_message(run_line(run, sweep)) if run and run.status != WAITING else None
        return
    looked = 0.0
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(run: Run | None) -> None:
            nonlocal looked
            if run and run.status not in {RUNNING, WAITING}:
                live.console.print(Text(printable(run_line(run, sweep))), soft_wrap=True)
            if run or time.monotonic() - looked >= _LOOK_SECONDS:
                sweep.look()
                looked = time.monotonic()
                live.update(sweep_panel(sweep), refresh=True)

        yield show
