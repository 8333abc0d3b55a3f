"""`mnistspec sweep --cluster` and `worker-check` on a real scheduler with real workers."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine
from tests.needs import need_module
from tests.sweeps.cluster.local_cluster import LocalCluster, kill, local_cluster, paused, trainings_of, wait_until

need_module("distributed")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="finds the children of a process in /proc")
PARENT = "layers: [conv: 4, relu, maxpool: 4, dropout: 0.1, flatten, fc: 10]\ntrain: {epochs: 2, batch_size: 50}\n"
TINY = "# a comment that spec.yaml keeps\nextends: parent.yaml\ntrain: {augment: [rotation: 5]}\n"
TIMED = {"seconds", "sha256", "files"}  # of result.json: the files have env.json among them
LONG = ("--epochs", "2000")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A spec whose epoch takes a moment, and which extends another file, which the workers do not have."""
    (tmp_path / "parent.yaml").write_text(PARENT, encoding="utf-8")
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[LocalCluster]:
    """A scheduler without workers."""
    with local_cluster(tmp_path, 0) as cluster:
        yield cluster


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[LocalCluster]:
    """A scheduler with two workers of one thread."""
    with local_cluster(tmp_path, 2) as cluster:
        yield cluster


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mnistspec", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def has_checkpoint(folder: Path, worker: str) -> bool:
    """Return whether a worker's training has come so far that its sweep has long heard of it."""
    with suppress(FileNotFoundError):  # of a folder that is removed meanwhile
        return any((folder / worker).rglob("checkpoints/*.safetensors"))
    return False


def read_rows(runs: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((runs / "sweep.json").read_text(encoding="utf-8"))["runs"]
    return rows


def read_exact(folder: Path) -> dict[str, Any]:
    """Return all of a run that does not depend on when and where it was trained."""
    files: dict[str, Any] = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    environment = json.loads(files.pop("env.json"))
    result = json.loads(files["result.json"])
    rows = list(csv.DictReader(files["metrics.csv"].decode().splitlines()))
    return {
        **files,
        "env.json": {key: environment[key] for key in environment.keys() - {"command", "sha256"}},
        "result.json": {key: result[key] for key in result.keys() - TIMED},
        "metrics.csv": [{key: row[key] for key in row.keys() - {"seconds"}} for row in rows],
    }


def test_without_a_scheduler_or_a_worker_nothing_is_sent(
    mnistspec: CommandLine, tiny: Path, tmp_path: Path, empty: LocalCluster
) -> None:
    command = ["sweep", str(tiny), f"--runs={tmp_path / 'sweep'}"]
    for address, code, message in (
        (empty.address, 1, f"has no worker; start one with: dask worker {empty.address}"),
        ("nonsense://x", 2, "not the address of a scheduler"),
    ):
        done = mnistspec(*command, f"--cluster={address}")
        assert (done.code, done.out) == (code, "")
        assert message in done.err
        assert message in mnistspec("worker-check", address).err
    kill(empty.scheduler)
    done = mnistspec(*command, f"--cluster={empty.address}")
    assert done.code == 1
    assert "no Dask scheduler answers there within 5 seconds" in done.err
    assert not list((tmp_path / "sweep").glob("*/*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--cluster=tcp://127.0.0.1:1", "--jobs=2"], "--jobs is for this machine"), (["--retries=1"], "--retries is")],
)
def test_options_of_the_other_kind_of_sweep(
    mnistspec: CommandLine, tiny: Path, arguments: list[str], message: str
) -> None:
    done = mnistspec("sweep", tiny, *arguments)
    assert done.code == 2
    assert message in done.err


