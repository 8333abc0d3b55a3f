"""Promise 16: runs that an earlier mnistspec left stay readable. The program made the fixtures; never renew them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from mnistspec.errors import MnistspecError
from mnistspec.runs.folder import RunDir
from tests.robustness.conftest import Bench
from tests.small_mnist import write_mnist

FIXTURES = Path(__file__).parent / "fixtures"
DONE, STOPPED = FIXTURES / "format1_done", FIXTURES / "format1_stopped"


def test_the_finished_run_is_read(bench: Bench) -> None:
    run = RunDir(DONE)
    assert run.result is not None
    assert run.result.status == "done"
    assert [row.epoch for row in run.metrics] == [1, 2]
    assert run.environment.seed == run.spec.train.seed == 1
    for name in ("model", "best"):
        model = run.load_model(name)
        assert sum(parameter.numel() for parameter in model.network.parameters()) == run.result.params
    assert RunDir(DONE).status == "done"
    assert run.predictions is None
    copy = Path(shutil.copytree(DONE, bench.path / "done"))
    outcome = bench.in_process("evaluate", copy, "--data-dir", bench.data_dir, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["test_accuracy"] == pytest.approx(run.result.accuracy, abs=2.5)


def test_the_stopped_run_is_resumed(bench: Bench) -> None:
    """It ends like one that was never stopped; to the bit where this machine computes as the fixtures' did."""
    run = Path(shutil.copytree(STOPPED, bench.path / "stopped"))
    assert bench.train("--resume", run).code == 0
    result = RunDir(run).figures
    assert (result.epochs, result.measured_on, result.data.name) == (2, "test", "mnist")
    assert result.as_data()["format"] == 2
    assert RunDir(run).predictions is not None
    assert bench.train(STOPPED / "spec.yaml", "--seed", "1").code == 0
    anew, done, resumed = (path / "model.safetensors" for path in (bench.runs[0], DONE, run))
    if anew.read_bytes() == done.read_bytes():
        assert resumed.read_bytes() == done.read_bytes()
        for name in ("accuracy", "best_accuracy", "accuracies", "train_accuracy", "best_epoch"):
            assert getattr(result, name) == getattr(RunDir(DONE).figures, name), name
    for name, tensor in RunDir(DONE).load_model().network.state_dict().items():
        torch.testing.assert_close(RunDir(run).load_model().network.state_dict()[name], tensor, rtol=1e-3, atol=1e-4)


def test_evaluate_keeps_predictions_and_changes_nothing_else(bench: Bench) -> None:
    copy = Path(shutil.copytree(DONE, bench.path / "done"))
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    first = bench.in_process("evaluate", copy, "--data-dir", bench.data_dir, "--json")
    assert f"kept {copy / 'predictions.npz'}" in first.err
    second = bench.in_process("evaluate", copy, "--json")  # needs no data any more
    assert json.loads(second.out)["confusion"] == json.loads(first.out)["confusion"]
    assert {path.name: path.read_bytes() for path in copy.iterdir() if path.name != "predictions.npz"} == before


def test_what_cannot_be_kept_is_measured(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder where nothing can be written, or with other data than the run's, evaluate answers all the same."""
    copy = Path(shutil.copytree(DONE, bench.path / "done"))
    other = bench.path / "other"
    other.mkdir()
    write_mnist(other, 160, 30)

    def refuse(path: Path, *_: object) -> None:
        raise MnistspecError(f"cannot write {path}")

    assert bench.in_process("evaluate", copy, "--data-dir", other).code == 0
    monkeypatch.setattr("mnistspec.runs.folder.write_atomically", refuse)
    outcome = bench.in_process("evaluate", copy, "--data-dir", bench.data_dir)
    assert (outcome.code, "kept" in outcome.err) == (0, False)
    assert not (copy / "predictions.npz").exists()


def test_every_file_says_its_format() -> None:
    for path in [*FIXTURES.rglob("*.json"), *FIXTURES.rglob("*.safetensors")]:
        if path.suffix == ".json":
            content = json.loads(path.read_text())
        else:
            with safe_open(path, framework="pt") as file:
                content = json.loads(file.metadata()["mnistspec"])
        assert content["format"] == 1, path
        assert len(content["sha256"]) == 64, path


def test_another_format_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistspec.runs.documents.FORMATS", (2, 3))
    copy = Path(shutil.copytree(DONE, bench.path / "done"))
    outcome = bench.in_process("evaluate", copy, "--data-dir", bench.data_dir)
    assert outcome.code == 4
    assert "its format is '1', but this mnistspec reads the formats 2 and 3" in outcome.err
