"""A real Dask scheduler and real workers on this machine, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE = 240.0  # of a machine that is busy with something else


class LocalCluster:
    """A scheduler on a free port of loopback, and workers that come and go."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder, self.path = folder, path
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "dask_scheduler", "--host=127.0.0.1", "--port=0", f"--scheduler-file={file}", log="scheduler"
        )
        wait_until(file.is_file)
        self.address: str = json.loads(file.read_text(encoding="utf-8"))["address"]

    def add_worker(self, *, threads: int = 1, path: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker without a nanny, so that one that is killed stays dead; ``path`` leads its PYTHONPATH."""
        number = len(self.workers)
        worker = self._start(
            "dask_worker", self.address, f"--nthreads={threads}", "--no-nanny", "--host=127.0.0.1",
            f"--local-directory={self.folder / f'worker{number}'}", log=f"worker{number}", path=path,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers have registered."""
        log = self.folder / "scheduler.log"
        wait_until(lambda: log.read_text(encoding="utf-8").count("Register worker") >= count)

    def close(self) -> None:
        """Kill what is left."""
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.kill()
            process.wait()

    def _start(self, module: str, *arguments: str, log: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        path = path or self.path
        environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
        with (self.folder / f"{log}.log").open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--no-dashboard"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment,
            )  # fmt: skip


@contextmanager
def local_cluster(folder: Path, workers: int, path: Path | None = None) -> Iterator[LocalCluster]:
    """Yield a cluster with so many workers of one thread; ``path`` leads the PYTHONPATH of all its processes."""
    cluster = LocalCluster(folder, path)
    try:
        for _ in range(workers):
            cluster.add_worker()
        cluster.wait_for_workers(workers)
        yield cluster
    finally:
        cluster.close()


def wait_until(is_so: object) -> None:
    """Wait until a condition holds, for some minutes at most."""
    assert callable(is_so)
    end = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < end, "not within minutes"
        time.sleep(0.05)


def trainings_of(worker: subprocess.Popen[bytes]) -> list[int]:
    """Return the ids of the trainings that a worker has started."""
    listed = Path(f"/proc/{worker.pid}/task").glob("*/children")
    children = [int(child) for file in listed for child in file.read_text(encoding="utf-8").split()]
    return [child for child in children if _is_training(child)]


def _is_training(process: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):  # it may end meanwhile
        return b"worker_train" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


@contextmanager
def paused(*trainings: int) -> Iterator[None]:
    """Stop trainings for as long as it takes to do something in the middle of them, however slow this machine is."""
    for training in trainings:
        os.kill(training, signal.SIGSTOP)
    try:
        yield
    finally:
        for training in trainings:
            with suppress(ProcessLookupError):  # killed in the meantime
                os.kill(training, signal.SIGCONT)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker as the system does when memory runs out."""
    worker.send_signal(signal.SIGKILL)
    worker.wait()
