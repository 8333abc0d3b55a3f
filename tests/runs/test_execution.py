"""A run under way: when it may be interrupted, when it takes checkpoints, which files its epochs leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch

from mnistspec.data.dataset import Dataset, load_dataset
from mnistspec.errors import UsageError
from mnistspec.language.loader import load_spec
from mnistspec.runs.execution import Execution
from mnistspec.runs.folder import RunDir
from tests.small_mnist import write_mnist
from tests.sweeps.fakes import TINY, write_spec

CPU = torch.device("cpu")
STEPS = 4  # of an epoch: 100 images, 32 a batch


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A few images of MNIST."""
    return load_dataset("mnist", data_dir=write_mnist(tmp_path_factory.mktemp("mnist"), 100, 50))


@pytest.fixture
def execution(tmp_path: Path, data: Dataset) -> Iterator[Execution]:
    """A run of three epochs that has not begun."""
    spec = load_spec(write_spec(tmp_path, text=TINY))
    with Execution.start(tmp_path / "runs", spec, b"", data, CPU, "summary") as begun:
        yield begun


def run(execution: Execution, steps: int | None = None, every: int | None = None) -> list[tuple[int, int]]:
    """Take steps, without pictures, and return epoch and step of each; a test pass counts as one."""
    progress = execution.run(lambda *_: None, checkpoint_every=every)
    return [(step.epoch, step.step) for step in islice(progress, steps)]


def test_the_end_is_not_to_be_interrupted(execution: Execution, monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[tuple[str, bool]] = []

    def wrap(name: str) -> None:
        original = getattr(execution, name)

        def note(*arguments: object) -> None:
            busy.append((name, execution.busy))
            original(*arguments)

        monkeypatch.setattr(execution, name, note)

    wrap("_write_result")
    wrap("_record_epoch")
    assert not execution.busy
    assert run(execution) == [(epoch, step) for epoch in (1, 2, 3) for step in (1, 2, 3, 4, 4)]
    assert busy == [("_record_epoch", False)] * 3 + [("_write_result", True)]
    assert not (execution.folder.path / "checkpoints").exists()


@pytest.mark.parametrize(("every", "saved"), [(None, []), (1, [1, 2, 3, 4]), (2, [2, 4]), (3, [3]), (5, [])])
def test_checkpoints_are_taken_as_often_as_asked(
    execution: Execution, monkeypatch: pytest.MonkeyPatch, every: int | None, saved: list[int]
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(execution, "save", lambda: taken.append(execution.training.step))
    assert not execution.can_resume
    run(execution, STEPS + 1, every)
    assert taken == [*saved, 0]  # the last of an epoch that has ended


def test_weights_are_of_their_epoch(execution: Execution, data: Dataset) -> None:
    run(execution)
    folder = RunDir(execution.folder.path)
    metrics = folder.metrics
    for name, epoch in (("model", 3), ("best", folder.figures.best_epoch)):
        weights = folder.weights(name)
        assert (weights.epoch, weights.weights, weights.data_digest) == (epoch, name, data.digest)
        assert weights.accuracy == metrics[weights.epoch - 1].test_accuracy


@pytest.mark.parametrize(("steps", "there"), [(STEPS + 1, ["best", "model"]), (STEPS + 2, ["best"]), (2, [])])
def test_what_a_stop_left_out_is_written_when_it_resumes(
    execution: Execution, data: Dataset, steps: int, there: list[str]
) -> None:
    run(execution, steps, every=1)
    folder = execution.folder.path
    execution.close()
    for path in folder.glob("*.safetensors"):
        path.unlink()
    with Execution(RunDir(folder), data, CPU) as resumed:
        assert resumed.can_resume
        assert (resumed.training.epoch, resumed.training.step) == divmod(steps, STEPS + 1)
        assert (resumed.warnings, resumed.drift) == ([], [])
        assert sorted(path.stem for path in folder.glob("*.safetensors")) == there
        with pytest.raises(UsageError, match="another process is training this run"):
            Execution(RunDir(folder), data, CPU)
        run(resumed)
    assert RunDir(folder).status == "done"


def test_a_resumed_run_says_what_has_changed(
    execution: Execution, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(execution, STEPS + 1)
    execution.close()
    before = execution.environment
    now = before.model_copy(update={"threads": 99})
    monkeypatch.setattr("mnistspec.runs.execution.describe_environment", lambda *_: now)
    with Execution(RunDir(execution.folder.path), data, CPU) as resumed:
        assert resumed.drift == [f"threads was {before.threads}, is 99"]
        assert resumed.warnings == [f"not exact to the bit from here on: {resumed.drift[0]}"]
        run(resumed)
    assert RunDir(execution.folder.path).figures.drift == resumed.drift


def test_other_data_of_the_same_name_are_refused(execution: Execution, data: Dataset) -> None:
    run(execution, STEPS + 1)
    execution.close()
    other = dataclasses.replace(data, digest="0" * 64)
    with pytest.raises(UsageError, match="the run was trained on other files of the data set mnist than these"):
        Execution(RunDir(execution.folder.path), other, CPU)
