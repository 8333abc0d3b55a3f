"""The run folder: everything that one training run leaves behind, and reading it back."""

from __future__ import annotations

import csv
import io
import json
import secrets
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from mnistspec.errors import CorruptError, UsageError
from mnistspec.network.builder import build_model
from mnistspec.runs.files import explain_os_error, write_atomically, write_text
from mnistspec.runs.trained import TrainedModel
from mnistspec.runs.weights import FORMAT, check_format, load_tensors, save_tensors
from mnistspec.spec.loader import load_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.spec.schema import Spec
    from mnistspec.training.metrics import EpochMetrics

COLUMNS = ("epoch", "lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds")


class RunDir:
    """A run's folder, ``runs/<name>/<UTC time>-<short id>/``."""

    def __init__(self, path: str | Path) -> None:
        """Open an existing run; raise UsageError for a folder that is none."""
        self.path = Path(path)
        if not (self.path / "resolved.yaml").is_file():
            raise UsageError(f"{self.path}: not a run folder: it has no resolved.yaml")

    @classmethod
    def create(cls, root: Path, spec: Spec, source: bytes, resolved: str, environment: dict[str, Any]) -> RunDir:
        """Make a new folder for a run, never an existing one, and write what is known before it begins."""
        path = root / spec.name
        try:
            path.mkdir(parents=True, exist_ok=True)
            path = cls._make_unique(path)
        except OSError as error:
            raise explain_os_error(error, path) from None
        write_atomically(path / "spec.yaml", source)
        write_text(path / "resolved.yaml", resolved)
        run = cls(path)
        run.write_json("env.json", {"seed": spec.train.seed, **environment})
        return run

    @staticmethod
    def _make_unique(parent: Path) -> Path:
        while True:
            path = parent / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path

    @cached_property
    def spec(self) -> Spec:
        """The spec that was trained, with every default filled in."""
        return load_document(self.path / "resolved.yaml", extends=False).spec

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
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
            return [{name: float(row[name]) for name in COLUMNS} for row in rows]
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise CorruptError(f"{path}: not a table of epochs: {error}") from None

    def write_metrics(self, metrics: Sequence[EpochMetrics]) -> None:
        """Write metrics.csv, a row an epoch; numbers are written so that reading gives the same bits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(epoch, name) for name in COLUMNS] for epoch in metrics)
        write_text(self.path / "metrics.csv", text.getvalue())

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file with the format version first."""
        write_text(self.path / name, json.dumps({"format": FORMAT, **content}, indent=2) + "\n")

    def save_model(self, name: str, model: nn.Module, metadata: dict[str, Any]) -> None:
        """Write a model's weights as ``name``.safetensors."""
        save_tensors(self.path / f"{name}.safetensors", model.state_dict(), metadata)

    def load_model(self, name: str = "model") -> TrainedModel:
        """Return the trained network: ``name`` is model (the last epoch) or best (the best epoch on the test set).

        Raises UsageError before the first epoch has ended, CorruptError where weights and spec do not belong together.
        """
        path = self.path / f"{name}.safetensors"
        if not path.is_file():
            raise UsageError(
                f"{self.path}: no {path.name}: the run has not finished an epoch; go on with train --resume"
            )
        tensors, metadata = load_tensors(path)
        with torch.device("meta"):
            model = build_model(self.spec)
        try:
            model.load_state_dict(tensors, strict=True, assign=True)
        except RuntimeError as error:
            raise CorruptError(f"{path}: the weights are of another network than resolved.yaml: {error}") from None
        try:
            mean, std, epoch = float(metadata["mean"]), float(metadata["std"]), int(metadata["epoch"])
        except (KeyError, TypeError, ValueError):
            raise CorruptError(f"{path}: its metadata lacks the epoch, or the mean and std of the input") from None
        return TrainedModel(model.eval(), self.spec, epoch, mean, std)

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"{self.path}: not a whole run folder: it has no {name}") from None
        except (ValueError, OSError, RecursionError) as error:
            raise CorruptError(f"{path}: not JSON that mnistspec wrote: {error}") from None
        if not isinstance(content, dict):
            raise CorruptError(f"{path}: not JSON that mnistspec wrote: not an object")
        check_format(content.get("format"), path)
        return content
