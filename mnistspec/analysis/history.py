"""The history of runs: series in the order of their names, each with what a report tells of it; no layout."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

from mnistspec.analysis.comparison import Comparison, Series, compare_runs
from mnistspec.analysis.mistakes import ErrorAnalysis, analyze_errors
from mnistspec.data.dataset import load_dataset
from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.network.difference import Difference, compare_specs
from mnistspec.runs.folder import RunDir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mnistspec.analysis.collection import Collection
    from mnistspec.data.dataset import Dataset


_LARGEST = 1e12


@dataclass(frozen=True, eq=False)
class Chapter:
    """A series: its epochs and its environment by seed, its errors, what changed from the chapter before.

    What cannot be read is missing here, and a sentence in ``problems`` says so.
    """

    series: Series
    before: Series | None
    difference: Difference | None
    epochs: dict[int, list[dict[str, float]]] = field(default_factory=dict)
    environments: dict[int, dict[str, Any]] = field(default_factory=dict)
    errors: ErrorAnalysis | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class History:
    """Steps in order, and a sentence for each run that was left out."""

    comparison: Comparison
    chapters: tuple[Chapter, ...]
    left_out: tuple[str, ...]

    @property
    def problems(self) -> list[str]:
        """A sentence for everything that could not be read, each once."""
        return list(dict.fromkeys(problem for chapter in self.chapters for problem in chapter.problems))


class HistoryReader:
    """Reads the chapters of a history one by one, for reading takes a while; ``all_series`` are all, in order."""

    def __init__(self, collection: Collection, data_dir: Path | None = None) -> None:
        """Put finished runs in order; ``data_dir`` has the files of a data set that is not shipped."""
        runs = [run for run in collection.runs if _is_sound(run.figures)]
        unsound = [run.path for run in collection.runs if run not in runs]
        comparison = compare_runs(runs, sort="name")
        self.all_series = tuple(sorted(comparison.all_series, key=lambda series: _natural(series.spec.name)))
        self.left_out = (
            *collection.left_out,
            *(f"{path / 'result.json'}: left out: its figures are not those of a training run" for path in unsound),
        )
        self.data_dir = data_dir
        self.data: dict[str, Dataset | MnistspecError] = {}

    def read(self) -> Iterator[Chapter]:
        """Yield the chapters in order."""
        for before, series in zip((None, *self.all_series), self.all_series, strict=False):
            yield self._read_step(series, before)

    def finish(self, chapters: list[Chapter]) -> History:
        """Return the history that the chapters make."""
        return History(Comparison(self.all_series), tuple(chapters), self.left_out)

    def _read_step(self, series: Series, before: Series | None) -> Chapter:
        problems: list[str] = []
        epochs, environments = {}, {}
        for seed, run in zip(series.seeds, series.runs, strict=True):
            try:
                epochs[seed] = _read_epochs(run.path, int(run.figures["epochs"]))
            except MnistspecError as error:
                problems.append(_first_line(error))
            try:
                environments[seed] = RunDir(run.path).environment
            except MnistspecError as error:
                problems.append(_first_line(error))
        errors = None
        try:
            errors = analyze_errors(series, self._load(series.spec.data.word))
        except MnistspecError as error:
            problems.append(_first_line(error))
        difference = compare_specs(before.spec, series.spec) if before else None
        return Chapter(series, before, difference, epochs, environments, errors, tuple(problems))

    def _load(self, name: str) -> Dataset:
        """Return a data set, read once; raise what stopped it from being read each time."""
        if name not in self.data:
            try:
                self.data[name] = load_dataset(name, data_dir=self.data_dir)
            except MnistspecError as error:
                self.data[name] = error
        data = self.data[name]
        if isinstance(data, MnistspecError):
            raise data
        return data


def is_figure(value: object) -> TypeGuard[float]:
    """Return whether a value from a file is a number that a training run can have come to."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LARGEST


def _is_sound(result: dict[str, Any]) -> bool:
    """Return whether a result, whose file may hold anything, has all the figures that are computed with."""
    seconds, targets = result["seconds"], result["targets"]
    return (
        all(is_figure(result[key]) for key in ("epochs", "test_accuracy", "best_test_accuracy"))
        and isinstance(seconds, dict)
        and is_figure(seconds.get("total"))
        and isinstance(targets, list)
        and all(
            isinstance(target, dict)
            and isinstance(target.get("target"), str)
            and isinstance(target.get("met"), bool)
            and is_figure(target.get("wanted"))
            and (target.get("got") is None or is_figure(target["got"]))
            for target in targets
        )
    )


def _read_epochs(path: Path, count: int) -> list[dict[str, float]]:
    epochs = RunDir(path).metrics
    if len(epochs) != count:
        raise CorruptError(f"{path / 'metrics.csv'}: it has {len(epochs)} epochs, but result.json says {count}")
    return epochs


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which step2 comes before step10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _first_line(error: MnistspecError) -> str:
    return str(error).splitlines()[0]
