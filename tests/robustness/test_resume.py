"""Promises 2 to 4: a resumed run is the straight run, whatever happens beside it; where it may differ, it says so."""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnistspec.data.dataset import load_dataset
from mnistspec.language.loader import load_spec
from mnistspec.network.builder import build_model
from mnistspec.runs.checkpoints import list_checkpoints
from mnistspec.runs.environment import describe_environment
from mnistspec.runs.execution import Execution
from mnistspec.runs.folder import RunDir
from mnistspec.runs.models import Environment
from mnistspec.runs.weights import limit_bytes, load_tensors
from mnistspec.training.trainer import Training
from tests.robustness.conftest import STEPS, Bench
from tests.robustness.hooks import SignalAt, keep_checkpoints
from tests.robustness.processes import Hook, needs_processes

SCHEDULERS = (
    "constant",
    "onecycle: {max_lr: 0.2}",
    "cosine: {warmup: {epochs: 0.5}}",
    "step: {step_size: 1, gamma: 0.5}",
    "multistep: {milestones: [1, 2], warmup: {epochs: 1.5}}",
    "exponential: 0.9",
)
OPTIMIZERS = (
    "sgd: {lr: 0.1, momentum: 0.9, nesterov: true}",
    "sgd: 0.1",  # with a momentum all the same: the cycle brings its own
    "adamw: 0.01",
    "nadam: 0.01",
    "rmsprop: {lr: 0.01, momentum: 0.5, centered: true}",
    "adam: {lr: 0.01, amsgrad: true}",
)
DROPOUTS = ("relu", "dropout: 0.05", "dropout: 0.4")  # drawn sparsely, and by a mask
NORMS = ("relu", "bn")
AUGMENTS = ("[]", "[rotation: 8, affine: {translate: 0.1, shear: 5}, color_jitter: {brightness: 0.2}]")


def write(bench: Bench, scheduler: str, optimizer: str, dropout: str, norm: str, augment: str) -> Path:
    layers = f"[conv: 4, {norm}, relu, maxpool, {dropout}, conv: 6, {norm}, gap, {dropout}, fc: 10]"
    train = f"epochs: 3, batch_size: 32, optimizer: {{{optimizer}}}, augment: {augment}"
    scheduler = f"{{{scheduler}}}" if ":" in scheduler else scheduler
    return bench.write_spec(f"layers: {layers}\ntrain: {{{train}, scheduler: {scheduler}}}\n")


def last_state(run: Path) -> dict[str, torch.Tensor]:
    """Return model, best model, optimizer and meter as the run ended with them."""
    return load_tensors(list_checkpoints(run / "checkpoints")[0], limit_bytes(0))[0]


def rows(run: Path) -> list[list[str]]:
    """Return metrics.csv without the seconds, which are the last column."""
    return [line.split(",")[:-1] for line in (run / "metrics.csv").read_text().splitlines()]


def check_same(run: Path, other: Path) -> None:
    """Hold everything of two runs against each other that is to be the same."""
    for name in ("model.safetensors", "best.safetensors", "resolved.yaml"):
        assert (run / name).read_bytes() == (other / name).read_bytes(), name
    assert rows(run) == rows(other)
    one, two = last_state(run), last_state(other)
    assert one.keys() == two.keys()
    for name in one:
        assert torch.equal(one[name], two[name]), name


def check_exact(bench: Bench, spec: Path, *stops: int) -> None:
    """Train straight, and again with stops after so many steps of each process."""
    assert bench.start(spec, hooks=[keep_checkpoints]).wait() == 0, bench.children[-1].text
    arguments: list[str | Path] = [spec]
    for stop in stops:
        hooks: list[Hook] = [SignalAt("step", signal.SIGTERM, stop), keep_checkpoints]
        assert bench.start(*arguments, hooks=hooks).wait() == 143, bench.children[-1].text
        arguments = ["--resume", bench.runs[-1]]
    assert bench.start(*arguments, hooks=[keep_checkpoints]).wait() == 0, bench.children[-1].text
    straight, resumed = bench.runs
    check_same(straight, resumed)


