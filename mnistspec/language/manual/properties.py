"""A model's keys as JSON Schema (draft-07), from pydantic's own, which is of a later draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from mnistspec.language.vocabulary.unit import Model, Unit

Schema: TypeAlias = dict[str, Any]


def list_properties(model: type[Model]) -> dict[str, Schema]:
    """Return each key's schema; one that is a model of its own is a ``$ref`` to its lower-case name's definition."""
    schema = model.model_json_schema()
    return {name: _draft_7(part) for name, part in schema.get("properties", {}).items()}


def list_required(model: type[Model]) -> list[str]:
    """Return the required keys."""
    return [name for name, field in model.model_fields.items() if field.is_required()]


def name_definition(unit: type[Unit]) -> str:
    """Return the name of the definition of a unit's family, by which a ``$ref`` points to it."""
    return next(base for base in unit.__mro__ if "family" in vars(base)).__name__.lower()


def _draft_7(part: Schema) -> Schema:
    """Return a part without pydantic's titles and defaults, and with tuples as draft-07 has them."""
    result = {
        key: value for key, value in part.items() if key not in {"title", "default", "examples", "prefixItems", "$ref"}
    }
    if "$ref" in part:
        result["$ref"] = f"#/definitions/{part['$ref'].rpartition('/')[2].lower()}"
    if "anyOf" in part:
        result["anyOf"] = [_draft_7(choice) for choice in part["anyOf"]]
    if "prefixItems" in part:
        result |= {"items": [_draft_7(item) for item in part["prefixItems"]], "additionalItems": False}
    elif isinstance(part.get("items"), dict):
        result["items"] = _draft_7(part["items"])
    return result
