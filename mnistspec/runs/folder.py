"""The run folder, as docs/run-folder.md has it, and the one reader of it. Nothing here needs torch."""

from __future__ import annotations

import csv
import io
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mnistspec.errors import CorruptError, UsageError
from mnistspec.files import (
    digest_file,
    explain_os_error,
    hash_text,
    make_run_folder,
    read_limited,
    strip_places,
    to_path,
    write_atomically,
    write_text,
)
from mnistspec.language.loader import Document, load_document
from mnistspec.language.yaml.composer import MAX_BYTES
from mnistspec.runs.documents import find_digest, read_json, read_metadata, write_json
from mnistspec.runs.measurement import Measured
from mnistspec.runs.models import (
    COLUMNS,
    UNFINISHED,
    Environment,
    PredictionsRecord,
    Result,
    Weights,
    explain,
    name_columns,
    parse,
    parse_row,
    upgrade_result,
)
from mnistspec.runs.predictions import Predictions, read_predictions
from mnistspec.training.metrics import Epochs
from mnistspec.wording import html_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mnistspec.language.spec import Spec
    from mnistspec.runs.trained import TrainedModel
    from mnistspec.training.metrics import EpochRow

PREDICTIONS = "predictions.npz"
# What result.json has the SHA-256 of.
_HASHED = (
    "spec.yaml", "resolved.yaml", "env.json", "summary.txt", "metrics.csv",
    "model.safetensors", "best.safetensors", PREDICTIONS,
)  # fmt: skip
_MAX_CSV = 4 * 2**20  # 10,000 epochs take half of it


