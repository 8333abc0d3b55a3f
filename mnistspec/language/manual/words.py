"""What may be written in a spec, read off the classes that read it: for the terminal, docs/words.md and editors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.language.expansion import Repeat
from mnistspec.language.manual.kinds import describe_kind, write_value
from mnistspec.language.manual.properties import list_properties, list_required
from mnistspec.language.spec import Notes, Reference, Spec, Targets
from mnistspec.language.vocabulary import activations, pools
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.blocks import Block
from mnistspec.language.vocabulary.datasets import DATASETS
from mnistspec.language.vocabulary.recipe import Optimizer, Scheduler, Train, Warmup

if TYPE_CHECKING:
    from mnistspec.language.vocabulary.unit import Model, Unit

FAMILIES: dict[str, type[Unit]] = {
    "blocks": Block,
    "optimizers": Optimizer,
    "schedulers": Scheduler,
    "augmentations": Augmentation,
}
SECTIONS: dict[str, type[Model]] = {
    "train": Train,
    "warmup": Warmup,
    "targets": Targets,
    "notes": Notes,
    "reference": Reference,
}
DEFAULTED = ("name",)  # it is the file's name if not given


@dataclass(frozen=True)
class Key:
    """One key: its type in words, its default as YAML (empty if it has to be given), what it means."""

    name: str
    type: str
    default: str
    description: str

    @property
    def sentence(self) -> str:
        """Type, default and meaning."""
        default = f"default {self.default}" if self.default else "has to be given"
        return "; ".join(part for part in (self.type, default, self.description) if part)


@dataclass(frozen=True)
class Word:
    """One word of a spec; ``shape`` is a block's rule from input to output, ``scalar`` the key of `word: value`."""

    family: str
    name: str
    summary: str
    scalar: str
    shape: str
    keys: tuple[Key, ...]
    example: str


@dataclass(frozen=True)
class Section:
    """A part of a spec that is a plain mapping."""

    name: str
    summary: str
    keys: tuple[Key, ...]


# What a spec says before it is a Spec.
_ASSEMBLY = (
    Key("extends", "text", "none", "another spec, relative to this file, that this one is laid over"),
    Key("defaults", "mapping", "none", "arguments for every block of a kind, such as conv: {bias: false}"),
    Key("blocks", "mapping", "none", "groups of layers by name, with parameters, to be used like blocks"),
)
_GROUP = Section(
    "blocks",
    "A group of layers with a name of its own, used like a block: `unit: 8` gives its first parameter.",
    (
        Key(
            "parameters", "mapping", "none", "names and defaults; one without a default has to be given; used as $name"
        ),
        Key("layers", "list of blocks", "", "what the group stands for"),
    ),
)


def list_words() -> list[Word]:
    """Return every word of the language: blocks, optimizers, schedulers, augmentations, data sets."""
    words = []
    for family, base in FAMILIES.items():
        words += [_describe(family, member) for member in sorted(base.members.values(), key=_rank)]
        if base is Block:
            words.append(_describe_repeat())
    sets = [Word("data sets", info.name, info.summary, "", "", (), f"data: {info.name}") for info in DATASETS.values()]
    return words + sets


def list_sections() -> list[Section]:
    """Return the parts of a spec that are plain mappings, the spec itself first."""
    known = {key.name: key for key in (*_keys(Spec), *_ASSEMBLY)}
    order = ("name", "title", "notes", "data", "extends", "defaults", "blocks", "layers", "train")
    keys = tuple(known.pop(name) for name in order)
    sections = [Section(name, _summary(model), _keys(model)) for name, model in SECTIONS.items()]
    return [Section("spec", _summary(Spec), (*keys, *known.values())), _GROUP, *sections]


def _rank(member: type[Unit]) -> int:
    """Return where a word belongs: pools after the blocks with weights, activations last."""
    modules = (pools.__name__, activations.__name__)
    return modules.index(member.__module__) + 1 if member.__module__ in modules else 0


def _describe(family: str, member: type[Unit]) -> Word:
    return Word(
        family=family,
        name=member.word,
        summary=member.summary(),
        scalar=member.scalar or "",
        shape=getattr(member, "shape_rule", ""),
        keys=_keys(member),
        example=_example(member),
    )


def _describe_repeat() -> Word:
    return Word(
        family="blocks",
        name="repeat",
        summary=_summary(Repeat),
        scalar="",
        shape="that of its layers, one after the other",
        keys=(*_keys(Repeat), Key("layers", "list of blocks", "", "")),
        example="repeat: {times: 2, layers: [conv: 16, relu]}",
    )


def _example(member: type[Unit]) -> str:
    """Return a line that a spec could hold: the word with its one obvious value, or with what has to be given."""
    values = {"out_channels": "16", "out_features": "10", "max_lr": "0.1", "milestones": "[5, 10]", "step_size": "5"}
    values |= {"degrees": "8", "gamma": "0.9", "p": "0.1", "lr": "0.01"}
    if member.scalar in values:
        return f"{member.word}: {values[member.scalar]}"
    wanted = [f"{key}: {values[key]}" for key in list_required(member)]
    return f"{member.word}: {{{', '.join(wanted)}}}" if wanted else member.word


def _summary(model: type[Model]) -> str:
    return (model.__doc__ or "").strip().split("\n", 1)[0]


def _keys(model: type[Model]) -> tuple[Key, ...]:
    required = list_required(model)
    return tuple(
        Key(name, describe_kind(part), _default(model, name, required), part.get("description", ""))
        for name, part in list_properties(model).items()
    )


def _default(model: type[Model], name: str, required: list[str]) -> str:
    if name in DEFAULTED and model is Spec:
        return "the file's name"
    if name in required:
        return ""
    return write_value(model.model_fields[name].default)
