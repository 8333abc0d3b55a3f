"""The JSON Schema of words and sections, in dialects: in a spec, in a group, and in a spec that extends another.

In a group any argument may be a parameter (``$width``); in a spec that extends another any value may be null, which
removes it, and nothing is required.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistspec.language.manual.properties import Schema, list_properties, list_required, name_definition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnistspec.language.manual.words import Key, Word
    from mnistspec.language.vocabulary.unit import Model, Unit

NULL: Schema = {"type": "null"}
REFERENCE: Schema = {"type": "string", "pattern": r"^\$"}


@dataclass(frozen=True)
class Dialect:
    """What stands before the names of its definitions, what may replace any value, whether keys are required."""

    prefix: str = ""
    instead: tuple[Schema, ...] = ()
    needs_keys: bool = True

    def refer(self, name: str) -> Schema:
        """Return the schema that points to a definition of this dialect."""
        return {"$ref": f"#/definitions/{self.prefix}{name}"}

    def value(self, part: Schema, description: str = "") -> Schema:
        """Return the schema of a value, with what may stand in its place."""
        part = {key: value for key, value in part.items() if key != "description"}
        if "$ref" in part:
            part = {"anyOf": [self.refer(part["$ref"].rpartition("/")[2])]}
        elif "anyOf" in part:
            part["anyOf"] = [self.value(choice) for choice in part["anyOf"]]
        elif "minProperties" in part and self.instead:  # a value for each name; some may stand in what is extended
            part["additionalProperties"] = {"anyOf": [part["additionalProperties"], *self.instead]}
            del part["minProperties"]
        if self.instead and description:
            part = {"anyOf": [*part.get("anyOf", [part]), *(i for i in self.instead if i not in part.get("anyOf", []))]}
        return {"description": description, **part} if description else part

    def mapping(self, properties: dict[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:  # noqa: ANN401 - JSON
        """Return the schema of a mapping with these keys and no others."""
        needed = {"required": list(required)} if self.needs_keys and required else {}
        return {"type": "object", **more, "properties": properties, "additionalProperties": False, **needed}

    def section(self, model: type[Model], keys: Iterable[Key]) -> Schema:
        """Return the schema of a plain mapping."""
        parts, properties = list_properties(model), {}
        for key in keys:
            if key.name in parts:
                default = model.model_fields[key.name].default
                is_plain = isinstance(default, bool | int | float | tuple) and default != ()
                properties[key.name] = self.value(parts[key.name], key.sentence) | (
                    {"default": default} if is_plain else {}
                )
        return self.mapping(properties, list_required(model))

    def argument(self, member: type[Unit], word: Word) -> Schema:
        """Return the schema of what stands behind a word: its scalar, its keys, or nothing."""
        choices = [
            self.refer(f"{name_definition(member)}.{member.word}"),
            NULL,
            *(i for i in self.instead if i != NULL),
        ]
        if member.scalar:
            choices.insert(0, self.value(list_properties(member)[member.scalar]))
        return {**show_word(word), "anyOf": choices}

    def family(
        self, members: Iterable[tuple[type[Unit], Word]], more: Schema | None = None, *, in_list: bool
    ) -> Schema:
        """Return the schema of one named thing: its word alone, or its word with what belongs to it.

        Where it stands in a list, editors offer the word alone if that is enough, and not both.
        """
        bare, properties = [], {}
        for member, word in members:
            properties[word.name] = self.argument(member, word)
            if not list_required(member):
                bare.append(SPEC.refer(f"{name_definition(member)}.{word.name}.alone"))
                properties[word.name] |= {"doNotSuggest": True} if in_list else {}
            elif self.needs_keys:  # nothing behind it is not enough
                properties[word.name]["anyOf"].remove(NULL)
        one = {"minProperties": 1, "maxProperties": 1} if self.needs_keys or in_list else {}
        named = {**self.mapping({**properties, **(more or {})}), **one}
        return {"anyOf": [*bare, named]}


SPEC = Dialect()
LAYERS = Dialect(needs_keys=False)  # what is required may stand under `defaults:`
GROUP = Dialect("group.", (REFERENCE,), needs_keys=False)
CHILD = Dialect("child.", (NULL,), needs_keys=False)


def alone(word: Word) -> Schema:
    """Return the schema of a word without anything behind it."""
    return {"const": word.name, **show_word(word)}


def show_word(word: Word) -> Schema:
    """Return what editors show of a word: its name, its summary, and all about it as Markdown."""
    rule = f"Shape: {word.shape}." if word.shape else ""
    keys = "\n".join(f"- `{key.name}`: {key.sentence}" for key in word.keys)
    parts = (word.summary, rule, keys, f"Example: `{word.example}`")
    text = "\n\n".join(part for part in parts if part)
    return {"title": word.name, "description": word.summary, "markdownDescription": text}
