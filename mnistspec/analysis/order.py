"""The order of series: by name, numbers as numbers, and what is built on before what builds on it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mnistspec.analysis.labels import differing_settings
from mnistspec.errors import UsageError
from mnistspec.language.yaml.composer import read_bytes, read_source
from mnistspec.language.yaml.diagnostics import Collector
from mnistspec.language.yaml.tree import Mapping, Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.comparison import Series
    from mnistspec.runs.folder import RunDir


def order_series(all_series: Sequence[Series]) -> list[tuple[Series, Series | None]]:
    """Return the series in order, each with the one that it is held against: the one that it is built on, if any.

    Numbered names such as step1, step2 are one line, each built on the one before; other names stand behind it.
    """
    steps = _find_steps({series.spec.name for series in all_series})
    waiting = sorted(all_series, key=lambda s: (bool(steps) and s.spec.name not in steps, natural_key(s.spec.name)))
    foundations = [_find_foundation(series, waiting, steps) for series in waiting]
    ordered: list[int] = []
    told: list[tuple[Series, Series | None]] = []
    before: Series | None = None
    while left := [index for index in range(len(waiting)) if index not in ordered]:
        # The first whose foundation is there; where foundations go round in a circle, the first of all.
        index = next((index for index in left if foundations[index] in {None, *ordered}), left[0])
        foundation = foundations[index] if foundations[index] in ordered else None
        told.append((waiting[index], before if foundation is None else waiting[foundation]))
        if foundation is None or waiting[index].spec.name in steps:
            before = waiting[index]
        ordered.append(index)
    return told


def natural_key(name: str) -> list[tuple[str, int, str]]:
    """Return a key by which step2 comes before step10: of two numbers the longer is the larger."""
    return [(text, len(digits), digits) for text, digits in re.findall(r"([^0-9]*)(?:0*([0-9]+))?", name)]


def read_extended(run: RunDir) -> str | None:
    """Return the name of the file, without its ending, that a run's spec extends; None if there is none."""
    try:
        tree = read_bytes(read_source(run.path / "spec.yaml"), "spec.yaml", Collector("spec.yaml"))
    except UsageError:
        return None
    entry = tree.entries.get("extends") if isinstance(tree, Mapping) else None
    value = entry.node.value if entry and isinstance(entry.node, Scalar) else None
    return PurePosixPath(value).stem if isinstance(value, str) else None


def _find_steps(names: set[str]) -> set[str]:
    """Return the names that differ from another in the number at their end alone."""
    families = defaultdict(set)
    for name in names:
        if stem := re.fullmatch(r"(.*?)[0-9]+", name):
            families[stem[1]].add(name)
    return {name for family in families.values() if len(family) > 1 for name in family}


def _find_foundation(series: Series, all_series: Sequence[Series], steps: set[str]) -> int | None:
    """Return the index of the series that one is built on: of the spec that it extends, or the nearest step."""
    extended = read_extended(series.first)
    others = [index for index, other in enumerate(all_series) if other.spec.name != series.spec.name]
    found = [index for index in others if all_series[index].spec.name == extended]
    if not found and series.spec.name not in steps:
        found = [index for index in others if all_series[index].spec.name in steps]
    # Of equals the last: later steps are built on the earlier ones.
    return min(reversed(found), key=lambda index: _count_differences([series, all_series[index]]), default=None)


def _count_differences(pair: list[Series]) -> int:
    return len({key for found in differing_settings([series.spec for series in pair]) for key in found})
