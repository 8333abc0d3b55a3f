"""Bars of what takes a while, on stderr, in a terminal; in a pipe a line says what is begun."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mnistspec.cli.console import print_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MANY = 2_000  # pictures, from which on a pipe gets its line


@contextmanager
def show_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how many pictures are done, of how many."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = None

    def show(done: int, total: int) -> None:
        nonlocal task
        if task is None:
            if total > _MANY and not console.is_terminal:
                print_message(f"{what}: {total:,}")
            bar.start()
            task = bar.add_task("", total=total)
        bar.update(task, completed=done)

    try:
        yield show
    finally:
        if not bar.disable:  # rich 13 prints a blank line for one that is
            bar.stop()
