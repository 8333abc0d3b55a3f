"""The engine for a cluster with a scheduler that does as the test says: losses, retries, misfits, the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from mnistspec.files import make_run_folder
from mnistspec.runs.listing import find_runs
from mnistspec.sweeps.cluster.transfer import UNFIT, Report, Requirements, Transfer, WorkOrder
from mnistspec.sweeps.engine import Outcome
from mnistspec.sweeps.grid import Job, make_grid
from tests.needs import need_module
from tests.sweeps.cluster.local_cluster import wait_until
from tests.sweeps.fakes import make_run, write_spec

distributed = need_module("distributed")
from mnistspec.sweeps.cluster.engine import ClusterEngine  # noqa: E402 - it needs the extra

A, B, C = "tcp://a:1", "tcp://b:1", "tcp://c:1"


class FakePromise:
    """What the scheduler has promised; the test keeps it."""

    def __init__(self, order: WorkOrder, options: dict[str, Any]) -> None:
        self.order, self.options = order, options
        self.status, self.value = "pending", None
        self.callbacks: list[Callable[[FakePromise], None]] = []

    def add_done_callback(self, callback: Callable[[FakePromise], None]) -> None:
        self.callbacks.append(callback)

    def end(self, status: str, value: Any = None) -> None:
        self.status, self.value = status, value
        for callback in self.callbacks:
            callback(self)

    def result(self) -> Any:
        return self.value

    def exception(self) -> Any:
        return self.value


class FakeClient:
    """A connection to a scheduler that does nothing by itself."""

    def __init__(self) -> None:
        self.promises: list[FakePromise] = []
        self.handlers: dict[str, Callable[[tuple[float, dict[str, Any]]], None]] = {}
        self.stopped: list[str] = []
        self.closed = False

    def nthreads(self) -> dict[str, int]:
        return {A: 1, B: 1}

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, dict[str, Any]]], None]) -> None:
        self.handlers[topic] = handler

    def unsubscribe_topic(self, topic: str) -> None:
        del self.handlers[topic]

    def submit(self, _function: object, order: WorkOrder, *, key: str, pure: bool, **options: Any) -> FakePromise:
        assert (key, pure) == (order.key, False)
        self.promises.append(FakePromise(order, options))
        return self.promises[-1]

    def cancel(self, promises: list[FakePromise]) -> None:
        for promise in promises:
            promise.end("cancelled")

    def run(self, _function: object, sweep: str, **_: object) -> None:
        self.stopped.append(sweep)

    def close(self) -> None:
        self.closed = True


class Bench:
    """An engine on a fake scheduler, and what it has told."""

    def __init__(self, root: Path, retries: int = 2) -> None:
        self.root, self.client = root, FakeClient()
        self.told: list[str] = []
        self.epochs: list[tuple[str, int]] = []
        self.engine = ClusterEngine(
            cast("Any", self.client), root, needs=Requirements(), threads=1, retries=retries,
            summarize=lambda job: job.label,
            tell=self.told.append, on_epoch=lambda job, epochs: self.epochs.append((job.label, epochs)),
        )  # fmt: skip

    def settle(self) -> None:
        """Wait until all that was heard has been done."""
        self.engine._thread.submit(int).result()

    def say(self, **event: Any) -> None:
        topic = "all" if "action" in event else self.engine._name
        self.client.handlers[topic]((0.0, event))
        self.settle()

    def begin(self, worker: str = A, index: int = -1, epochs: int = 0) -> FakePromise:
        """Say that the task sent last is under way somewhere."""
        self.settle()
        promise = self.client.promises[index]
        self.say(run=promise.order.key, worker=worker, epochs=epochs)
        return promise

    def lose(self, worker: str) -> None:
        self.say(action="remove-worker", worker=worker)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    return make_grid([write_spec(tmp_path)], [], (0, 1))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "sweep")
    with bench.engine:
        yield bench
    assert bench.client.closed
    assert not bench.client.handlers
    assert not list(bench.root.glob(".incoming*"))


def finish(promise: FakePromise, job: Job, tmp_path: Path, status: str = "done", **more: bytes) -> Transfer:
    """End a task with the folder of a run."""
    folder = make_run(tmp_path / "worker", job.spec, 91.0, status="done" if status == "done" else None)
    for name, data in more.items():
        (folder / name).write_bytes(data)
    transfer = Transfer.pack_folder(folder)
    promise.end("finished", Report(status, "", transfer))
    return transfer


def test_an_order_has_all_that_a_run_needs_and_the_folder_comes_back(
    bench: Bench, jobs: list[Job], tmp_path: Path
) -> None:
    future = bench.engine.submit(jobs[0])
    bench.settle()
    assert not future.running()
    promise = bench.begin()
    assert future.running()
    bench.say(run=promise.order.key, worker=A, epochs=2)
    assert bench.epochs == [("tiny seed 0", 0), ("tiny seed 0", 2)]
    assert promise.order.transfer.files == {
        "spec.yaml": jobs[0].path.read_bytes(),
        "resolved.yaml": jobs[0].resolved.encode(),
        "summary.txt": b"tiny seed 0",
    }
    assert (promise.order.options, promise.options) == (("--threads=1",), {})
    transfer = finish(promise, jobs[0], tmp_path)
    assert future.result(5) == Outcome("done", bench.root / "tiny" / transfer.name)
    assert Transfer.pack_folder(bench.root / "tiny" / transfer.name) == transfer
    assert bench.told == []


def test_a_run_that_goes_on_replaces_its_folder(bench: Bench, jobs: list[Job], tmp_path: Path) -> None:
    begun = make_run(bench.root, jobs[0].spec, 50.0, status=None)
    future = bench.engine.submit(jobs[0], begun)
    promise = bench.begin()
    assert promise.order.transfer == Transfer.pack_folder(begun)
    transfer = finish(promise, jobs[0], tmp_path)
    assert future.result(5) == Outcome("done", begun)
    assert Transfer.pack_folder(begun).files == transfer.files


def test_a_name_that_is_taken_is_no_reason_to_lose_a_run(bench: Bench, jobs: list[Job], tmp_path: Path) -> None:
    future = bench.engine.submit(jobs[0])
    promise = bench.begin()
    folder = make_run(tmp_path / "worker", jobs[0].spec, 91.0)
    taken = bench.root / "tiny" / folder.name
    taken.mkdir(parents=True)
    (taken / "mine").touch()
    promise.end("finished", Report("done", "", Transfer.pack_folder(folder)))
    place = future.result(5).folder
    assert place is not None
    assert place != taken
    assert list(taken.iterdir()) == [taken / "mine"]
    assert Transfer.pack_folder(place).files == Transfer.pack_folder(folder).files


def test_a_lost_worker_is_told_of_and_a_run_is_repeated_so_often_and_no_more(
    bench: Bench, jobs: list[Job], tmp_path: Path
) -> None:
    first, second = bench.engine.submit(jobs[0]), bench.engine.submit(jobs[1])
    bench.begin(A, 0, epochs=1)
    survivor = bench.begin(B, 1)
    bench.lose(A)
    assert bench.told == [
        f"the worker {A} was lost in the middle of tiny seed 0; it is repeated (1 of at most 2 times)"
    ]
    assert bench.epochs[-1] == ("tiny seed 0", 0)
    bench.begin(C, 0)
    bench.lose(C)
    bench.begin(A, 0)
    assert not first.done()
    bench.lose(A)
    outcome = first.result(5)
    assert outcome.status == "failed"
    assert "3 workers were lost in the middle of this run" in outcome.message
    assert bench.client.promises[0].status == "cancelled"
    finish(survivor, jobs[1], tmp_path)
    assert second.result(5).message == ""


def test_what_was_repeated_says_so_in_its_row(bench: Bench, jobs: list[Job], tmp_path: Path) -> None:
    future = bench.engine.submit(jobs[0])
    promise = bench.begin(A)
    bench.lose(A)
    bench.lose(B)
    assert bench.told[-1] == "no worker is left; waiting for one to join"
    bench.say(action="add-worker", worker=C)
    bench.begin(C)
    finish(promise, jobs[0], tmp_path)
    assert future.result(5).message == "repeated 1 x: its worker was lost"


def test_dask_giving_up_earlier_is_one_more_loss(tmp_path: Path, jobs: list[Job]) -> None:
    bench = Bench(tmp_path / "sweep", retries=1)

    class KilledWorker(Exception):  # noqa: N818 - as Dask calls it
        pass

    with bench.engine:
        future = bench.engine.submit(jobs[0])
        for _ in range(2):
            assert not future.done()
            bench.settle()
            bench.client.promises[-1].end("error", KilledWorker())
        assert future.result(5).status == "failed"
        assert len({promise.order.key for promise in bench.client.promises}) == 2


def test_a_worker_that_came_later_and_does_not_fit_gets_no_run_twice(
    bench: Bench, jobs: list[Job], tmp_path: Path
) -> None:
    future = bench.engine.submit(jobs[0])
    bench.say(action="add-worker", worker=C)
    bench.client.promises[0].end("finished", Report(UNFIT, "it has mnistspec 9", worker=C))
    wait_until(lambda: len(bench.client.promises) == 2)
    assert bench.told == [f"the worker {C} has joined, but does not fit: it has mnistspec 9"]
    assert bench.client.promises[1].options == {"workers": [A, B], "allow_other_workers": True}
    finish(bench.begin(A), jobs[0], tmp_path)
    assert future.result(5).status == "done"


@pytest.mark.parametrize("problem", ["damaged", "other", "path"])
def test_a_folder_that_is_not_what_it_should_be_is_not_put_into_place(
    bench: Bench, jobs: list[Job], tmp_path: Path, problem: str
) -> None:
    future = bench.engine.submit(jobs[0])
    promise = bench.begin()
    transfer = Transfer.pack_folder(make_run(tmp_path / "worker", jobs[problem == "other"].spec, 91.0))
    if problem == "damaged":
        transfer = Transfer(transfer.name, {**transfer.files, "result.json": b"{}"}, transfer.digest)
    elif problem == "path":
        transfer = Transfer.pack(transfer.name, {**transfer.files, "../x": b""})
    promise.end("finished", Report("done", "", transfer))
    outcome = future.result(5)
    assert outcome.status == "failed"
    assert "did not come back" in outcome.message
    assert not list(bench.root.glob("**/*.*"))


def test_what_a_killed_sweep_left_on_its_way_is_no_run(tmp_path: Path, jobs: list[Job]) -> None:
    root = tmp_path / "sweep"
    run = make_run(root, jobs[0].spec, 91.0)
    make_run(root / ".incoming-x1y2", jobs[1].spec, 91.0)
    assert find_runs(root) == [run]
    with Bench(root).engine:
        assert not list(root.glob(".incoming*"))


def test_an_error_on_a_worker_fails_one_run(bench: Bench, jobs: list[Job], tmp_path: Path) -> None:
    first, second = bench.engine.submit(jobs[0]), bench.engine.submit(jobs[1])
    bench.settle()
    bench.client.promises[0].end("error", OSError("no space left"))
    assert first.result(5) == Outcome("failed", message="on the worker: OSError: no space left")
    finish(bench.begin(), jobs[1], tmp_path)
    assert second.result(5).status == "done"


def test_a_spec_is_sent_as_it_was_parsed(bench: Bench, jobs: list[Job]) -> None:
    parsed = jobs[0].path.read_bytes()
    jobs[0].path.unlink()
    bench.engine.submit(jobs[0])
    bench.settle()
    assert bench.client.promises[0].order.transfer.files["spec.yaml"] == parsed


def test_losing_the_scheduler_ends_everything_and_is_told_once(bench: Bench, jobs: list[Job]) -> None:
    futures = [bench.engine.submit(job) for job in jobs]
    bench.begin(A, 0)
    for promise in bench.client.promises:
        promise.end("cancelled")
    assert [future.result(5).status for future in futures] == ["failed", "waiting"]
    assert len(bench.told) == 1


def test_stopping_cancels_what_waits_and_brings_back_what_is_under_way(
    bench: Bench, jobs: list[Job], tmp_path: Path
) -> None:
    futures = [bench.engine.submit(job) for job in [*jobs, jobs[0]]]
    promise = bench.begin(A, 0)
    bench.begin(B, 1)
    bench.engine.stop()
    assert futures[2].result(5) == Outcome("waiting")
    assert bench.client.promises[2].status == "cancelled"
    wait_until(lambda: bench.client.stopped == [bench.engine._name])
    bench.lose(B)
    assert futures[1].result(5).status == "interrupted"
    (checkpoints := make_run_folder(tmp_path) / "checkpoints").mkdir()
    (checkpoints / "00001-0000000.safetensors").touch()
    (checkpoints.parent / "resolved.yaml").write_text(jobs[0].resolved)
    promise.end("finished", Report("interrupted", "stopped by SIGTERM", Transfer.pack_folder(checkpoints.parent)))
    assert futures[0].result(5) == Outcome(
        "interrupted", bench.root / "tiny" / checkpoints.parent.name, "stopped by SIGTERM"
    )
    assert bench.engine.submit(jobs[1]).result(5) == Outcome("waiting")


def test_what_does_not_come_back_in_time_is_given_up(
    bench: Bench, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistspec.sweeps.cluster.engine._STOP_SECONDS", 0.1)
    future = bench.engine.submit(jobs[0])
    bench.begin(A)
    bench.engine.stop()
    assert future.result(5).status == "interrupted"
