"""The run folder: everything that one training run leaves behind, and reading it back."""

from __future__ import annotations

import csv
import io
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeGuard

import torch

from mnistspec.errors import CorruptError, UsageError
from mnistspec.files import (
    digest_file,
    explain_os_error,
    hash_text,
    make_run_folder,
    read_limited,
    to_path,
    write_atomically,
    write_text,
)
from mnistspec.language.loader import load_document
from mnistspec.language.yaml.composer import MAX_BYTES
from mnistspec.network.builder import build_model
from mnistspec.runs.checkpoints import limit_bytes
from mnistspec.runs.documents import read_json, write_json
from mnistspec.runs.result import count_params
from mnistspec.runs.trained import TrainedModel
from mnistspec.runs.weights import load_tensors, save_tensors
from mnistspec.training.state import check_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from mnistspec.language.spec import Spec
    from mnistspec.training.metrics import EpochMetrics

COLUMNS = ("epoch", "lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds")
# What result.json has the SHA-256 of.
_HASHED = (
    "spec.yaml",
    "resolved.yaml",
    "env.json",
    "summary.txt",
    "metrics.csv",
    "model.safetensors",
    "best.safetensors",
)
_MAX_CSV = 4 * 2**20  # 10,000 epochs take half of it


class RunDir:
    """A run's folder, ``runs/<name>/<UTC time>-<short id>/``."""

    def __init__(self, path: str | Path) -> None:
        """Open an existing run; raise UsageError for a folder that is none."""
        self.path = to_path("the run folder", path)
        if not (self.path / "resolved.yaml").is_file():
            raise UsageError(f"{self.path}: not a run folder: it has no resolved.yaml")

    @classmethod
    def create(
        cls, root: Path, spec: Spec, source: bytes, resolved: str, environment: dict[str, Any], summary: str
    ) -> RunDir:
        """Make a new folder for a run, never an existing one, and write what is known before it begins."""
        path = root / spec.name
        try:
            path = make_run_folder(path)
        except OSError as error:
            raise explain_os_error(error, path) from None
        write_atomically(path / "spec.yaml", source)
        write_json(path / "env.json", {"seed": spec.train.seed, **environment})
        write_text(path / "summary.txt", summary)
        write_text(path / "resolved.yaml", resolved)  # last: this makes the folder a run, which can be gone on with
        return cls(path)

    def add_environment(self, environment: dict[str, Any]) -> None:
        """Write env.json if there is none: the run was prepared on another machine, and begins here."""
        if not (self.path / "env.json").is_file():
            write_json(self.path / "env.json", {"seed": self.spec.train.seed, **environment})

    @cached_property
    def spec(self) -> Spec:
        """The spec that was trained, with every default filled in."""
        spec = load_document(self.path / "resolved.yaml", extends=False).spec
        self.check_file("resolved.yaml")
        return spec

    @cached_property
    def resolved(self) -> str:
        """The text of resolved.yaml."""
        return read_limited(self.path / "resolved.yaml", MAX_BYTES).decode(errors="replace")

    @property
    def environment(self) -> dict[str, Any]:
        """What the run was made with."""
        return self._read_json("env.json")

    @property
    def result(self) -> dict[str, Any] | None:
        """What came out of the run; None if it has not ended."""
        return self._read_json("result.json") if (self.path / "result.json").is_file() else None

    @property
    def metrics(self) -> list[dict[str, float]]:
        """The rows of metrics.csv."""
        path = self.path / "metrics.csv"
        if not path.is_file():
            return []
        try:
            rows = list(csv.DictReader(io.StringIO(read_limited(path, _MAX_CSV).decode())))
            metrics = [{name: float(row[name]) for name in COLUMNS} for row in rows]
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise CorruptError(f"{path}: not a table of epochs: {error}") from None
        if not all(math.isfinite(value) for row in metrics for value in row.values()):
            raise CorruptError(f"{path}: not a table of epochs: it holds numbers that are not finite")
        self.check_file("metrics.csv")
        return metrics

    def check_file(self, name: str) -> None:
        """Raise CorruptError for a file that is not the one that the run had when it ended."""
        files = (self.result or {}).get("files")
        expected = files.get(name) if isinstance(files, dict) else None
        if expected is not None and digest_file(self.path / name) != expected:
            raise CorruptError(
                f"{self.path / name}: not the file that the run ended with, by its SHA-256 in result.json"
            )

    def write_metrics(self, metrics: Sequence[EpochMetrics]) -> None:
        """Write metrics.csv, a row an epoch; numbers are written so that reading gives the same bits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(epoch, name) for name in COLUMNS] for epoch in metrics)
        write_text(self.path / "metrics.csv", text.getvalue())

    def write_result(self, result: dict[str, Any]) -> None:
        """Write result.json, the last file of a run, with the SHA-256 of the others."""
        files = {name: digest_file(self.path / name) for name in _HASHED if (self.path / name).is_file()}
        write_json(self.path / "result.json", {**result, "files": files})

    def save_model(self, name: str, tensors: Mapping[str, Tensor], metadata: dict[str, Any]) -> None:
        """Write a model's weights as ``name``.safetensors, with what ties them to this run."""
        ties = {"weights": name, "spec": hash_text(self.resolved)}
        save_tensors(self.path / f"{name}.safetensors", tensors, {**metadata, **ties})

    def load_model(self, name: str = "model") -> TrainedModel:
        """Return the trained network: ``name`` is model (the last epoch) or best (the best epoch on the test set).

        Raises UsageError before the first epoch has ended, CorruptError where weights and run do not belong together.
        """
        path = self.path / f"{name}.safetensors"
        if not path.is_file():
            raise UsageError(
                f"{self.path}: no {path.name}: the run has not finished an epoch; go on with train --resume"
            )
        tensors, metadata = load_tensors(path, limit_bytes(count_params(self.spec)))
        with torch.device("meta"):
            model = build_model(self.spec)
        try:
            check_tensors(tensors, model.state_dict())
        except ValueError as error:
            raise CorruptError(f"{path}: the weights are of another network than resolved.yaml: {error}") from None
        if (metadata.get("spec"), metadata.get("weights")) != (hash_text(self.resolved), name):
            raise CorruptError(f"{path}: the weights are of another run or epoch, or resolved.yaml was changed")
        self.check_file(path.name)
        model.load_state_dict(tensors, assign=True)
        mean, std, epoch = (metadata.get(key) for key in ("mean", "std", "epoch"))
        if not (_is_number(mean) and _is_number(std) and std > 0 and type(epoch) is int):
            raise CorruptError(f"{path}: its metadata lacks the epoch, or the mean and std of the input")
        return TrainedModel(model.eval(), self.spec, epoch, mean, std)

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not path.is_file():
            raise UsageError(f"{self.path}: not a whole run folder: it has no {name}")
        return read_json(path)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, float) and math.isfinite(value)