class RunDir:
    """A run's folder, ``runs/<name>/<UTC time>-<short id>/``."""

    def __init__(self, path: str | Path) -> None:
        """Open an existing run; raise UsageError for a folder that is none."""
        self.path = to_path("the run folder", path)
        self._result: Result | None = None
        if not (self.path / "resolved.yaml").is_file():
            raise UsageError(f"{self.path}: not a run folder: it has no resolved.yaml")

    def __repr__(self) -> str:
        """Return the call that opens the run."""
        return f"RunDir({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Return for a notebook what run it is and what came out of it."""
        result = self.result
        accuracy = "" if result is None or result.accuracy is None else f"{result.accuracy:.2f} %"
        measured = Measured.of(self.spec).word
        rows = [[self.spec.name, str(self.spec.train.seed), self.status, accuracy]]
        return html_table(["run", "seed", "status", f"{measured} accuracy, last epoch"], rows, str(self.path))

    @classmethod
    def create(
        cls, root: Path, spec: Spec, source: bytes, resolved: str, environment: Environment, summary: str
    ) -> RunDir:
        """Make a new folder for a run, never an existing one, and write what is known before it begins."""
        try:
            path = make_run_folder(root / spec.name)
        except OSError as error:
            raise explain_os_error(error, root / spec.name) from None
        write_atomically(path / "spec.yaml", source)
        _write_environment(path, environment, spec, root)
        write_text(path / "summary.txt", summary)
        write_text(path / "resolved.yaml", resolved)  # last: this makes the folder a run, which can be resumed
        return cls(path)

    def add_environment(self, environment: Environment) -> None:
        """Write env.json if there is none: the run was prepared on another machine, and begins here."""
        if not (self.path / "env.json").is_file():
            _write_environment(self.path, environment, self.spec, self.path)

    @cached_property
    def _document(self) -> Document:
        return load_document(self.path / "resolved.yaml", extends=False, survey=False)

    @cached_property
    def document(self) -> Document:
        """The spec that was trained, with every default filled in, and its network by arithmetic."""
        document = self._document  # a spec that cannot be read says why, a changed one that it was changed
        self.check_file("resolved.yaml")
        return document

    @property
    def spec(self) -> Spec:
        """The spec that was trained."""
        return self.document.spec

    @cached_property
    def resolved(self) -> str:
        """The text of resolved.yaml."""
        return read_limited(self.path / "resolved.yaml", MAX_BYTES).decode(errors="replace")

    @property
    def environment(self) -> Environment:
        """What the run was made with."""
        path = self.path / "env.json"
        if not path.is_file():
            raise UsageError(f"{self.path}: not a whole run folder: it has no env.json")
        environment = parse(Environment, read_json(path), path)
        self.check_file("env.json")
        return environment

    @property
    def result(self) -> Result | None:
        """What came out of the run; None if it has not ended."""
        path = self.path / "result.json"
        if self._result is None and path.is_file():
            content = read_json(path)
            if content["format"] == 1:
                content = upgrade_result(content, Measured.of(self._document.spec), find_digest(self.path))
            self._result = parse(Result, content, path)
        return self._result

    @property
    def figures(self) -> Result:
        """The result of a run that has ended; raise UsageError for one that has not."""
        if self.result is None:
            raise UsageError(f"{self.path}: this run has not ended")
        return self.result

    @property
    def status(self) -> str:
        """How the run ended: done, not finite, or unfinished."""
        return self.result.status if self.result else UNFINISHED

    @cached_property
    def data_digest(self) -> str | None:
        """What tells the run's data from other data of the same name; None where no file of the run knows."""
        return self.result.data.digest if self.result else find_digest(self.path)

    @property
    def metrics(self) -> Epochs:
        """The rows of metrics.csv."""
        path = self.path / "metrics.csv"
        if not path.is_file():
            return Epochs()
        try:
            rows = list(csv.DictReader(io.StringIO(read_limited(path, _MAX_CSV).decode())))
            names = dict(zip((*COLUMNS, *name_columns(Measured.holdout)), 2 * COLUMNS, strict=True))
            metrics = [parse_row({names.get(key, key): value for key, value in row.items()}) for row in rows]
        except ValidationError as error:
            raise CorruptError(f"{path}: not a table of epochs: {explain(error)}") from None
        except (ValueError, csv.Error) as error:
            raise CorruptError(f"{path}: not a table of epochs: {error}") from None
        self.check_file("metrics.csv")
        return Epochs(metrics, Measured.of(self._document.spec).word)

    @property
    def predictions(self) -> Predictions | None:
        """What the last epoch made of the images that it was measured on; None if that was not kept."""
        path = self.path / PREDICTIONS
        if not path.is_file():
            return None
        predictions, record = read_predictions(path)
        if record.spec != hash_text(self.resolved) or record.data_digest != self.data_digest:
            raise CorruptError(f"{path}: the predictions are of another run or of other data than this")
        self.check_file(path.name)
        return predictions

    @property
    def tested(self) -> Predictions | None:
        """What the last epoch made of the test set; None if that was not kept, or the run was measured elsewhere."""
        is_tested = self.result is not None and self.result.measured_on is Measured.test
        return self.predictions if is_tested else None

    def weights(self, name: str = "model") -> Weights:
        """Return the metadata of ``name``.safetensors; its tensors, and the SHA-256 over all, are not checked."""
        path = self.path / f"{name}.safetensors"
        content = read_metadata(path)
        content.pop("sha256", None)
        return parse(Weights, content, path)

    def load_model(self, name: str = "model") -> TrainedModel:
        """Return the trained network: ``name`` is model (the last epoch) or best (the epoch with the best accuracy).

        Raises UsageError before the first epoch has ended, CorruptError where weights and run do not belong together.
        """
        from mnistspec.runs.trained import load_model  # noqa: PLC0415 - it imports torch

        return load_model(self, name)

    def check_file(self, name: str) -> None:
        """Raise CorruptError for a file that is not the one that the run had when it ended."""
        expected = self.result.files.get(name) if self.result else None
        if expected is not None and digest_file(self.path / name) != expected:
            raise CorruptError(
                f"{self.path / name}: not the file that the run ended with, by its SHA-256 in result.json"
            )

    def write_metrics(self, metrics: Sequence[EpochRow]) -> None:
        """Write metrics.csv, a row an epoch; numbers are written so that reading gives the same bits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(name_columns(Measured.of(self.spec)))
        writer.writerows([getattr(epoch, name) for name in COLUMNS] for epoch in metrics)
        write_text(self.path / "metrics.csv", text.getvalue())

    def write_predictions(self, predictions: Predictions, data: str, digest: str, epoch: int) -> None:
        """Write predictions.npz, with what ties it to this run."""
        record = PredictionsRecord(
            measured_on=Measured.of(self.spec), data=data, data_digest=digest, epoch=epoch,
            classes=list(predictions.class_names), spec=hash_text(self.resolved),
        )  # fmt: skip
        write_atomically(self.path / PREDICTIONS, predictions.to_bytes(record))

    def write_result(self, result: Result) -> None:
        """Write result.json, the last file of a run, with the SHA-256 of the others."""
        files = {name: digest_file(self.path / name) for name in _HASHED if (self.path / name).is_file()}
        write_json(self.path / "result.json", result.model_copy(update={"files": files}).as_data())


def _write_environment(path: Path, environment: Environment, spec: Spec, place: Path) -> None:
    """Write env.json; of ``place``, which the run was made in, the command keeps only the name."""
    changes = {"seed": spec.train.seed, "command": strip_places(environment.command, place)}
    write_json(path / "env.json", environment.model_copy(update=changes).as_data())
