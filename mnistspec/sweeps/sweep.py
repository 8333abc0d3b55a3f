"""A sweep: the jobs of a grid that are not done yet, brought to their ends by an engine; the results as tables."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistspec.files import write_text
from mnistspec.runs.documents import write_json
from mnistspec.runs.folder import RunDir
from mnistspec.runs.listing import SweepRow, SweepTable, count_epochs, read_sweep
from mnistspec.runs.measurement import Measured
from mnistspec.runs.models import DONE, NOT_FINITE, Result
from mnistspec.sweeps.engine import Engine, Outcome
from mnistspec.sweeps.index import FolderIndex, may_be

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mnistspec.sweeps.grid import Job

_WRITE_SECONDS = 1.0  # between two writings of the tables, which have a row for each run of the sweep
WAITING, RUNNING, INTERRUPTED, FAILED = "waiting", "running", "interrupted", "failed"


@dataclass(eq=False)
class Run:
    """A job of the sweep and how far it is."""

    job: Job
    data_digest: str | None = None  # of the data that it is to be trained on, None where that is not known
    status: str = WAITING
    folder: Path | None = None
    resume: bool = False  # whether the folder has a checkpoint to resume from
    earlier: tuple[Path, ...] = ()  # folders of attempts that left nothing to resume from
    message: str = ""
    epochs: int = 0  # done
    epochs_before: int = 0  # of these, done before this sweep began
    reported: bool = False  # whether the engine reports them, rather than the folder
    result: Result | None = None

    @property
    def is_done(self) -> bool:
        """Whether the run has ended as it should."""
        return self.status == DONE

    @property
    def has_other_targets(self) -> bool:
        """Whether the run has ended and was held against other targets than its spec has now."""
        if self.result is None or self.folder is None:
            return False
        run = RunDir(self.folder)
        return run.resolved != self.job.resolved and run.spec.targets != self.job.spec.targets

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to do: a run whose loss was not finite would fail the same way."""
        return self.status in {DONE, NOT_FINITE}

    def as_row(self, root: Path) -> SweepRow:
        """Return the row of sweep.json; ``best_accuracy`` is of the best epoch, chosen on the images it is of."""
        result = self.result
        folder = self.folder.relative_to(root).as_posix() if self.folder else None
        return SweepRow(
            measured_on=Measured.of(self.job.spec),
            id=self.job.id,
            spec=self.job.spec.name,
            settings=dict(setting.split("=", 1) for setting in self.job.settings),
            seed=self.job.seed,
            data_digest=result.data.digest if result else self.data_digest,
            status=self.status,
            accuracy=result.accuracy if result else None,
            best_accuracy=result.best_accuracy if result else None,
            epochs=self.epochs,
            seconds=result.seconds.total if result else None,
            folder=folder,
            message=self.message,
        )


