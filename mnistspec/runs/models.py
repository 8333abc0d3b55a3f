"""The JSON and CSV of a run folder as pydantic models: what stands in each file, and the door that it comes in by.

Everything is closed and strict. What a file of format 1 lacks has a default here; ``upgrade_result`` gives it what
other files of the same folder know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mnistspec.errors import CorruptError
from mnistspec.runs.documents import FORMAT
from mnistspec.runs.measurement import Measured
from mnistspec.training.metrics import Deviations, Duration, EpochMetrics, EpochRow, Means, Percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Amount = Annotated[int | float, Field(ge=0, lt=1e12)]  # more than any training run comes to
Count = Annotated[int, Field(ge=0, lt=10**12)]
COLUMNS = ("epoch", "lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds")
DONE, NOT_FINITE, UNFINISHED = "done", "not finite", "unfinished"


class Model(BaseModel):
    """Plain data of a file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def from_data(cls, content: Mapping[str, Any]) -> Self:
        """Return the model of a file's content; raise ValidationError for any other."""
        return cls.model_validate(without(content, "format"))

    def as_data(self) -> dict[str, Any]:
        """Return the content of the file, its format first."""
        return {"format": FORMAT, **self.model_dump(mode="json")}


class Figures(Model):
    """A model some of whose figures are named by what they were measured on: ``accuracy`` is ``test_accuracy``."""

    named: ClassVar[tuple[str, ...]] = ()
    measured_on: Annotated[Measured, Field(strict=False)] = Measured.test

    @classmethod
    def keys(cls, content: Mapping[str, Any]) -> dict[str, str]:
        """Return the keys of a file by the names of the model, where they differ."""
        measured = content.get("measured_on")
        kind = Measured.test if measured in (None, Measured.test.value) else Measured.holdout
        return {name: kind.key(name) for name in cls.named}

    @classmethod
    def from_data(cls, content: Mapping[str, Any]) -> Self:
        """Return the model of a file's content, in which only what was measured may be there."""
        names = {key: name for name, key in cls.keys(content).items()}
        return super().from_data({names.get(key, key): value for key, value in content.items()})

    def as_data(self) -> dict[str, Any]:
        """Return the content of the file."""
        content = super().as_data()
        keys = self.keys(content)
        return {keys.get(key, key): value for key, value in content.items()}


def without(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the content without a key."""
    return {name: value for name, value in content.items() if name != key}


class DataRecord(Model):
    """Which data a run was made with; ``path`` is as the user gave it, ``digest`` tells the data from other data."""

    name: str
    path: str | None = None
    digest: str | None = None
    classes: list[str] = []
    counts: dict[str, Count] = {}
    channels: Count | None = None
    size: list[Count] | None = None


class ClassFigures(Model):
    """One class: its images, and figures in percent, None where there is nothing to divide by."""

    name: str
    images: Count
    precision: Percent | None
    recall: Percent | None
    f1: Percent | None


class Seconds(Model):
    """How long a run took."""

    total: Duration
    train: float | None = None
    test: float | None = None


class Target(Model):
    """A target of the spec: what was wanted and got, and whether that meets it."""

    target: str
    wanted: Amount
    got: Amount | None
    met: bool


class Result(Figures):
    """What came out of a run; accuracies are in percent, of the last epoch unless best or a list stands in the name.

    The macro figures, in percent, are means over the classes, each of which counts the same; see ``average_classes``.
    """

    named: ClassVar[tuple[str, ...]] = ("accuracy", "best_accuracy", "accuracies")

    status: Literal["done", "not finite"]
    name: str
    data: DataRecord
    seed: Count
    params: Count
    epochs: Count
    train_accuracy: Percent | None
    accuracy: Percent | None
    best_train_accuracy: Percent | None = None
    best_accuracy: Percent | None
    best_epoch: Count | None = None
    accuracies: list[Percent] = []
    seconds: Seconds
    targets: list[Target]
    classes: list[ClassFigures] = []
    macro_precision: Percent | None = None
    macro_recall: Percent | None = None
    macro_f1: Percent | None = None
    kernels: Literal["accelerated", "model"] | None = None
    problem: str | None = None
    drift: list[str] = []
    files: dict[str, str] = {}


def upgrade_result(content: Mapping[str, Any], measured: Measured, digest: str | None) -> dict[str, Any]:
    """Return the content of a result.json of format 1 as one of format 2, with what other files of the run know."""
    names = {Measured.test.key(name): measured.key(name) for name in Result.named}
    upgraded = {names.get(key, key): value for key, value in content.items()}
    return {**upgraded, "measured_on": measured, "data": {"name": content.get("data"), "digest": digest}}


class Environment(Model):
    """What a run was made with."""

    seed: Count | None = None
    python: str | None = None
    packages: dict[str, str] = {}
    platform: str | None = None
    machine: str | None = None
    cpu: str | None = None
    cores: Count | None = None
    threads: Count | None = None
    device: str | None = None
    device_name: str | None = None
    data_dir: str | None = None
    command: list[str] = []


class Weights(Figures):
    """The metadata of model.safetensors and best.safetensors: after which epoch, of which run, for which input."""

    named: ClassVar[tuple[str, ...]] = ("accuracy",)

    name: str
    data: str
    data_digest: str
    classes: list[str]
    mean: Means
    std: Deviations
    epoch: Count
    accuracy: Percent
    weights: Literal["model", "best"]
    spec: str  # the SHA-256 of resolved.yaml

    def as_data(self) -> dict[str, Any]:
        """Return the metadata; of the test set it is that of format 1, so that a run's weights keep their bytes."""
        content = super().as_data()
        return content if self.measured_on is not Measured.test else {**without(content, "measured_on"), "format": 1}


class Position(Model):
    """The metadata of a checkpoint: where the training was, and what ties it to its run."""

    metrics: list[EpochMetrics]
    step: Count
    seconds: Duration
    resolved: str
    data: str
    environment: Environment
    drift: list[str] = []


class PredictionsRecord(Figures):
    """The metadata of predictions.npz: of which run, after which epoch, on which images."""

    data: str
    data_digest: str
    classes: list[str]
    epoch: Count
    spec: str  # the SHA-256 of resolved.yaml


Some = TypeVar("Some", bound=Model)


def parse(model: type[Some], content: Mapping[str, Any], path: Path) -> Some:
    """Return the model of what a file holds; raise CorruptError that names the file and the field."""
    try:
        return model.from_data(content)
    except ValidationError as error:
        keys = model.keys(content) if issubclass(model, Figures) else {}
        raise CorruptError(f"{path}: {explain(error, keys)}") from None


def name_columns(measured: Measured) -> tuple[str, ...]:
    """Return the columns of metrics.csv, which say what was measured."""
    return tuple(name.replace("test", measured.stem) if name.startswith("test_") else name for name in COLUMNS)


def parse_row(values: Mapping[str, Any]) -> EpochRow:
    """Return a row of metrics.csv from its texts by the names of EpochRow; raise ValidationError for any other."""
    return EpochRow.model_validate_strings(dict(values))


def explain(error: ValidationError, keys: Mapping[str, str] | None = None) -> str:
    """Return the first thing that is wrong: the field, by its key in the file, and the reason."""
    first = error.errors()[0]
    field = ".".join((keys or {}).get(str(part), str(part)) for part in first["loc"])
    return f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}"
