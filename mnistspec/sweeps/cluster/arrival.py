"""A job on its way to a worker, and its run folder on its way back into the sweep's."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mnistspec.errors import CorruptError
from mnistspec.files import explain_os_error, make_run_folder

if TYPE_CHECKING:
    from distributed import Future as Promise

    from mnistspec.sweeps.cluster.transfer import Report, Transfer
    from mnistspec.sweeps.engine import Outcome
    from mnistspec.sweeps.grid import Job

_STAGING = ".incoming-"  # begins names below the sweep's folder: what is there moves to its place in one step


@dataclass(eq=False)
class Task:
    """A job on its way."""

    job: Job
    resume: Path | None
    future: Future[Outcome] = field(default_factory=Future)
    key: str = ""  # of Dask; another one each time it is sent
    promise: Promise[Report] | None = None
    worker: str = ""  # where it is under way
    losses: int = 0  # workers that were lost with it

    @property
    def note(self) -> str:
        """What the row of the run says of its losses."""
        return f"repeated {self.losses} x: its worker was lost" if self.losses else ""


def place_folder(root: Path, task: Task, transfer: Transfer) -> Path:
    """Write a folder beside its place below ``root``, then move it there: it is there as a whole or not at all."""
    if transfer.files.get("resolved.yaml") != task.job.resolved.encode():
        raise CorruptError("its resolved.yaml is not that of this run")
    parent = root / task.job.spec.name
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=_STAGING, dir=root, ignore_cleanup_errors=True) as staging:
            new, old = Path(staging, "new"), Path(staging, "old")
            transfer.unpack(new)
            if task.resume:
                place = task.resume
                place.rename(old)
            else:
                place = make_run_folder(parent)  # a new name if that of the worker is taken
                place.rmdir()
                place = place if (parent / transfer.name).exists() else parent / transfer.name
            new.rename(place)
    except OSError as error:
        raise explain_os_error(error, parent) from None
    return place


def remove_staging(root: Path) -> None:
    """Remove what a killed sweep left on its way."""
    for folder in root.glob(f"{_STAGING}*"):
        shutil.rmtree(folder, ignore_errors=True)
