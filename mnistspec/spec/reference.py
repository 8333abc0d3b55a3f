"""What may be written in a spec, read off the classes that read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistspec.spec import activations, pools
from mnistspec.spec.augmentations import Augmentation
from mnistspec.spec.blocks import Block
from mnistspec.spec.datasets import DATASETS
from mnistspec.spec.layers import MAX_BLOCKS, Repeat
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
    """One word of a spec; ``shape`` is a block's rule from input to output, ``scalar`` the key of `word: value`."""

    family: str
    name: str
    summary: str
    scalar: str
    shape: str
    keys: tuple[Key, ...]
    example: str


_REPEAT = Word(
    family="blocks",
    name="repeat",
    summary=(Repeat.__doc__ or "").strip(),
    scalar="",
    shape="that of its layers, one after the other",
    keys=(
        Key("times", f"whole number, from 1 to {MAX_BLOCKS}", "", ""),
        Key("layers", "list", "", "blocks, groups and repeats"),
    ),
    example="repeat: {times: 2, layers: [conv: 16, relu]}",
)


def list_words() -> list[Word]:
    """Return every word of the language: blocks, optimizers, schedulers, augmentations, data sets."""
    words = []
    for family, base in FAMILIES.items():
        members = sorted(base.members.values(), key=_rank)
        words += [_describe(family, member) for member in members]
        if base is Block:
            words.append(_REPEAT)
    sets = [Word("data sets", info.name, info.summary, "", "", (), f"data: {info.name}") for info in DATASETS.values()]
    return words + sets


def list_sections() -> dict[str, tuple[Key, ...]]:
    """Return the keys of the parts of a spec that are plain mappings."""
    return {"train": _keys(Train), "targets": _keys(Targets)}


def _rank(member: type[Unit]) -> int:
    """Return where a word belongs: pools after the blocks with weights, activations last."""
    modules = (pools.__name__, activations.__name__)
    return modules.index(member.__module__) + 1 if member.__module__ in modules else 0


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
    """Return a line that a spec could hold: the word, with what has to be given or with the key that may stand alone."""
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
        Key(name, _type(part), "" if name in required else _yaml(model, name), part.get("description", ""))
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


def _type(part: dict[str, Any]) -> str:
    """Return a JSON Schema type in words."""
    if "anyOf" in part:
        return _type(next(choice for choice in part["anyOf"] if choice.get("type") != "null"))
    if "enum" in part:
        return " or ".join(map(str, part["enum"]))
    words = {"boolean": "true or false", "string": "text", "array": "list", "object": "mapping"}
    words |= {"integer": f"whole number{_bounds(part)}", "number": f"number{_bounds(part)}"}
    if part.get("type") == "array" and "prefixItems" in part and "description" in part:
        return "number or list"  # a range, which may be written as one number
    kind: str = words.get(part.get("type", ""), part.get("$ref", "mapping").rpartition("/")[2].lower())
    return kind


def _bounds(part: dict[str, Any]) -> str:
    """Return a number's limits in words."""
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    words = [f"above {above:g}" if above is not None else f"from {low:g}" if low is not None else ""]
    words.append(f"below {below:,g}" if below is not None else f"to {high:,}" if high is not None else "")
    text = " ".join(word for word in words if word)
    return f", {text}" if text else ""
