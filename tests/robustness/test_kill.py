"""Promise 1: killed at any moment, the newest checkpoint loads, and no more than the steps since then are lost."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from mnistspec.errors import CorruptError
from mnistspec.runs.checkpoints import list_checkpoints
from mnistspec.runs.weights import limit_bytes, load_tensors
from tests.robustness.conftest import STEPS, Bench
from tests.robustness.hooks import DieAt, NoteSteps, save_naively
from tests.robustness.processes import Child, Hook, needs_processes

pytestmark = needs_processes

EVERY = 2  # steps between two checkpoints


def position(run: Path) -> int:
    """Return how many steps the newest checkpoint has behind it; raise CorruptError if it is not whole."""
    for newest in list_checkpoints(run / "checkpoints")[:1]:
        _, metadata = load_tensors(newest, limit_bytes(0))
        return len(metadata["metrics"]) * STEPS + int(metadata["step"])
    return 0


def wait_for(steps: Path, child: Child) -> None:
    """Wait until a child has taken a step, or has ended."""
    while not count_bytes(steps) and child.process.is_alive():
        time.sleep(0.002)


def count_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def straight(bench: Bench, spec: Path) -> bytes:
    """Return the weights of a run that nobody stops."""
    assert bench.start(spec).wait() == 0, bench.children[-1].text
    return (bench.runs[-1] / "model.safetensors").read_bytes()


def kill_until_done(bench: Bench, epochs: int, kills: int) -> Path:
    """Kill one run over and over at random moments, checking what is left each time; return its folder."""
    spec = bench.write_spec()
    chance = random.Random(4)  # noqa: S311 - moments, not secrets
    arguments: list[str | Path] = [spec, "--epochs", str(epochs)]
    run, before = None, 0
    for kill in range(kills):
        steps = bench.path / f"steps{kill}"
        child = bench.start(*arguments, "--checkpoint-every", str(EVERY), hooks=[NoteSteps(steps)])
        if kill % 3:
            wait_for(steps, child)
        time.sleep(chance.uniform(0, 0.1))
        child.send(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, f"the run ended before kill {kill}: {child.text}"
        if run is None:
            run = next((path for path in bench.runs if (path / "resolved.yaml").is_file()), None)
            if run is None:  # killed before it was a run: there is nothing to go on with
                continue
            arguments = ["--resume", run]
        now = position(run)
        assert before <= now
        assert now >= before + count_bytes(steps) - EVERY
        before = now
    assert run is not None
    child = bench.start("--resume", run)
    assert child.wait() == 0, child.text
    assert "warning" not in child.text
    return run


@pytest.mark.parametrize(("epochs", "kills"), [(40, 12), pytest.param(160, 60, marks=pytest.mark.slow)])
def test_one_run_killed_over_and_over_ends_as_if_nothing_had_been(bench: Bench, epochs: int, kills: int) -> None:
    run = kill_until_done(bench, epochs, kills)
    assert bench.start(bench.write_spec(), "--epochs", str(epochs)).wait() == 0
    other = next(path for path in bench.runs if path != run)
    for name in ("model.safetensors", "best.safetensors"):
        assert (run / name).read_bytes() == (other / name).read_bytes()
    assert not list(run.rglob("*.partial"))


def kill_at_points(bench: Bench, points: list[int], hooks: tuple[Hook, ...] = ()) -> int:
    """Kill a run at each of the points of its dealings with files; return how many it came to."""
    spec = bench.write_spec()
    expected = straight(bench, spec)
    killed = 0
    for point in points:
        known = set(bench.runs)
        steps = bench.path / f"steps{point}"
        child = bench.start(spec, "--checkpoint-every", str(EVERY), hooks=[NoteSteps(steps), *hooks, DieAt(point)])
        if child.wait() == 0:
            break
        assert child.process.exitcode == -signal.SIGKILL, child.text
        killed += 1
        (run,) = set(bench.runs) - known
        if not (run / "resolved.yaml").is_file():
            continue
        done = (run / "result.json").is_file()
        assert done or position(run) >= count_bytes(steps) - EVERY
        if not done:
            child = bench.start("--resume", run)
            assert child.wait() == 0, child.text
        assert (run / "model.safetensors").read_bytes() == expected
        assert bench.in_process("evaluate", run, "--data-dir", bench.data_dir, "--json").code == 0
    return killed


def test_killed_at_points_of_its_saves(bench: Bench) -> None:
    points = [3, 16, 24, *range(30, 62, 4)]
    assert kill_at_points(bench, points) == len(points)


@pytest.mark.slow
def test_killed_at_every_point_of_its_saves(bench: Bench) -> None:
    assert kill_at_points(bench, list(range(1, 500))) >= 60


def test_a_naive_save_does_not_pass(bench: Bench) -> None:
    # The nine things that it does to files before are about others than checkpoints.
    with pytest.raises(CorruptError):
        kill_at_points(bench, list(range(10, 30)), (save_naively,))
