"""What may be written in a spec, read off the classes that read it: the same text for the terminal, the README and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistspec.spec.augmentations import Augmentation
from mnistspec.spec.blocks import Block
from mnistspec.spec.datasets import DATASETS
from mnistspec.spec.recipe import Optimizer, Scheduler, Train
from mnistspec.spec.schema import Targets

if TYPE_CHECKING:
    from mnistspec.spec.units import Model, Unit

FAMILIES: dict[str, type[Unit]] = {
    "blocks": Block,
    "optimizers": Optimizer,
    "schedulers": Scheduler,
    "augmentations": Augmentation,
}


@dataclass(frozen=True)
class Key:
    """One key: its type in words, its default as YAML (empty if it has to be given), what it means."""

    name: str
    type: str
    default: str
    description: str


@dataclass(frozen=True)
class Word:
    """One word of the spec language; ``shape`` is a block's rule from input to output, ``scalar`` the key of `word: value`."""

    family: str
    name: str
    summary: str
    scalar: str
    shape: str
    keys: tuple[Key, ...]
    example: str


def list_words() -> list[Word]:
    """Return every word of the language: blocks, optimizers, schedulers, augmentations, data sets."""
    words = [_describe(family, member) for family, base in FAMILIES.items() for member in base.members.values()]
    sets = [Word("data sets", info.name, info.summary, "", "", (), f"data: {info.name}") for info in DATASETS.values()]
    return words + sets


def list_sections() -> dict[str, tuple[Key, ...]]:
    """Return the keys of the parts of a spec that are plain mappings."""
    return {"train": _keys(Train), "targets": _keys(Targets)}


def _describe(family: str, member: type[Unit]) -> Word:
    keys = _keys(member)
    return Word(
        family=family,
        name=member.word,
        summary=member.summary(),
        scalar=member.scalar or "",
        shape=getattr(member, "shape_rule", ""),
        keys=keys,
        example=_example(member, keys),
    )


def _example(member: type[Unit], keys: tuple[Key, ...]) -> str:
    """Return a line that a spec could hold: the word with what has to be given, or with the key that may stand alone."""
    values = {"out_channels": "16", "out_features": "10", "max_lr": "0.1", "milestones": "[5, 10]", "step_size": "5"}
    values |= {"degrees": "8", "gamma": "0.9", "p": "0.1", "lr": "0.01"}
    if member.scalar in values:
        return f"{member.word}: {values[member.scalar]}"
    wanted = [f"{key.name}: {values[key.name]}" for key in keys if not key.default]
    return f"{member.word}: {{{', '.join(wanted)}}}" if wanted else member.word


def _keys(model: type[Model]) -> tuple[Key, ...]:
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return tuple(
        Key(name, _type(part, schema), "" if name in required else _yaml(model, name), part.get("description", ""))
        for name, part in schema.get("properties", {}).items()
    )


def _yaml(model: type[Model], name: str) -> str:
    default = model.model_fields[name].default
    return _plain(default.word if hasattr(default, "word") else default)


def _plain(value: object) -> str:
    """Return a default as it would be written in a spec."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _type(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return a JSON Schema type in words."""
    if "anyOf" in part:
        return _type(next(choice for choice in part["anyOf"] if choice.get("type") != "null"), schema)
    if "enum" in part:
        return " or ".join(map(str, part["enum"]))
    if "$ref" in part or part.get("type") == "object":
        name = part.get("$ref", "").rpartition("/")[2].lower()
        return name if name in {"optimizer", "scheduler"} else "mapping"
    match part.get("type"):
        case "integer":
            return f"whole number{_bounds(part)}"
        case "number":
            return f"number{_bounds(part)}"
        case "boolean":
            return "true or false"
        case "array" if part.get("maxItems") == part.get("minItems") and "description" in part:
            return "number or list"
        case "array":
            return "list"
        case _:
            return "text"


def _bounds(part: dict[str, Any]) -> str:
    """Return a number's limits in words."""
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    words = [f"above {above:g}" if above is not None else f"from {low:g}" if low is not None else ""]
    words.append(f"below {below:,g}" if below is not None else f"to {high:,}" if high is not None else "")
    text = " ".join(word for word in words if word)
    return f", {text}" if text else ""
