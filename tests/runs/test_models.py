"""The models of the files of a run: the page names every key, both formats are read, what is wrong is located."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnistspec import load_spec
from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import compare_runs
from mnistspec.errors import CorruptError
from mnistspec.runs import listing, models
from mnistspec.runs.documents import read_json, write_json
from mnistspec.runs.folder import RunDir
from mnistspec.runs.measurement import Measured
from mnistspec.training.metrics import EpochMetrics
from mnistspec.views.terminal.leaderboard import difference_text
from tests.command_line import run_main
from tests.places import ROOT
from tests.small_mnist import write_mnist
from tests.sweeps.fakes import TINY, make_run, write_spec

PAGE = (ROOT / "docs" / "run-folder.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "model",
    [
        models.Result, models.DataRecord, models.ClassFigures, models.Seconds, models.Target, models.Environment,
        models.Weights, models.Position, models.PredictionsRecord, listing.SweepRow, listing.SweepTable, EpochMetrics,
    ],
)  # fmt: skip
def test_the_page_names_every_key(model: Any) -> None:
    named = getattr(model, "named", ())
    for name in model.model_fields:
        assert f"`{Measured.test.key(name) if name in named else name}`" in PAGE, name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seconds": {"total": "long"}}, "seconds.total: input should be a valid"),
        ({"test_accuracy": 100.5}, "test_accuracy: input should be less than or equal to 100"),
        ({"holdout_accuracy": 90.0}, "holdout_accuracy: extra inputs are not permitted"),
        ({"seed": True}, "seed: input should be a valid integer"),
        ({"status": "finished"}, "status: input should be 'done' or 'not finite'"),
    ],
)
def test_a_wrong_result_is_located(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    file = make_run(tmp_path, load_spec(write_spec(tmp_path)), 90.0) / "result.json"
    write_json(file, {**read_json(file), **change})
    with pytest.raises(CorruptError) as caught:
        _ = RunDir(file.parent).result
    assert str(caught.value).startswith(f"{file}: ")
    assert words in str(caught.value)


def test_half_of_a_surrogate_pair_is_no_text(tmp_path: Path) -> None:
    file = make_run(tmp_path, load_spec(write_spec(tmp_path)), 90.0) / "result.json"
    write_json(file, {**read_json(file), "name": "\ud800"})
    with pytest.raises(CorruptError, match=r"result\.json"):
        _ = RunDir(file.parent).result


def test_held_out_figures_are_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_mnist(tmp_path, 64, 20)
    path = write_spec(tmp_path, text=TINY.replace("epochs: 3", "epochs: 1, holdout: 16"))
    assert not run_main("train", path, "--data-dir", data, "--runs", tmp_path / "runs")
    out = capsys.readouterr().out
    assert "held-out accuracy" in out
    assert "test accuracy" not in out
    assert "test set" not in out
    (folder,) = (tmp_path / "runs" / "tiny").iterdir()
    result = json.loads((folder / "result.json").read_text())
    assert {"holdout_accuracy", "best_holdout_accuracy", "holdout_accuracies"} < result.keys()
    assert not [key for key in result if key.startswith("test") or "_test_" in key]
    assert result["data"]["counts"] == {"train": 48, "test": 20, "holdout": 16}
    run = RunDir(folder)
    assert "holdout_accuracy" in (folder / "metrics.csv").read_text().splitlines()[0]
    assert run.metrics[-1].test_accuracy == run.figures.accuracy == run.weights().accuracy
    assert run.predictions is not None
    assert len(run.predictions.labels) == 16


def test_runs_on_other_data_are_another_series(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    for seed in (0, 1):
        for digest, accuracy in (("a" * 64, 90.0), ("b" * 64, 95.0)):
            make_run(tmp_path / "runs", load_spec(spec, [f"train.seed={seed}"]), accuracy + seed, digest=digest)
    collection = collect_runs([tmp_path / "runs"])
    assert collection.left_out == []
    comparison = compare_runs(collection.runs)
    assert [series.accuracies for series in comparison.all_series] == [(95.0, 96.0), (90.0, 91.0)]
    assert comparison.contrast is not None
    assert comparison.contrast.interval is None
    assert "cannot be compared" in difference_text(comparison)
