"""``python -m tests.benchmarks.cluster``: a sweep on one and on two workers of a cluster, and what passes through it.

Three figures: runs an hour with one process here, one worker and two; bytes, messages and scheduler transitions a run;
and how many runs a second the scheduler and the client can take, with workers that answer at once with the folder of a
run that was trained before.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from distributed import Client, get_worker

from mnistspec.sweeps.cluster.engine import ClusterEngine
from mnistspec.sweeps.cluster.transfer import Report, Requirements, Transfer, WorkOrder
from mnistspec.sweeps.grid import make_grid
from mnistspec.sweeps.sweep import Sweep
from tests.benchmarks.pieces import print_figures
from tests.benchmarks.report import describe_machine
from tests.places import ROOT
from tests.sweeps.cluster.local_cluster import LocalCluster, local_cluster


def answer_at_once(order: WorkOrder) -> Report:
    """Return the folder of a run that was trained before, as if it were this one."""
    transfer = order.transfer
    worker = get_worker()
    worker.log_event(order.sweep, {"run": order.key, "worker": worker.address, "epochs": 0})
    known = {name: data for name, data in _read_sample(order.needs.data_dir).items() if name not in transfer.files}
    identity = int(order.key.rpartition("-")[2])
    return Report("done", "", Transfer.pack(f"20260101T000000Z-{identity:06x}", {**known, **transfer.files}))


def _read_sample(folder: str | None) -> dict[str, bytes]:
    return Transfer.pack_folder(Path(folder or "")).files


def sweep(spec: Path, runs: int, folder: Path, *arguments: str) -> float:
    """Return the seconds of a sweep of one-epoch runs, its start included."""
    command = [sys.executable, "-m", "mnistspec", "sweep", str(spec), f"--seeds=0-{runs - 1}", "--epochs=1"]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, f"--runs={folder}", *arguments, "--json"], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["runs"]) == runs
    return seconds


def measure_scaling(spec: Path, runs: int, folder: Path) -> dict[str, Any]:
    """Return seconds and runs an hour here and on clusters, with the load of the machine before each."""
    found = {}
    for name, workers in (("one process here", 0), ("two processes here", 0), ("1 worker", 1), ("2 workers", 2)):
        place = folder / name.replace(" ", "-")
        place.mkdir()
        load = os.getloadavg()[0]
        if workers:
            with local_cluster(place, workers) as running:
                seconds = sweep(spec, runs, place / "runs", f"--cluster={running.address}")
        else:
            seconds = sweep(spec, runs, place / "runs", f"--jobs={1 + name.startswith('two')}")
        found[name] = {"seconds": round(seconds, 1), "runs_per_hour": round(3600 * runs / seconds), "load": load}
    return found


def count_transitions(dask_scheduler: Any = None) -> int:
    """Return how many changes of a task's state the scheduler has made."""
    return int(dask_scheduler.transition_counter)


def measure_passage(spec: Path, runs: int, sample: Path, running: LocalCluster, folder: Path) -> dict[str, Any]:
    """Return what a run costs the scheduler and the client when the workers answer at once."""
    jobs = make_grid([spec], [], range(runs))
    client = Client(running.address, set_as_default=False)
    before, memory = client.run_on_scheduler(count_transitions), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    orders: list[WorkOrder] = []
    events = 0

    def note(*_: object) -> None:
        nonlocal events
        events += 1

    class Watched(ClusterEngine):
        def _prepare(self, job: Any) -> Transfer:
            transfer = super()._prepare(job)
            orders.append(WorkOrder(self._name, "x", self._version, self._needs, self._options, "x", transfer))
            return transfer

    folder.mkdir()
    work = Sweep(folder, jobs)
    with (
        patch("mnistspec.sweeps.cluster.engine.execute", answer_at_once),
        Watched(
            client, folder, needs=Requirements(data_dir=str(sample)), threads=1, retries=2, tell=note, on_epoch=note,
            summarize=lambda _: (sample / "summary.txt").read_text(encoding="utf-8"),
        ) as engine,
    ):  # fmt: skip
        began = time.perf_counter()
        work.start(engine)
        for _ in work.watch():
            pass
        seconds = time.perf_counter() - began
        transitions = client.run_on_scheduler(count_transitions) - before
    assert work.counts == {"done": runs}, work.counts
    sent = pickle.dumps(orders[0])
    transfer = Transfer.pack_folder(sample)
    back = pickle.dumps(Report("done", "", replace(transfer)))
    return {
        "runs": runs,
        "runs_per_second": round(runs / seconds, 1),
        "bytes_there": len(sent),
        "bytes_back": len(back),
        "events_per_run": events / runs,
        "transitions_per_run": transitions / runs,
        "client_MiB_more": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024, 1),
    }


def main() -> None:
    """Measure, and print all as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, default=ROOT / "specs" / "step6.yaml")
    parser.add_argument("--runs", type=int, default=6, help="runs of one epoch of each measurement of scaling")
    parser.add_argument("--passages", type=int, nargs="*", default=[250, 1000], help="runs that pass through at once")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found: dict[str, Any] = {"machine": describe_machine(), "runs": chosen.runs, "spec": chosen.spec.stem}
        found["scaling"] = measure_scaling(chosen.spec, chosen.runs, folder) if chosen.runs else {}
        if chosen.passages:
            sweep(chosen.spec, 1, folder / "sample")
            sample = next((folder / "sample").glob("*/*/result.json")).parent
            (folder / "passage").mkdir()
            with local_cluster(folder / "passage", 2, ROOT) as running:
                found["passage"] = [
                    measure_passage(chosen.spec, runs, sample, running, folder / f"passage{runs}")
                    for runs in chosen.passages
                ]
    print_figures(**found)


if __name__ == "__main__":
    main()
