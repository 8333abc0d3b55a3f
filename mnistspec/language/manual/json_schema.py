"""A spec as JSON Schema (draft-07) for editors and other tools: completion, help on hover, and what is structural.

What is not: the rules of YAML itself, values that contradict each other, what is never used, other files, shapes. A
word that is no block is taken for a group where there are groups: under `blocks:`, or in a spec that extends another.
"""

from __future__ import annotations

from mnistspec.language.groups import NAME
from mnistspec.language.manual.dialects import CHILD, GROUP, LAYERS, REFERENCE, SPEC, Dialect, alone, show_word
from mnistspec.language.manual.properties import Schema, list_properties, list_required
from mnistspec.language.manual.words import SECTIONS, Section, Word, list_sections, list_words
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.containers import Container
from mnistspec.language.vocabulary.datasets import Data
from mnistspec.language.vocabulary.unit import Unit

DRAFT = "http://json-schema.org/draft-07/schema#"


def make_schema() -> Schema:
    """Return the JSON Schema of a spec."""
    return {
        "$schema": DRAFT,
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/definitions/child.spec"},
        "else": {"$ref": "#/definitions/spec"},
        "definitions": _definitions(),
    }


def _definitions() -> dict[str, Schema]:
    words = {(word.family, word.name): word for word in list_words()}
    containers = [(member, words["blocks", name]) for name, member in Container.members.items()]
    sections = {section.name: section for section in list_sections()}
    definitions: dict[str, Schema] = {}
    for dialect in (SPEC, CHILD):
        for name, model in SECTIONS.items():
            definitions[dialect.prefix + name] = dialect.section(model, sections[name].keys)
        definitions[f"{dialect.prefix}spec"] = _spec(dialect, sections["spec"], words)
        definitions[f"{dialect.prefix}group"] = _group(dialect, sections["blocks"])
    for name, base in Unit.families.items():
        if base is Container:
            continue  # they are blocks among others, and have no definition of their own
        members = [(member, words[f"{base.family}s", word]) for word, member in base.members.items()]
        definitions |= {f"{name}.{word.name}.alone": alone(word) for _, word in members}
        for dialect in (LAYERS, GROUP, CHILD) if base is Block else (SPEC, CHILD):
            for member, word in members:
                definitions[f"{dialect.prefix}{name}.{word.name}"] = dialect.section(member, word.keys)
            if base is not Block:
                definitions[dialect.prefix + name] = dialect.family(members, in_list=base in {Augmentation, Data})
            elif dialect is not CHILD:
                definitions[f"{dialect.prefix}block"] = _block(dialect, members, containers)
    # Lists are replaced as a whole: nothing in one is laid over anything.
    definitions["child.augmentation"] = SPEC.refer("augmentation")
    return {**definitions, "known_layers": _known_layers(), "complete_layers": _complete_layers()}


def _spec(dialect: Dialect, section: Section, words: dict[tuple[str, str], Word]) -> Schema:
    """Return the schema of a whole spec."""
    parts = list_properties(Spec)
    parts["layers"] = _list_of(LAYERS.refer("block"))
    parts["defaults"] = {
        "type": "object",
        "properties": {
            name: {
                "anyOf": [dialect.refer(f"block.{name}"), *dialect.instead],
                "description": words["blocks", name].summary,
            }
            for name in Block.members
        },
        "additionalProperties": False,
    }
    parts["blocks"] = {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME.pattern}$", "not": {"enum": [*Block.members, *Container.members]}},
        "additionalProperties": dialect.refer("group"),
    }
    parts["extends"] = {"type": "string", "pattern": r"\S"}
    properties = {key.name: dialect.value(parts[key.name], key.sentence) for key in section.keys}
    if dialect is CHILD:
        properties["extends"] = {"description": properties["extends"]["description"], **parts["extends"]}
        return dialect.mapping(properties)
    known, complete = ({"layers": _silent(f"{name}_layers")} for name in ("known", "complete"))
    groups = {"additionalProperties": {"properties": complete}, "doNotSuggest": True}
    conditions = [
        {"if": {"not": {"required": ["blocks"]}}, "then": {"properties": known}},
        {"if": {"not": {"required": ["defaults"]}}, "then": {"properties": {**complete, "blocks": groups}}},
    ]
    return dialect.mapping(properties, ["layers"], allOf=conditions)


