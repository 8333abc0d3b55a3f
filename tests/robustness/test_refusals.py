"""Promise 15: a run that cannot go on as it began says which field is in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mnistspec.runs.checkpoints import list_checkpoints
from mnistspec.runs.weights import limit_bytes, load_tensors, save_tensors
from tests.formats.idx_folders import write_folder
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
    assert "--resume continues a run as it was started" in outcome.err


def test_a_run_that_is_done(finished: Path, bench: Bench) -> None:
    outcome = bench.train("--resume", finished)
    assert outcome.code == 2
    assert "has done all of its 2 epochs" in outcome.err
    assert "start a new run with --epochs" in outcome.err


def test_a_checkpoint_of_another_format(stopped_copy: Path, bench: Bench) -> None:
    for path in list_checkpoints(stopped_copy / "checkpoints"):
        tensors, metadata = load_tensors(path, limit_bytes(0))
        save_tensors(path, tensors, {**metadata, "format": 3})
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert "its format is '3', but this mnistspec reads the formats 1 and 2" in outcome.err


def test_no_run_folder(bench: Bench) -> None:
    nothing = bench.path / "nothing"
    nothing.mkdir()
    for folder, message in (
        (nothing, "not a run folder"),
        (bench.path / "none", "no such folder"),
        (bench.write_spec(), "not a folder"),
    ):
        outcome = bench.train("--resume", folder)
        assert outcome.code == 2
        assert f"{folder}: {message}" in outcome.err


@pytest.mark.parametrize("lost", [(), ("metrics.csv",), ("model.safetensors", "best.safetensors")])
def test_a_run_whose_checkpoints_are_lost_begins_anew_on_purpose_only(
    stopped_copy: Path, finished: Path, bench: Bench, lost: tuple[str, ...]
) -> None:
    shutil.rmtree(stopped_copy / "checkpoints")
    for name in lost:
        (stopped_copy / name).unlink()
    before = {path.name: path.read_bytes() for path in stopped_copy.iterdir() if path.is_file()}
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert "its checkpoints are lost" in outcome.err
    assert f"train --resume {stopped_copy} --restart" in " ".join(outcome.err.split())
    assert {path.name: path.read_bytes() for path in stopped_copy.iterdir() if path.is_file()} == before
    assert bench.train("--resume", stopped_copy, "--restart").code == 0
    assert (stopped_copy / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()


def test_a_finished_run_that_lost_its_result_is_not_trained_again(finished_copy: Path, bench: Bench) -> None:
    (finished_copy / "result.json").unlink()
    before = (finished_copy / "model.safetensors").read_bytes()
    assert bench.train("--resume", finished_copy).code == 4
    assert (finished_copy / "model.safetensors").read_bytes() == before


def test_restart_needs_a_run(bench: Bench) -> None:
    outcome = bench.train("--restart", bench.write_spec())
    assert outcome.code == 2
    assert "--resume RUN" in outcome.err


def test_a_run_killed_before_its_first_epoch_begins_anew(stopped_copy: Path, finished: Path, bench: Bench) -> None:
    shutil.rmtree(stopped_copy / "checkpoints")
    for name in ("metrics.csv", "model.safetensors", "best.safetensors"):
        (stopped_copy / name).unlink()
    assert bench.train("--resume", stopped_copy).code == 0
    assert (stopped_copy / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()
