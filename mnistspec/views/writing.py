"""How tables and pictures write units of a spec, their values and shares: conv 16 (stride: 2), 99.4 %."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistspec.language import dump
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
    if isinstance(value, Unit):
        return write_unit(value)
    return dump.write_value(value.model_dump() if isinstance(value, Model) else value, digits=10)


def write_changes(changes: Iterable[Change]) -> str:
    """Return changes in one line: stride 1 -> 2, bias true -> false."""
    return ", ".join(f"{c.key} {write_value(c.before)} -> {write_value(c.after)}" for c in changes)


def write_figure(value: float) -> str:
    """Return what a run came to: a count, or a figure with at most four decimals."""
    return f"{round(value, 4):,}"


def format_share(share: float, digits: int) -> str:
    """Return a share in [0, 1] in percent; only one that is exactly 1 or 0 is written as 100 or 0."""
    ends = f"{100:.{digits}f} %", f"{0:.{digits}f} %"
    text = f"{100 * share:.{digits}f} %"
    if text == ends[0] and share < 1:
        return f">{100 - 10**-digits:.{digits}f} %"
    if text == ends[1] and share > 0:
        return f"<{10**-digits:.{digits}f} %"
    return text