EVERYTHING = list(itertools.product(SCHEDULERS, OPTIMIZERS, DROPOUTS, NORMS, AUGMENTS))
# Each scheduler and optimizer once; drawn once and for all from the rest.
FEW = [(SCHEDULERS[i], OPTIMIZERS[i], DROPOUTS[i % 3], NORMS[i % 2], AUGMENTS[(i + 1) // 2 % 2]) for i in range(6)]
MANY = random.Random(2).sample(EVERYTHING, 40)  # noqa: S311 - a choice of tests


@needs_processes
@pytest.mark.parametrize("index", range(len(FEW)))
def test_a_run_stopped_within_epochs_ends_as_the_straight_run(bench: Bench, index: int) -> None:
    check_exact(bench, write(bench, *FEW[index]), 3 + index, 2 + index)


@needs_processes
def test_a_momentum_that_begins_at_nothing(bench: Bench) -> None:
    """The buffer is there from the second step on."""
    cycle = "onecycle: {max_lr: 0.2, base_momentum: 0.5, max_momentum: 0.0}"
    check_exact(bench, write(bench, cycle, "sgd: 0.1", "relu", "bn", "[]"), 1, 1, 3)


@needs_processes
@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(MANY)))
def test_many_runs_stopped_within_epochs_end_as_the_straight_runs(bench: Bench, index: int) -> None:
    check_exact(bench, write(bench, *MANY[index]), 1 + index % 7, STEPS)


@pytest.mark.slow
def test_a_process_of_its_own_that_begins_with_nothing(bench: Bench) -> None:
    spec = write(bench, *FEW[1])
    assert bench.train(spec).code == 0
    assert bench.start(spec, hooks=[SignalAt("step", signal.SIGTERM, STEPS + 2)]).wait() == 143
    straight, resumed = bench.runs
    command = [
        sys.executable,
        "-m",
        "mnistspec",
        *bench.arguments("--resume", resumed),
        f"--threads={torch.get_num_threads()}",
    ]
    subprocess.run([str(part) for part in command], check=True)
    assert (straight / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()


def train(data_dir: Path, spec: Path, *, disturb: bool) -> dict[str, torch.Tensor]:
    """Train, perhaps with others that draw, evaluate, change the seeds and the number of steps taken at a time."""
    resolved = load_spec(spec)
    torch.manual_seed(resolved.train.seed)
    training = Training(
        build_model(resolved), load_dataset("mnist", data_dir=data_dir), resolved.train, torch.device("cpu")
    )
    for progress in training.run():
        if disturb:
            torch.manual_seed(progress.step)
            torch.rand(3)
            np.random.seed(progress.step)  # noqa: NPY002 - just that is disturbed
            random.seed(progress.step)
            training.model.eval()
            training.model(torch.rand(5, 1, 28, 28))
            training.model.train()
            training.state_dict()
    return training.state_dict()["model"]


def test_what_happens_beside_a_training_does_not_change_it(bench: Bench) -> None:
    spec = write(bench, "onecycle: {max_lr: 0.2}", OPTIMIZERS[0], DROPOUTS[1], "bn", AUGMENTS[1])
    calm, disturbed = (train(bench.data_dir, spec, disturb=disturb) for disturb in (False, True))
    assert all(torch.equal(calm[name], disturbed[name]) for name in calm)


def test_checkpoints_pictures_and_summaries_do_not_change_the_bytes(bench: Bench) -> None:
    spec = bench.write_spec()
    assert bench.train(spec).code == 0
    bench.in_process("build", spec, "--summary")
    assert bench.train(spec, "--checkpoint-every", "1", "--json").code == 0
    one, two = bench.runs
    for name in ("model.safetensors", "best.safetensors", "resolved.yaml", "summary.txt", "spec.yaml"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert rows(one) == rows(two)


CHANGED: dict[str, Any] = {"threads": 99, "device": "other", "cpu": "other"}


@pytest.mark.parametrize("change", ["torch", *CHANGED])
def test_another_environment_is_warned_of_and_noted(
    stopped_copy: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    def elsewhere(device: torch.device, data_dir: str | None) -> Environment:
        environment = describe_environment(device, data_dir)
        packages = {"packages": {**environment.packages, "torch": "1.0"}}
        changes = packages if change == "torch" else {change: CHANGED[change]}
        return environment.model_copy(update=changes)

    # It is warned of in the process that goes on elsewhere, and noted by the next one, too.
    with monkeypatch.context() as patch:
        patch.setattr("mnistspec.runs.execution.describe_environment", elsewhere)
        data = load_dataset("mnist", data_dir=bench.data_dir)
        with Execution(RunDir(stopped_copy), data, torch.device("cpu")) as moved:
            assert len(moved.warnings) == 1
            assert f"not exact to the bit from here on: {change} was" in moved.warnings[0]
            moved.save()
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 0
    assert f"warning: not exact to the bit from here on: {change} was" in outcome.err
    drift = json.loads((stopped_copy / "result.json").read_text())["drift"]
    assert len(drift) == 2
    assert drift[0].endswith(("is 1.0", "is other", "is 99"))


def test_the_same_environment_is_no_drift(stopped_copy: Path, bench: Bench) -> None:
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 0
    assert "warning" not in outcome.err
    assert json.loads((stopped_copy / "result.json").read_text())["drift"] == []
