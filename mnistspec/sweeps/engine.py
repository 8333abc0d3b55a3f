"""How a run is executed: the seam behind which a machine or a cluster does the work, and the engine for one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, Self

from mnistspec.sweeps.grid import name_settings

if TYPE_CHECKING:
    from mnistspec.sweeps.grid import Job

_NOT_FINITE = 3
_INTERRUPTED = {128 + signal.SIGINT, 128 + signal.SIGTERM}


@dataclass(frozen=True)
class Outcome:
    """How a job ended (done, failed, not finite, interrupted; waiting if never started), where, and its last words."""

    status: str
    folder: Path | None = None
    message: str = ""


class Engine(Protocol):
    """Executes jobs, several at a time, in the order in which they come."""

    def submit(self, job: Job, resume: Path | None = None) -> Future[Outcome]:
        """Execute a job, resuming the run in ``resume`` if that is given; its folder ends up below the sweep's."""

    def stop(self) -> None:
        """Begin nothing more and have what is under way end with a checkpoint; every future comes to an end soon."""


class LocalEngine:
    """Executes each job as a process of its own, ``mnistspec train``, so that the crash of one harms no other."""

    def __init__(
        self,
        root: Path,
        *,
        jobs: int,
        threads: int,
        options: tuple[str, ...] = (),
        logs: Path | None = None,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        """Make run folders in ``root``; ``options`` go to each train command, processes inherit ``keep_open``.

        Runs log for TensorBoard below ``logs``, those with settings in a folder that has them in its name.
        """
        self._options = (f"--threads={threads}", *options, "--json")
        self._logs = logs
        self._root, self._keep_open = root, keep_open if os.name == "posix" else ()
        self._pool = ThreadPoolExecutor(jobs)
        self._lock = Lock()
        self._children: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._pool.shutdown()

    def submit(self, job: Job, resume: Path | None = None) -> Future[Outcome]:
        """Execute a job as soon as a process is free."""
        return self._pool.submit(self._execute, job, resume)

    def stop(self) -> None:
        """Send SIGTERM to each child, once: a second one would end it in the middle of its checkpoint."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            for child in self._children:
                child.terminate()

    def _execute(self, job: Job, resume: Path | None) -> Outcome:
        with self._lock:
            if self._stopped:
                return Outcome("waiting")
            # Its own process group: Ctrl-C in a terminal reaches the sweep alone, which then sends one signal to each.
            child = subprocess.Popen(  # noqa: S603 - this program itself; the arguments were validated
                self._command(job, resume), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                encoding="utf-8", errors="replace", process_group=0, pass_fds=self._keep_open,
            )  # fmt: skip
            self._children.add(child)
        output, messages = child.communicate()
        with self._lock:
            self._children.discard(child)
        return describe_exit(child.returncode, output, messages)

    def _command(self, job: Job, resume: Path | None) -> list[str]:
        command = [sys.executable, "-m", "mnistspec", "train", *self._options]
        if self._logs is not None:
            command.append(f"--tensorboard={self._logs / name_settings(job.settings)}")
        if resume is not None:
            return [*command, f"--resume={resume}"]
        settings = [f"--set={setting}" for setting in (*job.settings, f"train.seed={job.seed}")]
        return [*command, f"--runs={self._root}", *settings, "--", str(job.path)]


def describe_exit(code: int, output: str, messages: str) -> Outcome:
    """Return the outcome of a train command from its exit code, its stdout and its stderr."""
    if code == 0:
        try:
            return Outcome("done", Path(json.loads(output)["run"]))
        except (ValueError, KeyError, TypeError):
            return Outcome("failed", message=f"train printed something else than its result: {output[:80]!r}")
    if code < 0:
        return Outcome("failed", message=f"the process was ended by {_signal_name(-code)}")
    if code in _INTERRUPTED:
        return Outcome("interrupted", message=f"stopped by {_signal_name(code - 128)}")
    lines = [line for line in messages.splitlines() if line.strip()]
    message = lines[-1].strip().removeprefix("mnistspec: ") if lines else "train said nothing"
    if code == _NOT_FINITE:
        return Outcome("not finite", message=message)
    return Outcome("failed", message=f"{message} (exit code {code})")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