def test_without_the_extra_it_is_named(mnistspec: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistspec.sweeps.cluster.client.find_spec", lambda _: None)
    done = mnistspec("worker-check", "tcp://127.0.0.1:1")
    assert (done.code, done.out) == (1, "")
    assert "pip install 'mnistspec[cluster]'" in done.err


def test_this_machine_as_a_worker(mnistspec: CommandLine, small_mnist: Path) -> None:
    done = mnistspec("worker-check", "--json", f"--data-dir={small_mnist}")
    machine = json.loads(done.out)
    assert (done.code, machine["problems"], machine["data_sets"]) == (0, [], ["mnist"])
    assert machine["versions"].keys() == {"python", "mnistspec", "torch", "numpy", "distributed"}
    assert machine["devices"][-1] == "cpu"
    lacking = mnistspec("worker-check", "--data-dir", "nowhere", "--device", "cuda:99")
    assert lacking.code == 1
    assert "data sets: none" in lacking.out
    assert "no such folder" in lacking.err
    assert '"cuda:99" is not on this machine' in lacking.err


@pytest.mark.slow
def test_local_and_cluster_give_the_same_bytes(
    mnistspec: CommandLine, tiny: Path, small_mnist: Path, tmp_path: Path, pair: LocalCluster
) -> None:
    common = ["sweep", str(tiny), "--seeds", "0,1", "--set", "train.optimizer.sgd.lr=0.1,100", "--json"]
    common.append(f"--data-dir={small_mnist}")
    remote = mnistspec(*common, f"--runs={tmp_path / 'remote'}", f"--cluster={pair.address}")
    local = mnistspec(*common, f"--runs={tmp_path / 'local'}")
    assert (remote.code, local.code) == (1, 1)
    rows = {name: read_rows(tmp_path / name) for name in ("remote", "local")}
    assert [row["status"] for row in rows["remote"]] == ["done", "done", "not finite", "not finite"]
    for there, here in zip(rows["remote"], rows["local"], strict=True):
        assert read_exact(tmp_path / "remote" / there["folder"]) == read_exact(tmp_path / "local" / here["folder"])
        assert {**there, "folder": "", "seconds": 0} == {**here, "folder": "", "seconds": 0}
    assert {path.name for path in (tmp_path / "remote").iterdir()} == {
        path.name for path in (tmp_path / "local").iterdir()
    }
    for worker in (tmp_path / "worker0", tmp_path / "worker1"):
        assert not list(worker.rglob("resolved.yaml")), "a worker keeps nothing"
    again = mnistspec(*common, f"--runs={tmp_path / 'remote'}", f"--cluster={pair.address}")
    assert "2 done already, 2 not finite already" in again.err


@pytest.mark.slow
@needs_proc
def test_a_killed_worker_is_told_of_and_its_run_is_repeated_to_the_same_bytes(
    mnistspec: CommandLine, tiny: Path, small_mnist: Path, tmp_path: Path, pair: LocalCluster
) -> None:
    common = ["sweep", str(tiny), "--seeds", "0-2", "--epochs", "40", f"--data-dir={small_mnist}", "--json"]
    process = start(*common, f"--runs={tmp_path / 'remote'}", f"--cluster={pair.address}")
    wait_until(lambda: has_checkpoint(tmp_path, "worker0"))
    (training,) = trainings_of(pair.workers[0])
    with paused(training):
        wait_until(lambda: trainings_of(pair.workers[1]))
        kill(pair.workers[0])
    wait_until(lambda: not Path(f"/proc/{training}").exists())
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert err.count("was lost in the middle of tiny seed") == 1
    assert "it is repeated (1 of at most 2 times)" in err
    rows = json.loads(out)["runs"]
    assert sorted(row["message"] for row in rows) == ["", "", "repeated 1 x: its worker was lost"]
    (repeated,) = (row for row in rows if row["message"])
    assert mnistspec(*common[:3], str(repeated["seed"]), *common[4:], f"--runs={tmp_path / 'local'}").code == 0
    (local,) = read_rows(tmp_path / "local")
    assert read_exact(tmp_path / "remote" / repeated["folder"]) == read_exact(tmp_path / "local" / local["folder"])


@pytest.mark.slow
@needs_proc
def test_retries_are_bounded_and_the_others_go_on(
    tiny: Path, small_mnist: Path, tmp_path: Path, pair: LocalCluster
) -> None:
    process = start(
        "sweep", tiny, "--seeds", "0,1", "--epochs", "60", f"--data-dir={small_mnist}", f"--runs={tmp_path / 'sweep'}",
        f"--cluster={pair.address}", "--retries=0", "--json",
    )  # fmt: skip
    wait_until(lambda: has_checkpoint(tmp_path, "worker0"))
    with paused(*trainings_of(pair.workers[0])):
        kill(pair.workers[0])
    out, err = process.communicate(timeout=200)
    rows = {row["status"]: row for row in json.loads(out)["runs"]}
    assert (process.returncode, set(rows)) == (1, {"done", "failed"})
    assert "1 worker was lost in the middle of this run" in rows["failed"]["message"]
    assert "1 worker was lost in the middle of this run" in err
    assert rows["failed"]["folder"] is None


@pytest.mark.slow
@needs_proc
def test_ctrl_c_brings_back_checkpoints_and_the_same_command_goes_on_with_them(
    mnistspec: CommandLine, tiny: Path, small_mnist: Path, tmp_path: Path, pair: LocalCluster
) -> None:
    command = ["sweep", str(tiny), "--seeds", "0-2", "--epochs", "120", f"--data-dir={small_mnist}"]
    command += [f"--runs={tmp_path / 'sweep'}", f"--cluster={pair.address}"]
    process = start(*command)
    with ExitStack() as stack:
        for worker, name in zip(pair.workers, ("worker0", "worker1"), strict=True):
            wait_until(lambda name=name: has_checkpoint(tmp_path, name))
            stack.enter_context(paused(*trainings_of(worker)))
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "to resume, give the same command again" in err
    rows = read_rows(tmp_path / "sweep")
    assert [row["status"] for row in rows] == ["interrupted", "interrupted", "waiting"]
    assert all(list((tmp_path / "sweep" / row["folder"]).glob("checkpoints/*.safetensors")) for row in rows[:2])
    wait_until(lambda: not any(trainings_of(worker) for worker in pair.workers))
    again = mnistspec(*command)
    assert again.code == 0, again.err
    assert "2 to resume from a checkpoint" in again.err
    assert [row["folder"] for row in read_rows(tmp_path / "sweep")[:2]] == [row["folder"] for row in rows[:2]]
    here = mnistspec(
        "sweep", tiny, "--seeds", "0", "--epochs", "120", "--runs", tmp_path / "here", "--data-dir", small_mnist
    )
    assert here.code == 0
    (straight,) = read_rows(tmp_path / "here")
    assert read_exact(tmp_path / "sweep" / rows[0]["folder"]) == read_exact(tmp_path / "here" / straight["folder"])


@pytest.mark.slow
@needs_proc
def test_a_killed_sweep_leaves_no_training_and_a_lost_scheduler_no_sweep(
    tiny: Path, small_mnist: Path, tmp_path: Path, pair: LocalCluster
) -> None:
    command = ["sweep", str(tiny), "--seeds", "0-2", *LONG, f"--data-dir={small_mnist}", f"--cluster={pair.address}"]
    process = start(*command, f"--runs={tmp_path / 'first'}")
    wait_until(lambda: all(trainings_of(worker) for worker in pair.workers))
    process.kill()
    process.communicate()
    wait_until(lambda: not any(trainings_of(worker) for worker in pair.workers))
    wait_until(lambda: not any(has_checkpoint(tmp_path, worker) for worker in ("worker0", "worker1")))
    process = start(*command, f"--runs={tmp_path / 'second'}", "--json")
    wait_until(lambda: all(has_checkpoint(tmp_path, worker) for worker in ("worker0", "worker1")))
    kill(pair.scheduler)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 1
    assert [row["status"] for row in json.loads(out)["runs"]] == ["failed", "failed", "waiting"]
    assert err.count("the connection to the scheduler was lost; give the same command again to resume") == 1
    assert "Traceback" not in err


def pretend_version(folder: Path, version: str) -> Path:
    """Make a folder that, on PYTHONPATH, makes mnistspec look like another version."""
    metadata = folder / f"mnistspec-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: mnistspec\nVersion: {version}\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@needs_proc
def test_workers_of_another_version_get_nothing(
    mnistspec: CommandLine, tiny: Path, small_mnist: Path, tmp_path: Path, empty: LocalCluster
) -> None:
    old = pretend_version(tmp_path / "old", "0.0.1")
    common = [f"--data-dir={small_mnist}"]
    command = [
        "sweep",
        str(tiny),
        "--seeds",
        "0-2",
        f"--runs={tmp_path / 'sweep'}",
        f"--cluster={empty.address}",
        *common,
    ]
    worker = empty.add_worker(path=old)
    empty.wait_for_workers(1)
    refused = mnistspec(*command)
    assert (refused.code, refused.out) == (1, "")
    assert "1 of 1 workers" in refused.err
    assert "it has mnistspec 0.0.1" in refused.err
    assert mnistspec("worker-check", empty.address, *common).code == 1
    kill(worker)
    empty.add_worker()
    empty.wait_for_workers(2)
    process = start(*command, "--epochs", "20", "--json")
    wait_until(lambda: trainings_of(empty.workers[1]))
    with paused(*trainings_of(empty.workers[1])):
        empty.add_worker(path=old)  # joins late, and is given what waits
        empty.wait_for_workers(3)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert [row["status"] for row in json.loads(out)["runs"]] == ["done"] * 3
    assert err.count("has joined, but does not fit: it has mnistspec 0.0.1") == 1
    table = mnistspec("worker-check", empty.address, *common)
    assert table.code == 0
    assert "0.0.1" in table.out
    assert json.loads(mnistspec("worker-check", empty.address, *common, "--json").out)["workers"][0].keys() == {
        "address", "name", "threads", "memory_bytes", "versions", "devices", "data_sets", "fits", "problems"
    }  # fmt: skip


@pytest.mark.slow
def test_a_worker_without_the_data_or_the_device_does_not_fit(
    mnistspec: CommandLine, tiny: Path, tmp_path: Path, pair: LocalCluster
) -> None:
    command = ["sweep", str(tiny), f"--runs={tmp_path / 'sweep'}", f"--cluster={pair.address}"]
    refused = mnistspec(*command, "--data-dir", str(tmp_path / "nowhere"), "--device", "cuda:99")
    assert refused.code == 1
    assert refused.err.count("no such folder") == 2
    assert refused.err.count('"cuda:99" is not on this machine') == 2
    assert not list((tmp_path / "sweep").glob("*/*"))
