"""The data of a command: found before torch is loaded, then read, with a bar where pictures are decoded."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mnistspec.cli.console import print_message, print_warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.vocabulary.datasets import Data

_FEW = 2_000  # pictures, which are decoded at once


def check_data(data: str | Data, data_dir: Path | None) -> None:
    """Raise UsageError for an unknown data set, or for a folder without its files; torch is not needed for that."""
    from mnistspec.data.store import find_data, find_in_folder, given_folder
    from mnistspec.language.vocabulary.image_sets import OwnData

    if isinstance(data, OwnData):
        return  # the spec was read, and so was the set
    named, folder = find_data(data if isinstance(data, str) else data.word), given_folder(data_dir)
    if folder is not None:
        find_in_folder(named, folder)


def read_data(data: str | Data, data_dir: Path | None = None) -> Dataset:
    """Return a data set; the first decoding of pictures is shown on stderr."""
    from mnistspec.data.dataset import load_dataset

    with show_decoding() as progress:
        dataset = load_dataset(data, data_dir=data_dir, progress=progress)
    if dataset.note:
        print_warning(dataset.note)
    return dataset


@contextmanager
def show_decoding() -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how many pictures are decoded, of how many: a bar, or a line in a pipe."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("decoding pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = None

    def show(done: int, total: int) -> None:
        nonlocal task
        if task is None:
            if total > _FEW and not console.is_terminal:
                print_message(f"decoding {total:,} pictures, once")
            bar.start()
            task = bar.add_task("", total=total)
        bar.update(task, completed=done)

    try:
        yield show
    finally:
        bar.stop()
