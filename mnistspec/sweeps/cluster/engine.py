"""The engine for many machines: the jobs of a sweep on the workers of a Dask scheduler, their folders back as bytes."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from secrets import token_hex
from threading import Timer
from typing import TYPE_CHECKING, Any, Self

from mnistspec.runs.environment import find_version
from mnistspec.runs.listing import count_epochs
from mnistspec.sweeps.cluster.arrival import Task, place_folder, remove_staging
from mnistspec.sweeps.cluster.transfer import UNFIT, Report, Requirements, Transfer, WorkOrder
from mnistspec.sweeps.cluster.worker import execute, stop_sweep
from mnistspec.sweeps.engine import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from distributed import Client
    from distributed import Future as Promise

    from mnistspec.sweeps.grid import Job

_COLLECTORS = 4
_STOP_SECONDS = 60.0  # for the runs under way to take their checkpoints and travel back


class ClusterEngine:
    """Executes each job on whichever worker the scheduler chooses; one whose worker is lost is repeated elsewhere.

    All state is that of one thread, ``_thread``, to which Dask's threads hand what they hear.
    """

    def __init__(
        self,
        client: Client,
        root: Path,
        *,
        needs: Requirements,
        threads: int,
        retries: int,
        summarize: Callable[[Job], str],
        tell: Callable[[str], None],
        on_epoch: Callable[[Job, int], None],
    ) -> None:
        """Put folders below ``root``; ``tell`` gets what the user should know, ``on_epoch`` how far a run is."""
        self._client, self._root, self._needs = client, root, needs
        self._options, self._retries = (f"--threads={threads}",), retries
        self._summarize, self._tell, self._on_epoch = summarize, tell, on_epoch
        self._name = f"mnistspec_{token_hex(6)}"
        self._version = find_version("mnistspec")
        self._tasks: dict[str, Task] = {}
        self._workers: set[str] = set(client.nthreads())
        self._unfit: set[str] = set()
        self._count = 0
        self._stopping = self._disconnected = False
        self._thread, self._collectors = ThreadPoolExecutor(1), ThreadPoolExecutor(_COLLECTORS)
        remove_staging(root)
        for topic in ("all", self._name):
            client.subscribe_topic(topic, lambda event: self._hand(self._hear, event[1]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for topic in ("all", self._name):
            self._client.unsubscribe_topic(topic)
        self._collectors.shutdown()
        self._thread.shutdown()
        self._client.close()

    def submit(self, job: Job, resume: Path | None = None) -> Future[Outcome]:
        """Give a job to the scheduler; its folder, or what it takes to begin one, goes with it."""
        task = Task(job, resume)
        self._hand(self._send, task)
        return task.future

    def stop(self) -> None:
        """Cancel what has not started, and have what is under way come back with a checkpoint, within a minute."""
        self._hand(self._stop)

    def _hand(self, action: Callable[..., None], *arguments: object) -> None:
        """Have the desk do something; what goes wrong there is reported."""

        def act() -> None:
            try:
                action(*arguments)
            except Exception as error:  # noqa: BLE001 - a thread's error would be lost
                self._tell(f"the cluster: {type(error).__name__}: {error}")

        with contextlib.suppress(RuntimeError):  # all is over, and Dask's threads have heard of something else
            self._thread.submit(act)

    def _send(self, task: Task) -> None:
        """Give a task to the scheduler."""
        self._tasks.pop(task.key, None)
        self._count += 1
        task.key, task.worker = f"{self._name}-{self._count}", ""
        self._tasks[task.key] = task
        if self._stopping:
            self._end(task, Outcome("waiting"))
            return
        try:
            transfer = Transfer.pack_folder(task.resume) if task.resume else self._prepare(task.job)
            name = task.job.spec.name
            order = WorkOrder(self._name, task.key, self._version, self._needs, self._options, name, transfer)
            task.promise = self._client.submit(execute, order, key=task.key, pure=False, **self._choose_workers())
            task.promise.add_done_callback(lambda promise: self._hand(self._answer, task, promise))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            self._end(task, Outcome("failed", message=f"could not be sent: {type(error).__name__}: {error}"))

    def _choose_workers(self) -> dict[str, Any]:
        """Return what keeps a task from the workers that do not fit, as long as there are others."""
        others = sorted(self._workers - self._unfit)
        return {"workers": others, "allow_other_workers": True} if others and self._unfit else {}

    def _prepare(self, job: Job) -> Transfer:
        """Return what a new run's folder has before the run begins, but for env.json."""
        return Transfer.pack("", {
            "spec.yaml": job.source,
            "summary.txt": self._summarize(job).encode(),
            "resolved.yaml": job.resolved.encode(),
        })  # fmt: skip

    def _hear(self, event: dict[str, Any]) -> None:
        """Take note of what the scheduler and the workers say."""
        action, worker = event.get("action"), str(event.get("worker"))
        task = self._tasks.get(str(event.get("run")))
        if action == "add-worker":
            self._workers.add(worker)
        elif action == "remove-worker":
            self._workers.discard(worker)
            for lost in [lost for lost in self._tasks.values() if lost.worker == worker]:
                self._lose(lost, f"the worker {worker} was lost in the middle of {lost.job.label}")
            if not self._workers and self._tasks and not self._stopping:
                self._tell("no worker is left; waiting for one to join")
        elif task:
            task.worker = worker
            self._on_epoch(task.job, int(event["epochs"]))
            if not task.future.running():
                task.future.set_running_or_notify_cancel()

    def _lose(self, task: Task, what: str) -> None:
        """Let a task whose worker was lost be repeated by the scheduler, unless that came too often."""
        task.losses, task.worker = task.losses + 1, ""
        if self._stopping:
            self._drop((task, Outcome("interrupted", message=what)))
        elif task.losses > self._retries:
            times = f"{task.losses} worker{'s were' if task.losses > 1 else ' was'} lost in the middle of this run"
            self._drop((task, Outcome("failed", message=f"{times}; it may need more memory than they have")))
        else:
            self._on_epoch(task.job, count_epochs(task.resume) if task.resume else 0)
            self._tell(f"{what}; it is repeated ({task.losses} of at most {self._retries} times)")

    def _answer(self, task: Task, promise: Promise[Report]) -> None:
        """Take what became of a task: its report, an error, or nothing."""
        if self._tasks.get(task.key) is not task or promise is not task.promise:
            return
        if promise.status == "finished":
            self._collectors.submit(self._collect, task, promise)
        elif promise.status == "error":
            self._fail(task, promise.exception())
        else:
            if not self._disconnected:
                self._disconnected = True
                self._tell("the connection to the scheduler was lost; give the same command again to resume")
            message = "the connection to the scheduler was lost"
            self._end(task, Outcome("failed", message=message) if task.future.running() else Outcome("waiting"))

    def _fail(self, task: Task, error: BaseException | None) -> None:
        if type(error).__name__ == "KilledWorker":  # Dask has had enough of it, which need not be as much as allowed
            self._lose(task, f"workers that were to do {task.job.label} were lost")
            if task.key in self._tasks:
                self._send(task)
        else:
            self._end(task, Outcome("failed", message=f"on the worker: {type(error).__name__}: {error}"))

    def _collect(self, task: Task, promise: Promise[Report]) -> None:
        """Fetch a report, put its folder into place, and hand the outcome to the desk."""
        try:
            report: Report = promise.result()
            if report.status == UNFIT:
                self._hand(self._turn_away, task, report)
                return
            folder = place_folder(self._root, task, report.transfer) if report.transfer else None
            outcome = Outcome(report.status, folder, report.message or task.note)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one run must not stop the others
            outcome = Outcome("failed", message=f"its folder did not come back: {error}")
        self._hand(self._end, task, outcome)

    def _turn_away(self, task: Task, report: Report) -> None:
        """Send a task elsewhere than to a worker that came later and does not fit."""
        if report.worker not in self._unfit:
            self._unfit.add(report.worker)
            self._tell(f"the worker {report.worker} has joined, but does not fit: {report.message}")
        self._send(task)

    def _stop(self) -> None:
        self._stopping = True
        idle = [task for task in self._tasks.values() if not task.worker]
        self._drop(
            *((task, Outcome("interrupted", message=task.note) if task.losses else Outcome("waiting")) for task in idle)
        )
        if self._tasks:
            self._collectors.submit(self._client.run, stop_sweep, self._name, on_error="ignore")
            timer = Timer(_STOP_SECONDS, self._hand, (self._abandon,))
            timer.daemon = True
            timer.start()

    def _abandon(self) -> None:
        outcome = Outcome("interrupted", message="it did not come back in time")
        self._drop(*((task, outcome) for task in self._tasks.values()))

    def _drop(self, *ends: tuple[Task, Outcome]) -> None:
        """End tasks and have the scheduler forget them, all at once; a worker that is at one ends it."""
        promises = [task.promise for task, _ in ends if task.promise is not None]
        for task, outcome in ends:
            self._end(task, outcome)
        self._client.cancel(promises)

    def _end(self, task: Task, outcome: Outcome) -> None:
        if self._tasks.pop(task.key, None) is not None:
            task.promise = None
            task.future.set_result(outcome)
