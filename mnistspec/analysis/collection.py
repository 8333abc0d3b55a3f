"""The finished runs of folders, and what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnistspec.analysis.comparison import series_key
from mnistspec.errors import MnistspecError
from mnistspec.runs.folder import RunDir
from mnistspec.runs.listing import count_epochs, find_runs, read_sweep
from mnistspec.runs.models import DONE, UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass
class Collection:
    """Finished runs, at most one a series and seed, and a sentence for each thing that was left out."""

    runs: list[RunDir] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def collect_runs(paths: Iterable[Path]) -> Collection:
    """Return the finished runs at or below paths; of several with the same series and seed the newest counts.

    Raises UsageError for a path that is no folder.
    """
    collection, records = Collection(), []
    folders: dict[Path, Path] = {}
    for path in paths:
        found = find_runs(path)
        folders.update({folder.resolve(): folder for folder in found})
        without_folder = _failed_without_folder(path, collection)
        if not found and not without_folder:
            collection.left_out.append(f"{path}: no run in this folder")
    for folder in folders.values():
        try:
            run = RunDir(folder)
            series_key(run)  # reads all that a comparison needs
            records.append(run)
        except MnistspecError as error:
            collection.left_out.append(f"{folder}: left out: {error.headline}")
    _keep_newest(records, collection)
    return collection


def _failed_without_folder(path: Path, collection: Collection) -> bool:
    """Note the runs of a sweep that failed before they had a folder; return whether there are any, or may be."""
    try:
        lost = [row for row in read_sweep(path) if row.message and row.folder is None]
    except MnistspecError as error:
        collection.left_out.append(f"{path / 'sweep.json'}: left out: {error}")
        return True
    collection.left_out += [f"{path}: {row.spec} seed {row.seed}: {row.status}: {row.message}" for row in lost]
    return bool(lost)


def _keep_newest(records: list[RunDir], collection: Collection) -> None:
    newest: dict[tuple[str, int], RunDir] = {}
    for record in sorted(records, key=lambda record: record.path.name):
        key = series_key(record), record.spec.train.seed
        if record.status == DONE:
            if key in newest:
                collection.left_out.append(
                    f"{newest[key].path}: left out: {record.path} is a newer run of the same spec and seed"
                )
            newest[key] = record
    for record in records:
        # An attempt that failed is no news once the same run is done.
        if record.status != DONE and (series_key(record), record.spec.train.seed) not in newest:
            collection.left_out.append(f"{record.path}: left out: {_describe(record)}")
    collection.runs = list(newest.values())


def _describe(record: RunDir) -> str:
    epochs = f"{count_epochs(record.path)} of {record.spec.train.epochs} epochs"
    if record.status == UNFINISHED:
        return f"unfinished, {epochs}; resume it with: mnistspec train --resume {record.path}"
    return f"{record.status} after {epochs}"
