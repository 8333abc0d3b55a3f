"""What may be written in a spec, read off the classes that read it: for the terminal, docs/words.md and editors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.language.dump import write_value
from mnistspec.language.manual.kinds import describe_kind, write_default
from mnistspec.language.manual.properties import list_properties, list_required
from mnistspec.language.spec import Notes, Reference, Spec, Targets
from mnistspec.language.vocabulary.datasets import Data
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.language.vocabulary.schedulers import Warmup
from mnistspec.language.vocabulary.unit import Unit

if TYPE_CHECKING:
    from mnistspec.language.vocabulary.unit import Model

SECTIONS: dict[str, type[Model]] = {
    "train": Train,
    "warmup": Warmup,
    "targets": Targets,
    "notes": Notes,
    "reference": Reference,
}
DEFAULTED = ("name",)  # default: the file's name


@dataclass(frozen=True)
class Key:
    """One key: its type in words, its default as YAML (empty if the key is required), what it means."""

    name: str
    type: str
    default: str
    description: str

    @property
    def sentence(self) -> str:
        """Type, default and meaning."""
        default = f"default: {self.default}" if self.default else "required"
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
        Key("parameters", "mapping", "none", "names and defaults; one without a default is required; used as $name"),
        Key("layers", "list of blocks", "", "what the group stands for"),
    ),
)


def list_words() -> list[Word]:
    """Return every word of the language, family by family."""
    return [_describe(member) for family in Unit.families.values() for member in family.members.values()]


def list_sections() -> list[Section]:
    """Return the parts of a spec that are plain mappings, the spec itself first."""
    known = {key.name: key for key in (*_keys(Spec), *_ASSEMBLY)}
    order = ("name", "title", "notes", "data", "extends", "defaults", "blocks", "layers", "train")
    keys = tuple(known.pop(name) for name in order)
    sections = [Section(name, model.summary(), _keys(model)) for name, model in SECTIONS.items()]
    return [Section("spec", Spec.summary(), (*keys, *known.values())), _GROUP, *sections]


def _describe(member: type[Unit]) -> Word:
    return Word(
        family=f"{member.family}s",
        name=member.word,
        summary=member.summary(),
        scalar=member.scalar or "",
        shape=member.shape_rule,
        keys=_keys(member),
        example=_example(member),
    )


def _example(member: type[Unit]) -> str:
    """Return a line that a spec could hold: the word with its one obvious value, or with what is required."""
    examples = {key: write_value(field.examples[0]) for key, field in member.model_fields.items() if field.examples}
    wanted = [key for key in examples if key == member.scalar or key in list_required(member)]
    arguments = f"{{{', '.join(f'{key}: {examples[key]}' for key in wanted)}}}"
    if wanted == [member.scalar]:
        arguments = examples[wanted[0]]
    unit = f"{member.word}: {arguments}" if wanted else member.word
    if issubclass(member, Data):
        return f"data: {{{unit}}}" if wanted else f"data: {unit}"
    return unit


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
    return write_default(model.model_fields[name].default)
