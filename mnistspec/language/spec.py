"""The spec as a value: what a file says once it was read, expanded, checked, and every default filled in."""

from __future__ import annotations

import re
from html import escape
from typing import Annotated, Any

from annotated_types import Interval, MaxLen
from pydantic import AfterValidator, Field, SerializeAsAny

from mnistspec.language.dump import dump_data
from mnistspec.language.shapes import TracedLayer, trace
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.datasets import MNIST, Data
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.language.vocabulary.schedulers import Epochs
from mnistspec.language.vocabulary.unit import Model, Unit, must_be

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Names that Windows keeps for devices, whatever their extension.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def is_name(text: str) -> bool:
    """Return whether a text is safe as a folder's name on every system."""
    return bool(_NAME.fullmatch(text)) and not text.endswith(".") and text.split(".", 1)[0].lower() not in _RESERVED


def _check_name(name: str) -> str:
    if not is_name(name):
        expected = "fit to name a folder (at most 64 letters, digits, dots, - and _, first a letter or digit)"
        raise must_be(expected)
    return name


Text = Annotated[str, MaxLen(2_000)]
Percent = Annotated[float, Interval(ge=0, le=100)]


class Notes(Model):
    """What the author wants to say; results are never typed, they come from the run."""

    target: Text = Field(default="", description="what this network is meant to reach")
    analysis: Text = Field(default="", description="what its run showed")


class Targets(Model):
    """What the run is held against."""

    max_params: Annotated[int, Field(gt=0)] | None = Field(default=None, description="largest number of parameters")
    max_epochs: Epochs | None = Field(default=None, description="largest number of epochs")
    min_test_accuracy: Percent | None = Field(default=None, description="in percent ...")
    last_epochs: Epochs = Field(default=1, description="... in each of the last N epochs")
    min_macro_f1: Percent | None = Field(
        default=None, description="in percent: the mean of the classes' F1 after the last epoch"
    )


class Reference(Model):
    """What others report for the same network; shown beside the results, never mixed with them."""

    params: Annotated[int, Field(ge=0)] | None = Field(default=None, description="number of parameters")
    train_accuracy: Percent | None = Field(default=None, description="in percent")
    test_accuracy: Percent | None = Field(default=None, description="in percent")


UNTRAINED = ("title", "notes", "targets", "reference")  # parts of a spec that change nothing of what is trained


class Spec(Model):
    """A network and its training run."""

    name: Annotated[str, AfterValidator(_check_name)] = Field(
        description="of the run folder; letters, digits, dot, - and _",
        json_schema_extra={"pattern": f"^{_NAME.pattern}(?<!\\.)$"},
    )
    title: Text = Field(default="", description="free text, carried to the report")
    notes: Notes = Field(default=Notes(), description="free text: target and analysis")
    data: SerializeAsAny[Data] = Field(default=MNIST(), description="the data set")
    layers: tuple[SerializeAsAny[Block], ...] = Field(description="the network: blocks, one a line, in order")
    train: Train = Field(default=Train(), description="the recipe")
    targets: Targets = Field(default=Targets(), description="what the run is held against")
    reference: Reference = Field(default=Reference(), description="what others report for this network")

    @property
    def heading(self) -> str:
        """The name, and the title if there is one."""
        return f"{self.name}: {self.title}" if self.title else self.name

    def trace(self) -> tuple[TracedLayer, ...]:
        """Return the layers of the network in order, with their shapes and sizes."""
        return tuple(trace(self.layers, self.data.input_shape))

    @property
    def params(self) -> int:
        """The parameters of the network; all of them are trained."""
        return sum(layer.params for layer in self.trace())

    @property
    def macs(self) -> int:
        """The multiply-accumulates of one image, without biases."""
        return sum(layer.macs for layer in self.trace())

    def as_data(self) -> dict[str, Any]:
        """Return the spec as plain data in the spec language, with every default filled in."""
        train = self.train
        data = self.model_dump(exclude={"data", "layers", "train"}, exclude_none=True)
        data["data"] = _as_data(self.data)
        data["layers"] = [_as_data(block) for block in self.layers]
        data["train"] = {
            **train.model_dump(exclude={"optimizer", "scheduler", "augment"}, exclude_none=True),
            "optimizer": _as_data(train.optimizer),
            "scheduler": _as_data(train.scheduler),
            "augment": [_as_data(augmentation) for augmentation in train.augment],
        }
        if self.targets.min_test_accuracy is None:
            del data["targets"]["last_epochs"]  # it says nothing alone
        order = ("name", "title", "notes", "data", "layers", "train", "targets", "reference")
        return {key: data[key] for key in order if data[key] != {}}

    def as_trained(self) -> dict[str, Any]:
        """Return of the plain data what decides a run: all but prose, targets and reference."""
        return {key: value for key, value in self.as_data().items() if key not in UNTRAINED}

    def as_yaml(self) -> str:
        """Return the spec as YAML: one block a line, with every default filled in, and everything expanded."""
        return dump_data(self.as_data())

    def __repr__(self) -> str:
        """Return the spec as YAML."""
        return self.as_yaml()

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return the spec as YAML for a notebook."""
        return f"<pre>{escape(self.as_yaml())}</pre>"


# The keys of a file: those of what it becomes, and those that are gone once it was expanded.
KEYS = (*Spec.model_fields, "defaults", "blocks", "extends")


def _as_data(unit: Unit) -> str | dict[str, Any]:
    arguments = unit.model_dump(exclude_none=True)
    return {unit.word: arguments} if arguments else unit.word
