"""Promise 8: a loss that is not finite ends the run with 3; the last finite state is kept, and the rest never best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistspec.errors import NotFiniteError
from mnistspec.runs.checkpoints import list_checkpoints
from mnistspec.runs.folder import RunDir
from mnistspec.runs.weights import limit_bytes, load_tensors
from mnistspec.training.evaluation import Evaluation, evaluate
from mnistspec.training.trainer import Training
from tests.robustness.conftest import STEPS, Bench


def spoil(patch: pytest.MonkeyPatch, at: int, value: float) -> None:
    """Let a step leave weights that are not finite, though its loss was."""
    take_step = Training._take_step

    def take(training: Training, batch: torch.Tensor) -> None:
        take_step(training, batch)
        if training.epoch * STEPS + training.step == at:
            with torch.no_grad():
                next(training.model.parameters()).fill_(value)

    patch.setattr(Training, "_take_step", take)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("at", [STEPS + 1, STEPS + 3, 2 * STEPS])
def test_what_is_kept_is_finite(bench: Bench, monkeypatch: pytest.MonkeyPatch, at: int, value: float) -> None:
    spoil(monkeypatch, at, value)
    outcome = bench.train(bench.write_spec(), "--checkpoint-every", "1")
    assert outcome.code == 3
    for word in ("at epoch 2, step", "with lr ", "try a lower lr"):
        assert word in outcome.err
    (run,) = bench.runs
    newest, before = list_checkpoints(run / "checkpoints")
    for path in (newest, before, run / "model.safetensors", run / "best.safetensors"):
        tensors, metadata = load_tensors(path, limit_bytes(0))
        assert all(tensor.isfinite().all() for tensor in tensors.values())
    assert metadata["epoch"] == 1
    newest_step = load_tensors(newest, limit_bytes(0))[1]["step"]
    assert STEPS + newest_step == at - 1
    result = json.loads((run / "result.json").read_text())
    assert (result["status"], result["epochs"], result["best_epoch"]) == ("not finite", 1, 1)
    assert RunDir(run).load_model("best").epoch == 1
    assert bench.in_process("evaluate", run, "--data-dir", bench.data_dir).code == 0


def test_a_learning_rate_that_is_too_high(bench: Bench) -> None:
    spec = bench.write_spec(
        "layers: [conv: 4, gap, fc: 10]\ntrain: {epochs: 5, batch_size: 16, optimizer: {sgd: 100}}\n"
    )
    outcome = bench.train(spec)
    assert outcome.code == 3
    assert "the loss is " in outcome.err
    assert "with lr 100" in outcome.err
    (run,) = bench.runs
    again = bench.train("--resume", run)
    assert again.code == 3
    assert "cannot resume: it would fail the same way: the loss is " in again.err


def test_a_signal_does_not_save_what_is_not_finite(bench: Bench, stopped_copy: Path) -> None:
    from mnistspec.data.dataset import load_dataset  # noqa: PLC0415 - here alone
    from mnistspec.runs.execution import Execution  # noqa: PLC0415 - here alone

    before = {path: path.read_bytes() for path in list_checkpoints(stopped_copy / "checkpoints")}
    data = load_dataset("mnist", data_dir=bench.data_dir)
    with Execution(RunDir(stopped_copy), data, torch.device("cpu")) as execution:
        with torch.no_grad():
            next(execution.training.model.parameters()).fill_(float("nan"))
        execution.save()
    assert {path: path.read_bytes() for path in list_checkpoints(stopped_copy / "checkpoints")} == before


def test_a_test_loss_that_is_not_finite(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(*arguments: Any, **named: Any) -> Evaluation:
        evaluation = evaluate(*arguments, **named)
        logits = evaluation.logits.clone()
        logits[0, 0] = float("inf")
        return Evaluation(logits, evaluation.labels)

    monkeypatch.setattr("mnistspec.training.trainer.evaluate", overflow)
    outcome = bench.train(bench.write_spec())
    assert outcome.code == 3
    assert "the test loss is nan at epoch 1" in outcome.err
    (run,) = bench.runs
    assert not (run / "best.safetensors").exists()
    assert NotFiniteError.exit_code == 3
