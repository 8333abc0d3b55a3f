"""Promise 16: runs that an earlier mnistspec left stay readable. The program made the fixtures; never renew them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors import safe_open

from mnistspec.runs.folder import RunDir
from tests.robustness.conftest import Bench

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


def test_the_stopped_run_goes_on(bench: Bench) -> None:
    run = Path(shutil.copytree(STOPPED, bench.path / "stopped"))
    outcome = bench.train("--resume", run)
    assert outcome.code == 0
    assert json.loads((run / "result.json").read_text())["epochs"] == 2


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
