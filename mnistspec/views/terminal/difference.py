"""A difference between two specs or runs: as text for the terminal, and as plain data."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mnistspec.language.vocabulary.unit import Unit
from mnistspec.views.terminal.difference_lines import Line, describe_blocks, describe_units
from mnistspec.views.terminal.tables import WIDTH
from mnistspec.views.writing import write_changes, write_value
from mnistspec.wording import write_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.network.difference import Change, Difference, UnitDifference
    from mnistspec.runs.models import Result

_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "moved": (">", "cyan"), "changed": ("~", "yellow")}
_NOISE = (
    "One run each: on 10,000 images two seeds of one spec differ by about 0.1 points. "
    "mnistspec compare weighs several."
)  # fmt: skip


def difference_text(difference: Difference, names: Sequence[str], results: Sequence[Result | None]) -> Group:
    """Return a section for each part in which there is a difference, and what it did to the network."""
    arrow = " -> " if sum(map(len, names)) + 4 <= WIDTH else " ->\n"  # a path is not broken
    parts: list[RenderableType] = [Text(arrow.join(names), style="bold", no_wrap=True, overflow="ignore")]
    for title, lines in describe_difference(difference).items():
        if lines:
            parts += [Text(), _lines(title, lines)]
        elif title == "network" and not difference.is_empty:
            parts += [Text(), Text(title, style="bold"), _totals(difference)]
    if difference.is_empty:
        totals = difference.totals[0]
        what = f"{totals.blocks} blocks, {totals.params:,} parameters"
        parts.append(Text(f"no difference in layers ({what}), data, recipe, augmentation and targets"))
    if any(results):
        parts += [Text(), Text("runs", style="bold"), _results(results), Text(_NOISE)]
    return Group(*parts)


def describe_difference(difference: Difference) -> dict[str, list[Line]]:
    """Return the parts of a difference by their titles; network, of which the totals tell, has no lines."""
    return {
        "layers": describe_blocks(difference.blocks),
        "network": [],
        "data": _describe_settings(difference.settings, "data"),
        "recipe": _describe_settings(difference.settings, "train."),
        "augmentation": describe_units(difference.augmentation),
        "targets": _describe_settings(difference.settings, "targets."),
    }


def _lines(title: str, lines: Sequence[Line]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_row(Text(title, style="bold"), "parameters" if any(line.params for line in lines) else "")
    for line in lines:
        mark, style = _MARKS.get(line.kind, ("=", ""))
        text = Table.grid(padding=(0, 1, 0, 0))
        text.add_row("", Text(mark, style=style), Text(line.text, style=style, overflow="fold"))
        table.add_row(text, f"{line.params:+,}" if line.params else "")
    return table


def _describe_settings(changes: Iterable[Change], prefix: str) -> list[Line]:
    """Return the settings below a key, a line each; the arguments of one unit share a line."""
    lines: list[Line] = []
    below = [change for change in changes if change.key.startswith(prefix)]
    for unit, members in groupby(below, lambda change: change.key.split(".")[1:-1]):
        named = [replace(change, key=change.key.split(".")[-1]) for change in members]
        lines += [Line("changed", f"{' '.join(unit)}: {write_changes(named)}")] if unit else map(_setting, named)
    return lines


def _setting(change: Change) -> Line:
    if change.before is None:
        return Line("added", f"{change.key} {write_value(change.after)}")
    if change.after is None:
        return Line("removed", f"{change.key} {write_value(change.before)}")
    return Line("changed", write_changes([change]))


def _totals(difference: Difference) -> Table:
    before, after = difference.totals
    table = _figures()
    table.add_row("", "blocks", _count(before.blocks, after.blocks))
    table.add_row("", "parameters", _count(before.params, after.params))
    table.add_row("", "MACs", _count(before.macs, after.macs))
    table.add_row("", "receptive field", _count(before.receptive_field, after.receptive_field))
    table.add_row("", "output", _arrow(write_shape(before.output_shape), write_shape(after.output_shape)))
    kept = [(block.layer_before, block.layer_after) for block in difference.blocks]
    others = [(a, b) for a, b in kept if a and b and a.output_shape != b.output_shape]
    if others:
        first, now = others[0]
        where = f"{now.name} {write_shape(first.output_shape)} -> {write_shape(now.output_shape)}"
        number = f"{len(others)} blocks that stay have another, first " if len(others) > 1 else ""
        table.add_row("", "output shapes", f"{number}{where}")
    return table


def _results(results: Sequence[Result | None]) -> Table:
    table = _figures()
    word = "/".join(dict.fromkeys(result.measured_on.word for result in results if result))
    for label, name, unit in (
        (f"{word} accuracy, last epoch", "accuracy", " %"),
        (f"{word} accuracy, best epoch", "best_accuracy", " %"),
        ("train accuracy, last epoch", "train_accuracy", " %"),
        ("epochs", "epochs", ""),
        ("seconds", "seconds.total", ""),
    ):
        values = [attrgetter(name)(result) if result else None for result in results]
        texts = ["-" if value is None else f"{value:,.2f}".removesuffix(".00") + unit for value in values]
        first, second = values
        change = "" if first is None or second is None or first == second else f"  ({second - first:+,.2f})"
        table.add_row("", label, _arrow(*texts) + change)
    digests = [result.data.digest[:8] for result in results if result and result.data.digest]
    if len(set(digests)) > 1:
        table.add_row("", "data, by its digest", _arrow(*digests))
    return table


def _figures() -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _count(before: int, after: int) -> str:
    change = f"  ({after - before:+,})" if before != after else ""
    return _arrow(f"{before:,}", f"{after:,}") + change


def _arrow(before: str, after: str) -> str:
    return f"{before}, unchanged" if before == after else f"{before} -> {after}"


def difference_data(difference: Difference, lines: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return a difference as plain data; ``lines`` are the places of the blocks in the two files."""
    before, after = difference.totals
    return {
        "equal": difference.is_empty,
        "totals": {"before": asdict(before), "after": asdict(after)},
        "blocks": [
            _unit_data(block, _layer_data(block.layer_before, lines[0]), _layer_data(block.layer_after, lines[1]))
            for block in difference.blocks
        ],
        "augmentation": [_unit_data(unit, _plain(unit.before), _plain(unit.after)) for unit in difference.augmentation],
        "settings": _changes_data(difference.settings),
    }


def _layer_data(layer: TracedLayer | None, lines: Sequence[int]) -> dict[str, Any] | None:
    if layer is None:
        return None
    return {
        "index": layer.index,
        "name": layer.name,
        "block": layer.block.word,
        "arguments": layer.block.model_dump(),
        "line": lines[layer.index] if lines else None,
        "output_shape": layer.output_shape,
        "params": layer.params,
        "macs": layer.macs,
        "receptive_field": layer.receptive_field,
    }


def _unit_data(unit: UnitDifference, before: Any, after: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"kind": unit.kind, "before": before, "after": after, "changes": _changes_data(unit.changes)}


def _changes_data(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [{"key": change.key, "before": _plain(change.before), "after": _plain(change.after)} for change in changes]


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a spec can hold
    return {value.word: value.model_dump()} if isinstance(value, Unit) else value
