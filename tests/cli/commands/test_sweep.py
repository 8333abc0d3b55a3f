"""`mnistspec sweep` with real processes, and `mnistspec compare` on what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.small_mnist import write_mnist

TINY = "layers: [conv: 4, relu, maxpool: 4, flatten, fc: 10]\ntrain: {epochs: 1, batch_size: 50}\n"
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="finds the children of a process in /proc")
LONG = ("--epochs", "2000")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A spec whose epoch takes a moment."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path


def wait_for(found: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is there, for a minute at most."""
    for _ in range(600):
        if found():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError


def count_begun(runs: Path) -> int:
    """Return how many runs have a checkpoint."""
    return len({path.parent for path in runs.glob("tiny/*/checkpoints/*.safetensors")})


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """Return the ids of a process's children."""
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for file in listed for child in file.read_text(encoding="utf-8").split()]


def start_sweep(tiny: Path, runs: Path, data: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "mnistspec",
        "sweep",
        str(tiny),
        f"--runs={runs}",
        f"--data-dir={data}",
        *arguments,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_sweep_trains_compares_and_skips(
    mnistspec: CommandLine, tiny: Path, small_mnist: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "sweep"
    command: list[str | Path] = ["sweep", tiny, "--seeds", "7", f"--runs={runs}", f"--data-dir={small_mnist}"]
    first = mnistspec(*command, "--set", "train.optimizer.sgd.lr=0.1,100", "--device", "cpu", "--json")
    rows = json.loads(first.out)["runs"]
    assert first.code == 1
    assert [row["status"] for row in rows] == ["done", "not finite"]
    assert "loss is" in rows[1]["message"]
    assert first.err.count("\ndone tiny sgd.lr=0.1 seed 7: ") == 1
    environment = json.loads((runs / rows[0]["folder"] / "env.json").read_text(encoding="utf-8"))
    assert environment["threads"] == 1
    second = mnistspec(*command, "--set", "train.optimizer.sgd.lr=0.1")
    assert (second.code, second.err) == (0, f"1 run in {runs}, 1 done already\n")
    assert "1 run: 1 done" in second.out
    table = mnistspec("compare", runs)
    assert (table.code, table.err.count("not finite after 0 of 1 epochs")) == (0, 1)
    assert [recipe["seeds"] for recipe in json.loads(mnistspec("compare", runs, "--json").out)["recipes"]] == [[7]]


def test_runs_on_other_data_are_other_runs(mnistspec: CommandLine, tiny: Path, tmp_path: Path) -> None:
    """What was trained on A is not done on B; both stand in the table, and comparisons keep them apart."""
    runs, accuracies = tmp_path / "sweep", {}
    for name, count in (("a", 20), ("b", 40)):
        folder = tmp_path / name
        folder.mkdir()
        data = write_mnist(folder, 100, count)
        command = ("sweep", tiny, "--seeds", "0", f"--runs={runs}", f"--data-dir={data}", "--device", "cpu")
        first = mnistspec(*command, "--json")
        assert first.code == 0, first
        assert "done already" not in first.err
        (row,) = json.loads(first.out)["runs"]
        accuracies[row["data_digest"]] = row["test_accuracy"]
        assert "1 done already" in mnistspec(*command).err
    table = json.loads((runs / "sweep.json").read_text(encoding="utf-8"))["runs"]
    assert {row["data_digest"]: row["test_accuracy"] for row in table} == accuracies
    compared = json.loads(mnistspec("compare", runs, "--json").out)
    assert (len(compared["recipes"]), compared["left_out"]) == (2, [])
    assert {one["data_digest"]: one["test_accuracy"]["mean"] for one in compared["recipes"]} == accuracies
    assert compared["difference"]["mean"] is None
    assert "cannot be compared" in " ".join(mnistspec("compare", runs).out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "train.epochs=1,many"], "--set:1:14"),
        (["--seeds", "a"], "--seeds takes"),
        (["--data-dir", "nowhere"], "no such folder"),
        (["--device", "abacus"], "is not a device"),
    ],
)
def test_a_wrong_call_starts_nothing(
    mnistspec: CommandLine, tiny: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = mnistspec("sweep", tiny, "--runs", tmp_path / "sweep", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not list((tmp_path / "sweep").glob("*/*"))


def test_compare_wants_finished_runs_and_one_format(mnistspec: CommandLine, tmp_path: Path) -> None:
    assert "no finished run" in mnistspec("compare", tmp_path).err
    assert mnistspec("compare", tmp_path / "nowhere").code == 2
    assert mnistspec("compare", tmp_path, "--csv", "--json").code == 2


@pytest.mark.slow
@needs_proc
def test_a_killed_run_harms_no_other_and_the_same_command_goes_on(
    mnistspec: CommandLine, tiny: Path, small_mnist: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "sweep"
    process = start_sweep(tiny, runs, small_mnist, "--seeds", "0,1", "--jobs", "2", "--epochs", "100", "--json")
    wait_for(lambda: count_begun(runs) == 2, process)
    os.kill(children_of(process)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    rows = {row["status"]: row for row in json.loads(out)["runs"]}
    assert process.returncode == 1
    assert rows.keys() == {"failed", "done"}
    assert "SIGKILL" in rows["failed"]["message"]
    assert "SIGKILL" in err
    again = mnistspec("sweep", tiny, "--seeds", "0,1", "--epochs", "100", "--runs", runs, "--data-dir", small_mnist)
    assert again.code == 0
    assert "1 done already, 1 to resume from a checkpoint" in again.err
    assert len(list(runs.glob("tiny/*"))) == 2


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_sweep_leaves_checkpoints_and_no_process(
    tiny: Path, small_mnist: Path, tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    runs = tmp_path / "sweep"
    process = start_sweep(tiny, runs, small_mnist, "--seeds", "0-2", "--jobs", "2", *LONG)
    wait_for(lambda: count_begun(runs) == 2, process)
    other = start_sweep(tiny, runs, small_mnist, "--seeds", "0-2")
    assert "another sweep" in other.communicate(timeout=60)[1]
    children = children_of(process)
    process.send_signal(signum)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, other.returncode) == (code, 2)
    assert "to resume, give the same command again" in err
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    rows = json.loads((runs / "sweep.json").read_text(encoding="utf-8"))["runs"]
    assert [row["status"] for row in rows] == ["interrupted", "interrupted", "waiting"]


@pytest.mark.slow
@needs_proc
def test_runs_that_outlive_their_sweep_keep_its_folder(tiny: Path, small_mnist: Path, tmp_path: Path) -> None:
    runs = tmp_path / "sweep"
    process = start_sweep(tiny, runs, small_mnist, "--jobs", "1", *LONG)
    wait_for(lambda: count_begun(runs) == 1, process)
    (child,) = children_of(process)
    process.kill()
    process.communicate()
    other = start_sweep(tiny, runs, small_mnist)
    assert "outlived its sweep" in other.communicate(timeout=60)[1]
    os.kill(child, signal.SIGTERM)
