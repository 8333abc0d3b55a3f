"""A sweep on stderr: a live table in a terminal, a plain line for each beginning and end in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from mnistspec.cli.console import print_message
from mnistspec.sweeps.sweep import RUNNING, WAITING
from mnistspec.views.terminal.sweeps import run_line, sweep_panel
from mnistspec.wording import printable

if TYPE_CHECKING:
    from mnistspec.sweeps.sweep import Run, Sweep

_LOOK_SECONDS = 1.0


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
                live.console.print(Text(printable(run_line(run, sweep))))
            if run or time.monotonic() - looked >= _LOOK_SECONDS:
                sweep.look()
                looked = time.monotonic()
                live.update(sweep_panel(sweep), refresh=True)

        yield show
