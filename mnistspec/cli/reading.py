"""The data of a command: found before torch is loaded, then read, with a bar where pictures are decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.cli.bars import show_bar
from mnistspec.cli.console import print_warning

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.vocabulary.datasets import Data


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

    with show_bar("decoding pictures") as progress:
        dataset = load_dataset(data, data_dir=data_dir, progress=progress)
    if dataset.note:
        print_warning(dataset.note)
    return dataset
