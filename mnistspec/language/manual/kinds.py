"""Types and defaults of keys in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.language.dump import write_value
from mnistspec.language.vocabulary.unit import Model, Unit

if TYPE_CHECKING:
    from mnistspec.language.manual.properties import Schema

_WORDS = {"boolean": "true or false", "string": "text", "object": "mapping"}
_DIGITS = 6  # of a default: 1/3 is 0.333333
_ENDLESS = 1_000_000_000  # a limit from here on is no news to anybody


def describe_kind(part: Schema) -> str:
    """Return a JSON Schema type in words: whole number from 1 to 500, or list of 2 numbers from 0 to 1."""
    if "anyOf" in part:
        return " or ".join(_choices([choice for choice in part["anyOf"] if choice.get("type") != "null"]))
    if "enum" in part:
        return " or ".join(map(str, part["enum"]))
    if "$ref" in part:
        name: str = part["$ref"].rpartition("/")[2]
        return Unit.families[name].family if name in Unit.families else "mapping"
    if part.get("type") == "array":
        return _list([part])
    if part.get("type") in {"integer", "number"}:
        return _number(part, "")
    each = part.get("additionalProperties")
    return f"mapping of names to {_number(each, 's')}" if each else _WORDS[part["type"]]


def write_default(value: object) -> str:
    """Return a default as it would be written in a spec."""
    match value:
        case None | "":
            return "none"
        case Unit():
            arguments = value.model_dump(exclude_defaults=True)
            return f"{value.word}: {write_value(arguments, _DIGITS)}" if arguments else value.word
        case Model():
            return "{}"
    return write_value(value, _DIGITS)


def _choices(choices: list[Schema]) -> list[str]:
    """Return each choice in words, and all lists, which differ in their lengths, in one."""
    lists = [choice for choice in choices if choice.get("type") == "array"]
    words = [describe_kind(choice) for choice in choices if choice.get("type") != "array"]
    return [*words, _list(lists)] if lists else words


def _list(parts: list[Schema]) -> str:
    items = parts[0]["items"]
    item = items[0] if isinstance(items, list) else items
    counts = [str(part["minItems"]) for part in parts if part.get("minItems") == part.get("maxItems", 0)]
    if not counts and "maxItems" in parts[0]:
        counts = [f"at most {parts[0]['maxItems']}"]
    is_number = item.get("type") in {"integer", "number"}
    kind = _number(item, "s") if is_number else f"{describe_kind(item)}s"
    return " ".join(["list of", *([" or ".join(counts)] if counts else []), kind])


def _number(part: Schema, plural: str) -> str:
    """Return a kind of number with its limits: whole number from 1 to 500."""
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    if part["type"] == "integer":
        low, above = (above + 1, None) if above is not None else (low, None)
        high, below = (below - 1, None) if below is not None else (high, None)
    words = ["whole number" if part["type"] == "integer" else "number"]
    words[0] += plural
    for word, limit in (("from", low), ("above", above), ("to", high), ("below", below)):
        if limit is not None and (abs(limit) < _ENDLESS or part["type"] == "integer"):
            words.append(f"{word} {limit:,g}" if isinstance(limit, float) else f"{word} {limit:,}")
    return " ".join(words)
