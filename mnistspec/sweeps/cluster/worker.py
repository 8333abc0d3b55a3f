"""What runs on the workers of a cluster: each run is a process of its own there, as it is on one machine."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Status, get_worker

from mnistspec.errors import MnistspecError
from mnistspec.files import make_run_folder
from mnistspec.runs.environment import find_version
from mnistspec.runs.listing import count_epochs
from mnistspec.sweeps.cluster.offers import describe_versions, explain_version
from mnistspec.sweeps.cluster.transfer import UNFIT, Report, Requirements, Transfer, WorkOrder
from mnistspec.sweeps.engine import describe_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_SECONDS = 0.5
_UNFIT_SECONDS = 5.0  # a worker that does not fit answers late: it must not empty the queue before the others
_EXAMINATION_SECONDS = 300.0  # a data set may have to be fetched
_stopped: set[str] = set()  # the sweeps that begin nothing more
_fit: set[Requirements] = set()  # what this machine has been found to have


async def examine(needs: Requirements, dask_worker: Any = None) -> dict[str, Any]:  # noqa: ANN401 - Dask has no types
    """Return what this worker offers, as the fields of an Offer."""
    machine = await asyncio.to_thread(examine_here, needs)
    return {
        "name": str(dask_worker.name),
        "threads": dask_worker.state.nthreads,
        "memory": dask_worker.memory_manager.memory_limit,
        "machine": machine,
    }


def describe_scheduler() -> dict[str, str]:
    """Return the versions that the scheduler's process has."""
    return describe_versions()


def stop_sweep(sweep: str) -> None:
    """Begin no run of a sweep any more, and have those that are under way end with a checkpoint."""
    _stopped.add(sweep)


def examine_here(needs: Requirements) -> dict[str, Any]:
    """Return what this machine offers; a process of its own finds out, so that torch is not loaded into this one."""
    command = [sys.executable, "-m", "mnistspec", "worker-check", "--json", *needs.options]
    command += [f"--data={name}" for name in needs.data]
    done = subprocess.run(  # noqa: S603 - this program itself; the arguments were validated
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_EXAMINATION_SECONDS, check=False
    )
    try:
        machine: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        words = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise MnistspecError(f"mnistspec worker-check fails there: {words[0]}") from None
    if not machine["problems"]:
        _fit.add(needs)
    return machine


def execute(order: WorkOrder) -> Report:
    """Train a run to its end in a folder of its own, and return the folder; tell the scheduler of each epoch."""
    worker = get_worker()
    problems = _find_problems(order)
    if problems:
        time.sleep(_UNFIT_SECONDS)
        return Report(UNFIT, "; ".join(problems), worker=worker.address)
    if order.sweep in _stopped:
        return Report("waiting")
    with tempfile.TemporaryDirectory(prefix="mnistspec-", dir=worker.local_directory) as place:
        parent = Path(place) / order.name
        folder = parent / order.transfer.name if order.transfer.name else make_run_folder(parent)
        order.transfer.unpack(folder)
        with _start(order, folder, Path(place)) as child:
            _follow(child, order, folder, worker)
        output, messages = ((Path(place) / name).read_text(errors="replace") for name in ("output", "messages"))
        outcome = describe_exit(child.returncode, output, messages)
        transfer = Transfer.pack_folder(folder)
    return Report(outcome.status, outcome.message, transfer if transfer.is_worth_keeping else None)


def _find_problems(order: WorkOrder) -> list[str]:
    mine = find_version("mnistspec")
    if order.version != mine:
        return [explain_version(mine, order.version)]
    return [] if order.needs in _fit else list(examine_here(order.needs)["problems"])


@contextmanager
def _start(order: WorkOrder, folder: Path, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the training; its stdin is a pipe that closes when this process dies, at which it ends, too."""
    command = [sys.executable, "-m", "mnistspec.cli.worker_train", "train", *order.options, *order.needs.options]
    command += [f"--resume={folder}", "--json"]
    with (place / "output").open("wb") as output, (place / "messages").open("wb") as messages:
        child = subprocess.Popen(  # noqa: S603 - this program itself; the arguments were validated
            command, stdin=subprocess.PIPE, stdout=output, stderr=messages, process_group=0
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def _follow(child: subprocess.Popen[bytes], order: WorkOrder, folder: Path, worker: Any) -> None:  # noqa: ANN401 - as above
    """Wait for the end of a training, reporting epochs; pass on that the sweep stops, or that nobody wants the run."""
    reported, stopping = -1, False
    while True:
        epochs = count_epochs(folder)
        if epochs != reported:
            reported = epochs
            worker.log_event(order.sweep, {"run": order.key, "worker": worker.address, "epochs": epochs})
        try:
            child.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        if order.sweep in _stopped and not stopping:
            stopping = True
            child.send_signal(signal.SIGTERM)
        if not _is_wanted(order.key, worker):
            return


def _is_wanted(key: str, worker: Any) -> bool:  # noqa: ANN401 - as above
    """Whether the sweep still waits for a run: Dask cancels the tasks of a client that has gone.

    A worker that has lost its scheduler closes, and could bring the run back to nobody.
    """
    task = worker.state.tasks.get(key)
    return task is not None and task.state != "cancelled" and worker.status not in {Status.closing, Status.closed}
