"""One training run, from its beginning or from where it stopped, to its end, with everything that it writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from mnistspec.data.datasets import Dataset
from mnistspec.errors import CorruptError, NotFiniteError, UsageError
from mnistspec.network.builder import build_model
from mnistspec.runs.checkpoints import find_checkpoint, hash_text, load_checkpoint, save_checkpoint, sweep_orphans
from mnistspec.runs.environment import describe_environment, find_drift
from mnistspec.runs.files import digest_file, write_text
from mnistspec.runs.folder import RunDir
from mnistspec.runs.result import summarize_run
from mnistspec.spec.dump import dump_spec
from mnistspec.training.evaluation import Evaluation, evaluate
from mnistspec.training.metrics import EpochMetrics
from mnistspec.training.trainer import Progress, Training

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.spec.schema import Spec

# Draws the pictures of a run that has ended: what it trained on, and what it makes of the test set.
Painter: TypeAlias = Callable[[RunDir, Dataset, Evaluation, list[EpochMetrics]], None]
_HASHED = (
    "spec.yaml",
    "resolved.yaml",
    "env.json",
    "summary.txt",
    "metrics.csv",
    "model.safetensors",
    "best.safetensors",
)


class Execution:
    """A run under way: its folder, its training, and what it was warned of."""

    def __init__(self, folder: RunDir, data: Dataset, device: torch.device) -> None:
        """Build the network of the folder's spec, seeded, and go on from the newest checkpoint if there is one."""
        self.folder, self.data = folder, data
        self.environment = describe_environment(device)
        self.warnings: list[str] = []
        self.drift: list[str] = []  # in what the environment has changed since the run began
        spec = folder.spec
        self.resolved = dump_spec(spec)
        torch.manual_seed(spec.train.seed)
        self.training = Training(build_model(spec), data, spec.train, device)
        sweep_orphans(folder.path)
        if (found := find_checkpoint(self._checkpoints, self.warnings.append)) is not None:
            self._resume(*found)

    @classmethod
    def start(
        cls, root: Path, spec: Spec, source: bytes, data: Dataset, device: torch.device, summary: str
    ) -> Execution:
        """Make a new run folder for a spec and the file that it came from; ``summary`` is the text of summary.txt."""
        folder = RunDir.create(root, spec, source, dump_spec(spec), describe_environment(device))
        write_text(folder.path / "summary.txt", summary)
        return cls(folder, data, device)

    @property
    def _checkpoints(self) -> Path:
        return self.folder.path / "checkpoints"

    def _resume(self, tensors: dict[str, dict[str, torch.Tensor]], metadata: dict[str, Any]) -> None:
        if metadata.get("resolved") != self.resolved:
            raise CorruptError(f"{self.folder.path}: resolved.yaml is not what the checkpoint was trained with: "
                               f"{_first_difference(str(metadata.get('resolved')), self.resolved)}")  # fmt: skip
        if metadata.get("data") != self.data.digest:
            raise UsageError(f"{self.folder.path}: the run was trained on other files of {self.data.name} than these")
        try:
            load_checkpoint(self.training, tensors, metadata)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CorruptError(f"{self._checkpoints}: the checkpoint does not fit the run: {error}") from None
        self.drift = find_drift(metadata.get("environment", {}), self.environment)
        self.warnings += [f"not exact to the bit from here on: {change}" for change in self.drift]

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
        except NotFiniteError:
            self._write_result("not finite")
            raise
        self._finish(paint)

    def save(self) -> None:
        """Take a checkpoint of where the training is."""
        save_checkpoint(self._checkpoints, self.training, self.resolved, self.environment)

    def _record_epoch(self) -> None:
        """Write the epoch that has just ended: its row, its weights, the best weights, a checkpoint."""
        metrics = self.training.metrics
        self.folder.write_metrics(metrics)
        if metrics[-1].test_accuracy > max((epoch.test_accuracy for epoch in metrics[:-1]), default=-1.0):
            self._save_model("best")
        self._save_model("model")
        self.save()

    def _save_model(self, name: str) -> None:
        last = self.training.metrics[-1]
        self.folder.save_model(name, self.training.model, {
            "name": self.folder.spec.name,
            "spec": hash_text(self.resolved),
            "data": self.data.name,
            "data_digest": self.data.digest,
            "classes": list(self.data.class_names),
            "mean": self.data.mean,
            "std": self.data.std,
            "epoch": last.epoch,
            "test_accuracy": last.test_accuracy,
        })  # fmt: skip

    def _finish(self, paint: Painter) -> None:
        """Draw the pictures, which may fail, then write the result."""
        data = self.training.data
        test = evaluate(self.training.model, data.test_images, data.test_labels, mean=data.mean, std=data.std)
        try:
            paint(self.folder, self.training.data, test, self.training.metrics)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a picture must not cost the run
            self.warnings.append(f"the pictures could not be drawn: {type(error).__name__}: {error}")
        self._write_result("done")
        shutil.rmtree(self._checkpoints, ignore_errors=True)  # nothing goes on from here; model.safetensors has the weights

    def _write_result(self, status: str) -> None:
        """Write result.json, the last file of a run, with the SHA-256 of the others."""
        path = self.folder.path
        result = summarize_run(self.folder.spec, self.training.metrics, status)
        files = {name: digest_file(path / name) for name in _HASHED if (path / name).is_file()}
        self.folder.write_json("result.json", {**result, "drift": self.drift, "files": files})


def open_run(path: Path) -> RunDir:
    """Return the folder of a run that can go on; raise UsageError for one that has ended."""
    folder = RunDir(path)
    if (result := folder.result) is not None and result.get("status") == "done":
        raise UsageError(
            f"{path}: this run has done all of its {result.get('epochs')} epochs, and its schedule has ended; "
            "to train for longer, start a new run with --epochs"
        )
    return folder


def _first_difference(old: str, new: str) -> str:
    """Return the first line in which two resolved specs differ."""
    for before, now in zip(old.splitlines(), new.splitlines(), strict=False):
        if before != now:
            return f'"{before.strip()}" became "{now.strip()}"'
    return "lines are missing"
