"""Promise 7: SIGTERM and Ctrl-C stop a run wherever it is, with 143 and 130; resumed, it ends with the same bytes."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.robustness.conftest import STEPS, Bench
from tests.robustness.hooks import NoteSteps, SignalAt
from tests.robustness.processes import needs_processes

pytestmark = needs_processes

PLACES = {
    "in the first step": ("step", 1),
    "in a step": ("step", STEPS + 2),
    "in the last step": ("step", 2 * STEPS),
    "in a test pass": ("test", 2),
    "in a checkpoint": ("save", 2),
    "in a picture": ("paint", 1),
}


@pytest.mark.parametrize(
    ("place", "signum"),
    [*((place, signal.SIGTERM) for place in PLACES), ("in a step", signal.SIGINT), ("in a picture", signal.SIGINT)],
)
def test_a_signal_stops_a_run_that_resumes(bench: Bench, finished: Path, place: str, signum: signal.Signals) -> None:
    name, count = PLACES[place]
    steps = bench.path / "steps"
    child = bench.start(bench.write_spec(), hooks=[SignalAt(name, signum, count), NoteSteps(steps)])
    assert child.wait() == 128 + signum, child.text
    (run,) = bench.runs
    assert f"resume with: mnistspec train --resume {run}" in " ".join(child.text.split())
    assert "Traceback" not in child.text
    if name == "step":
        assert count <= steps.stat().st_size <= count + 1
    assert not (run / "result.json").exists()
    outcome = bench.train("--resume", run)
    assert outcome.code == 0
    for weights in ("model.safetensors", "best.safetensors"):
        assert (run / weights).read_bytes() == (finished / weights).read_bytes()


def test_a_signal_while_the_result_is_written_comes_after_it(bench: Bench) -> None:
    child = bench.start(bench.write_spec(), hooks=[SignalAt("result", signal.SIGTERM)])
    assert child.wait() == 143
    (run,) = bench.runs
    assert json.loads((run / "result.json").read_text())["status"] == "done"
    assert "test accuracy" in child.text
    assert not (run / "checkpoints").exists()


@pytest.mark.parametrize("first", [SignalAt("step", signal.SIGINT), SignalAt("paint", signal.SIGTERM)])
def test_a_second_signal_ends_it_at_once(bench: Bench, first: SignalAt) -> None:
    """The second one comes while the checkpoint of the first is taken: after none, or after those of two epochs."""
    saves = 1 if first.place == "step" else 3
    child = bench.start(bench.write_spec(), hooks=[first, SignalAt("save", first.signum, saves)])
    assert child.wait() == -first.signum, child.text
    assert "resume with" not in child.text
    (run,) = bench.runs
    assert bench.train("--resume", run).code == 0


def test_a_signal_stops_all_of_several_specs(bench: Bench) -> None:
    child = bench.start(bench.write_spec(), bench.write_spec(name="other"), hooks=[SignalAt("step", signal.SIGTERM)])
    assert child.wait() == 143
    assert [run.parent.name for run in bench.runs] == ["small"]