class Sweep:
    """The runs of a grid in one folder. Iterate over ``watch`` after ``start``; whoever iterates prints."""

    def __init__(self, root: Path, jobs: Sequence[Job], digests: Mapping[str, str] | None = None) -> None:
        """Find out what is already done, and what can resume from a checkpoint.

        ``digests`` are those of the data sets by name: what was trained on other data is another run.
        """
        self.root = root
        self.runs = [Run(job, (digests or {}).get(job.spec.data.display_name)) for job in jobs]
        self._by_job = {run.job: run for run in self.runs}
        self._index = FolderIndex(root, jobs)
        self._pending: dict[Future[Outcome], Run] = {}
        self._began = self._written = time.monotonic()
        self._stale = False  # whether the tables lack what has ended since they were written
        for name in {job.spec.name for job in jobs}:
            self._index.refresh(name)
        for run in self.runs:
            self._find_earlier(run)
        mine = {run.job.id: run.data_digest for run in self.runs}
        folders = {run.folder for run in self.runs if run.folder}
        self._others = [
            row
            for row in _read_rows(root)
            if not _is_same(row, mine) and not (row.folder and root / row.folder in folders)
        ]

    def _find_earlier(self, run: Run) -> None:
        folders = self._index.find(run.job, run.data_digest)
        ended = [(folder.path, result) for folder in map(RunDir, folders) if (result := folder.result) is not None]
        for folder, result in sorted(ended, key=lambda pair: pair[1].status != DONE)[:1]:
            run.status, run.folder, run.result = result.status, folder, result
            run.message = result.problem or ""
            run.epochs = run.epochs_before = result.epochs
            return
        for folder in folders:
            if any(folder.glob("checkpoints/*.safetensors")):
                run.folder, run.resume = folder, True
                run.epochs = run.epochs_before = count_epochs(folder)
                return
        run.earlier = tuple(folders)

    @property
    def counts(self) -> Counter[str]:
        """How many runs there are of each status."""
        return Counter(run.status for run in self.runs)

    def start(self, engine: Engine) -> None:
        """Give the engine all that is not done."""
        self._began = time.monotonic()
        self.write()
        for run in self.runs:
            if not run.is_over:
                self._pending[engine.submit(run.job, run.folder if run.resume else None)] = run

    def watch(self, tick: float = 0.2) -> Iterator[Run | None]:
        """Yield each run when it begins and when it ends, and None now and then, until no run is left."""
        while self._pending:
            finished, _ = wait(self._pending, timeout=tick, return_when=FIRST_COMPLETED)
            ended = {self._pending[future]: future for future in self._pending if future in finished}
            for run, future in ended.items():
                del self._pending[future]
                self._finish(run, future)
            self._stale |= bool(ended)
            if self._stale and (not self._pending or time.monotonic() - self._written >= _WRITE_SECONDS):
                self.write()
            yield from ended
            for future, run in self._pending.items():
                if run.status == WAITING and future.running():
                    run.status = RUNNING
                    yield run
            if not finished:
                yield None

    def look(self) -> None:
        """Bring the epochs of the runs that are under way up to date, from what they have written."""
        running = [run for run in self.runs if run.status == RUNNING]
        for name in {run.job.spec.name for run in running if run.folder is None}:
            self._index.refresh(name)
        for run in running:
            run.folder = run.folder or self._find_new(run)
            if run.folder and not run.reported:
                run.epochs = count_epochs(run.folder)

    def note_epochs(self, job: Job, epochs: int) -> None:
        """Take note of how far a run is, from an engine whose runs are not in the sweep's folder yet."""
        run = self._by_job[job]
        if run.status in {WAITING, RUNNING}:
            run.reported, run.epochs = True, epochs

    def time_left(self) -> float | None:
        """Return the seconds left at the pace so far, where an epoch costs what its arithmetic costs; None at first."""
        done = sum((run.epochs - run.epochs_before) * run.job.macs for run in self.runs)
        open_runs = [run for run in self.runs if run.status in {WAITING, RUNNING}]
        rest = sum((run.job.spec.train.epochs - run.epochs) * run.job.macs for run in open_runs)
        return (time.monotonic() - self._began) * rest / done if done else None

    def _finish(self, run: Run, future: Future[Outcome]) -> None:
        error = future.exception()
        outcome = Outcome(FAILED, message=f"{type(error).__name__}: {error}") if error else future.result()
        run.status, run.message = outcome.status, outcome.message
        if outcome.folder:
            self._index.add(run.job.spec.name, outcome.folder / "resolved.yaml")
        else:
            self._index.refresh(run.job.spec.name)
        run.folder = outcome.folder or run.folder or self._find_new(run)
        if run.folder is None:
            return
        run.result = RunDir(run.folder).result
        run.epochs = count_epochs(run.folder)
        if run.is_done and run.folder not in self._index.find(run.job, run.data_digest):
            run.status, run.message = FAILED, "the spec was changed while the sweep ran; start it again"

    def _find_new(self, run: Run) -> Path | None:
        """Return the folder that a run has made since the sweep began."""
        return next(
            (folder for folder in self._index.find(run.job, run.data_digest) if folder not in run.earlier), None
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return a row a run of this grid."""
        return [run.as_row(self.root).as_row() for run in self.runs]

    def write(self) -> None:
        """Write sweep.json and sweep.csv: the runs of other grids in this folder, then those of this one."""
        table = SweepTable(runs=[*self._others, *(run.as_row(self.root) for run in self.runs)])
        self._stale = False
        write_json(self.root / "sweep.json", table.as_data())
        write_text(self.root / "sweep.csv", table.as_csv())
        self._written = time.monotonic()


def _read_rows(root: Path) -> list[SweepRow]:
    """Return the rows that earlier sweeps left; what was under way when one was killed was interrupted."""
    return [
        row.model_copy(update={"status": INTERRUPTED}) if row.status == RUNNING else row for row in read_sweep(root)
    ]


def _is_same(row: SweepRow, mine: Mapping[str, str | None]) -> bool:
    """Whether an earlier row is of a run of this sweep: the same spec and seed, and no other data."""
    return row.id in mine and may_be(row.data_digest, mine[row.id])
