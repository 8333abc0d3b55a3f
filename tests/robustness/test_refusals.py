"""Promise 15: a run that cannot go on as it began says which field is in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mnistspec.runs.checkpoints import limit_bytes, list_checkpoints
from mnistspec.runs.weights import load_tensors, save_tensors
from tests.data.formats.idx_folders import write_folder
from tests.robustness.conftest import Bench

CHANGES = {
    "epochs: 2": ("epochs: 1", 'train.epochs was "2", is "1"'),
    "batch_size: 32": ("batch_size: 16", 'train.batch_size was "32", is "16"'),
    "seed: 1": ("seed: 2", 'train.seed was "1", is "2"'),
    "max_lr: 0.2": ("max_lr: 0.3", 'train.scheduler.onecycle.max_lr was "0.2", is "0.3"'),
    "out_channels: 4": ("out_channels: 5", 'layers[1].conv.out_channels was "4", is "5"'),
    "  - maxpool": ("  - avgpool", "layers[4].maxpool.kernel_size was "),
    "name: small": ("name: other", 'name was "small", is "other"'),
}


@pytest.mark.parametrize("old", CHANGES)
def test_a_changed_spec(stopped_copy: Path, bench: Bench, old: str) -> None:
    new, message = CHANGES[old]
    path = stopped_copy / "resolved.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert "resolved.yaml was changed since the checkpoint was taken: " in outcome.err
    assert message.split(" was ")[0].split(".")[0] in outcome.err
    if not old.startswith("  - "):
        assert message in outcome.err


def test_another_data_set(stopped_copy: Path, bench: Bench) -> None:
    other = write_folder(bench.path / "data", 160, 40)
    outcome = bench.in_process("train", "--resume", stopped_copy, "--data-dir", other)
    assert outcome.code == 2
    assert "the run was trained on other files of the data set mnist than these" in outcome.err


@pytest.mark.parametrize(
    "options", [["--epochs", "9"], ["--seed", "2"], ["--set", "train.epochs=1"], ["--name", "x"], ["spec"]]
)
def test_options_that_would_make_it_another_run(stopped_copy: Path, bench: Bench, options: list[str]) -> None:
    if options == ["spec"]:
        options = [str(bench.write_spec())]
    outcome = bench.train("--resume", stopped_copy, *options)
    assert outcome.code == 2
    assert "--resume goes on with a run as it was begun" in outcome.err


def test_a_run_that_is_done(finished: Path, bench: Bench) -> None:
    outcome = bench.train("--resume", finished)
    assert outcome.code == 2
    assert "has done all of its 2 epochs" in outcome.err
    assert "start a new run with --epochs" in outcome.err


def test_a_checkpoint_of_another_format(stopped_copy: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("mnistspec.runs.documents.FORMAT", 2)
        for path in list_checkpoints(stopped_copy / "checkpoints"):
            tensors, metadata = _of_format_1(path)
            save_tensors(path, tensors, metadata)
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert "its format is '2', but this mnistspec reads format 1" in outcome.err


def _of_format_1(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202 - what load_tensors returns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mnistspec.runs.documents.FORMAT", 1)
        tensors, metadata = load_tensors(path, limit_bytes(0))
    del metadata["format"]
    return tensors, metadata


def test_no_run_folder(bench: Bench) -> None:
    for folder in (bench.path, bench.path / "none", bench.write_spec()):
        outcome = bench.train("--resume", folder)
        assert outcome.code == 2
        assert "not a run folder" in outcome.err


def test_a_run_killed_before_its_first_checkpoint_begins_anew(stopped_copy: Path, finished: Path, bench: Bench) -> None:
    shutil.rmtree(stopped_copy / "checkpoints")
    assert bench.train("--resume", stopped_copy).code == 0
    assert (stopped_copy / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()
