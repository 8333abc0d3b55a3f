"""Units of a spec and their values, as people write them: conv 16 (stride: 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistspec.language.vocabulary.unit import Model, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnistspec.network.difference import Change


def write_unit(unit: Unit) -> str:
    """Return a unit in one line: its word, its one obvious argument, and the others that are not at their defaults."""
    fields = type(unit).model_fields
    values = {name: getattr(unit, name) for name, field in fields.items() if getattr(unit, name) != field.default}
    scalar = [write_value(values.pop(unit.scalar))] if unit.scalar in values else []
    rest = ", ".join(f"{name}: {write_value(value)}" for name, value in values.items())
    return " ".join([unit.word, *scalar, *([f"({rest})"] if rest else [])])


def write_value(value: Any) -> str:  # noqa: ANN401 - whatever a spec can hold
    """Return a value in the spec's own spelling, numbers with at most ten digits."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(write_value, value))}]"
    if isinstance(value, Unit):
        return write_unit(value)
    if isinstance(value, Model):
        value = value.model_dump()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {write_value(item)}' for key, item in value.items())}}}"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def write_changes(changes: Iterable[Change]) -> str:
    """Return changes in one line: stride 1 -> 2, bias true -> false."""
    return ", ".join(f"{c.key} {write_value(c.before)} -> {write_value(c.after)}" for c in changes)
