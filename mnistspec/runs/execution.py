"""One training run, from its beginning or from where it stopped, to its end, with everything that it writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import torch

from mnistspec.data.dataset import Dataset
from mnistspec.errors import CorruptError, NotFiniteError, UsageError
from mnistspec.files import hash_text, remove
from mnistspec.network.builder import build_model, sketch_model
from mnistspec.runs.checkpoints import (
    Parts,
    find_checkpoint,
    list_checkpoints,
    list_traces,
    load_checkpoint,
    refuse_links,
    save_checkpoint,
    sweep_orphans,
)
from mnistspec.runs.drift import describe_change, find_drift
from mnistspec.runs.environment import describe_environment
from mnistspec.runs.folder import RunDir
from mnistspec.runs.lock import lock_folder
from mnistspec.runs.measurement import Measured
from mnistspec.runs.models import Position, Weights
from mnistspec.runs.predictions import Predictions
from mnistspec.runs.result import describe_data, refuse_ended, summarize_run
from mnistspec.runs.weights import save_tensors
from mnistspec.training.feasibility import check_training
from mnistspec.training.metrics import EpochMetrics
from mnistspec.training.trainer import Training

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.language.spec import Spec
    from mnistspec.training.meter import Progress

# Draws the pictures of a run that has ended: what it trained on, and what it makes of the test set.
Painter: TypeAlias = Callable[[RunDir, Dataset, Predictions, list[EpochMetrics]], None]


class Execution:
    """A run under way: its folder, which no other process may train in until ``close``, its training, its warnings."""

    def __init__(self, folder: RunDir, data: Dataset, device: torch.device, *, restart: bool = False) -> None:
        """Build the network of the folder's spec, seeded, and resume from the newest checkpoint if there is one.

        With ``restart`` what an earlier attempt left is removed, and the run begins anew.
        """
        self.folder, self.data = folder, data
        self.environment = describe_environment(device, data.path)
        self.warnings: list[str] = []
        self.drift: list[str] = []  # in what the environment has changed since the run began
        self._ending = False
        with ExitStack() as lock:  # let go of if anything goes wrong here
            self._open(folder, data, device, lock, restart=restart)
            self._lock = lock.pop_all()

    def _open(self, folder: RunDir, data: Dataset, device: torch.device, lock: ExitStack, *, restart: bool) -> None:
        refuse_links(folder.path)
        try:
            lock.enter_context(lock_folder(self._checkpoints, "lock"))
        except UsageError:
            raise UsageError(f"{folder.path}: another process is training this run; wait for it to end") from None
        refuse_ended(folder)
        torch.manual_seed(folder.spec.train.seed)
        self.training = Training(build_model(folder.spec), data, folder.spec.train, device)
        sweep_orphans(folder.path)
        if restart:
            for path in (*list_traces(folder.path), *list_checkpoints(self._checkpoints)):
                remove(path)
        found = find_checkpoint(self._checkpoints, folder.spec.params, self.warnings.append)
        if found is not None:
            self._resume(*found)
        elif traces := list_traces(folder.path):
            raise CorruptError(
                f"{folder.path}: its checkpoints are lost: it has {', '.join(path.name for path in traces)}, but "
                "nothing to resume from; to train it again from the beginning and lose these: "
                f"mnistspec train --resume {folder.path} --restart"
            )
        else:
            folder.add_environment(self.environment)

    @classmethod
    def start(
        cls, root: Path, spec: Spec, source: bytes, data: Dataset, device: torch.device, summary: str
    ) -> Execution:
        """Make a new run folder for a spec and the file that it came from; ``summary`` is the text of summary.txt."""
        environment = describe_environment(device, data.path)
        return cls(RunDir.create(root, spec, source, spec.as_yaml(), environment, summary), data, device)

    def close(self) -> None:
        """Let other processes resume the run."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _checkpoints(self) -> Path:
        return self.folder.path / "checkpoints"

    @property
    def busy(self) -> bool:
        """Whether an interruption has to wait: a step is under way, or the run is about to have ended."""
        return self._ending or self.training.busy

    @property
    def can_resume(self) -> bool:
        """Whether there is a checkpoint to resume from."""
        return bool(list_checkpoints(self._checkpoints))

    def _resume(self, parts: Parts, position: Position) -> None:
        path = self.folder.path
        if position.resolved != self.folder.resolved:
            change = describe_change(position.resolved, self.folder.resolved)
            raise CorruptError(f"{path}: resolved.yaml was changed since the checkpoint was taken: {change}")
        if position.data != self.data.digest:
            raise UsageError(f"{path}: the run was trained on other files of the data set {self.data.name} than these")
        try:
            load_checkpoint(self.training, parts, position)
        except ValueError as error:
            raise CorruptError(f"{self._checkpoints}: the checkpoint does not fit the run: {error}") from None
        changes = find_drift(position.environment, self.environment)
        self.drift = [*position.drift, *changes]
        self.warnings += [f"not exact to the bit from here on: {change}" for change in changes]
        if self.training.metrics:  # a run that was stopped just now may not have come to this
            self._save_best()
            if self.training.step == 0:
                self._save_last()

    def run(self, paint: Painter, checkpoint_every: int | None = None) -> Iterator[Progress]:
        """Train to the end, writing as it goes; a checkpoint is taken after each epoch, or more often if asked."""
        training = self.training
        self.folder.write_metrics(training.metrics)
        try:
            for progress in training.run():
                if progress.metrics:
                    self._record_epoch()
                elif checkpoint_every and progress.step % checkpoint_every == 0:
                    self.save()
                yield progress
        except NotFiniteError as error:
            self._write_result("not finite", problem=str(error))
            raise
        self._finish(paint)

    def save(self) -> None:
        """Take a checkpoint of where the training is, unless it is not finite: its next step will say so."""
        training = self.training
        if training.is_finite():
            position = Position(
                metrics=training.metrics, step=training.step, seconds=training.seconds, resolved=self.folder.resolved,
                data=self.data.digest, environment=self.environment, drift=self.drift,
            )  # fmt: skip
            save_checkpoint(self._checkpoints, training, position)

    def _record_epoch(self) -> None:
        """Write the epoch that has just ended: a checkpoint, which makes the rest good, its row, its weights."""
        training = self.training
        self.save()
        self.folder.write_metrics(training.metrics)
        if training.best_epoch == training.epoch:
            self._save_best()
        self._save_last()

    def _save_last(self) -> None:
        self._save_model("model", self.training.model.state_dict(), self.training.epoch)

    def _save_best(self) -> None:
        self._save_model("best", self.training.best, self.training.best_epoch)

    def _save_model(self, name: Literal["model", "best"], tensors: dict[str, torch.Tensor], epoch: int) -> None:
        metadata = Weights(
            name=self.folder.spec.name,
            data=self.data.name,
            data_digest=self.data.digest,
            classes=list(self.data.class_names),
            mean=list(self.data.mean),
            std=list(self.data.std),
            epoch=epoch,
            measured_on=Measured.of(self.folder.spec),
            accuracy=self.training.metrics[epoch - 1].test_accuracy,
            weights=name,
            spec=hash_text(self.folder.resolved),
        )
        save_tensors(self.folder.path / f"{name}.safetensors", tensors, metadata.as_data())

    def _finish(self, paint: Painter) -> None:
        """Keep the predictions, draw the pictures, which may fail, then write the result."""
        training, data = self.training, self.training.data
        test = training.evaluation or training.evaluate()  # a run that was stopped just now has tested elsewhere
        predictions = Predictions.of(test, data.test_images, data.class_names)
        self.folder.write_predictions(predictions, data.name, data.digest, training.epoch)
        try:
            paint(self.folder, data, predictions, training.metrics)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a picture must not cost the run
            self.warnings.append(f"the pictures could not be drawn: {type(error).__name__}: {error}")
        self._ending = True
        self._write_result("done", predictions)
        # Nothing resumes from here; model.safetensors has the weights.
        shutil.rmtree(self._checkpoints, ignore_errors=True)

    def _write_result(
        self, status: Literal["done", "not finite"], predictions: Predictions | None = None, problem: str | None = None
    ) -> None:
        spec = self.folder.spec
        data = describe_data(self.data, spec.train.holdout)
        result = summarize_run(spec, self.training.metrics, status, data=data, predictions=predictions)
        more = {"kernels": self.training.kernels, "problem": problem, "drift": self.drift}
        self.folder.write_result(result.model_copy(update=more))


def check_start(spec: Spec, data: Dataset, device: torch.device) -> None:
    """Raise UsageError, before there is a run folder, where a spec cannot be trained on this data and device."""
    check_training(sketch_model(spec), data.hold_out(spec.train.holdout), spec.train, device)