def _group(dialect: Dialect, section: Section) -> Schema:
    """Return the schema of a group under `blocks:`."""
    parameters = {"type": "object", "propertyNames": {"pattern": f"^{NAME.pattern}$"}}
    parts = {"parameters": parameters, "layers": _list_of(GROUP.refer("block"))}
    properties = {key.name: dialect.value(parts[key.name], key.sentence) for key in section.keys}
    definition = dialect.mapping(properties, ["layers"], description=section.summary)
    return {"anyOf": [definition, *dialect.instead]}


def _block(
    dialect: Dialect, members: list[tuple[type[Unit], Word]], containers: list[tuple[type[Unit], Word]]
) -> Schema:
    """Return the schema of one item of `layers:`; a word that is no block's may be a group's."""
    more = {word.name: _container(dialect, member, word) for member, word in containers}
    schema = dialect.family(members, more, in_list=True)
    del schema["anyOf"][-1]["additionalProperties"]
    group = {"type": "string", "pattern": f"^{NAME.pattern}$"}
    bare = [name for name in Block.members if not NAME.fullmatch(name)]  # 1x1, with what its defaults give
    others = [group, {"type": "string", "pattern": f"^({'|'.join(bare)})$"}]
    return {"anyOf": [*schema["anyOf"], *others, *([REFERENCE] if dialect is GROUP else [])]}


def _container(dialect: Dialect, member: type[Unit], word: Word) -> Schema:
    """Return the schema of what stands behind the word of a container; all its keys are written in place."""
    parts = {**list_properties(member), "layers": _list_of(dialect.refer("block"))}
    keys = {key.name: dialect.value(parts[key.name], key.sentence) for key in word.keys}
    return {**dialect.mapping(keys), "required": list_required(member), **show_word(word)}


def _known_layers() -> Schema:
    """Return what holds of `layers:` where there are no groups: each word is a block's."""
    words = ", ".join(Block.members)
    alone = {"pattern": f"^({'|'.join(Block.members)})$", "patternErrorMessage": f"Unknown block; there are {words}."}
    properties = {name: {"doNotSuggest": True} for name in Block.members}
    return _each_layer(alone, {"properties": properties, "additionalProperties": False}, "known")


def _complete_layers() -> Schema:
    """Return what holds of `layers:` where there are no defaults: each block has what it requires."""
    needed = {name: list_required(member) for name, member in Block.members.items() if list_required(member)}
    pattern = f"^(?!({'|'.join(needed)})$)"
    alone = {"pattern": pattern, "patternErrorMessage": "This block needs a value, such as conv: 16."}
    silent = {"not": {"type": "null"}, "doNotSuggest": True}
    properties = {name: {**silent, "required": keys} for name, keys in needed.items()}
    return _each_layer(alone, {"properties": properties}, "complete")


def _each_layer(word: Schema, mapping: Schema, name: str) -> Schema:
    """Return a condition on each item of a list of layers, and on those in its repeats."""
    again = {"properties": {"layers": _silent(f"{name}_layers")}, "doNotSuggest": True}
    mapping = {**mapping, "properties": {**mapping["properties"], **dict.fromkeys(Container.members, again)}}
    return {"items": {"if": {"type": "string"}, "then": word, "else": mapping}}


def _silent(name: str) -> Schema:
    """Return a condition that editors make no suggestions from."""
    return {"allOf": [SPEC.refer(name)], "doNotSuggest": True}


def _list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}
