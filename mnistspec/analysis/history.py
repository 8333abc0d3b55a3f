"""The history of runs: series in order, each with what a report says of it; no layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnistspec.analysis.comparison import Comparison, Series, compare_runs
from mnistspec.analysis.mistakes import ErrorAnalysis, analyze_errors
from mnistspec.analysis.order import order_series
from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.network.difference import Difference, compare_specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mnistspec.analysis.collection import Collection
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.models import Environment
    from mnistspec.runs.predictions import Predictions
    from mnistspec.training.metrics import EpochRow


@dataclass(frozen=True, eq=False)
class Chapter:
    """A series: its epochs and its environment by seed, its errors, what changed from the series that it is built on.

    What cannot be read is missing here, and a sentence in ``problems`` says so.
    """

    series: Series
    before: Series | None
    difference: Difference | None
    epochs: dict[int, list[EpochRow]] = field(default_factory=dict)
    environments: dict[int, Environment] = field(default_factory=dict)
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

    def __init__(self, collection: Collection, measure: Callable[[RunDir], Predictions | None] | None = None) -> None:
        """Put finished runs in order; ``measure`` makes the predictions of runs that keep none."""
        self._ordered = order_series(compare_runs(collection.runs, sort="name").all_series)
        self.all_series = tuple(series for series, _ in self._ordered)
        self.left_out = tuple(collection.left_out)
        self._measure = measure

    def read(self) -> Iterator[Chapter]:
        """Yield the chapters in order."""
        for series, before in self._ordered:
            yield self._read_step(series, before)

    def finish(self, chapters: list[Chapter]) -> History:
        """Return the history that the chapters make."""
        return History(Comparison(self.all_series), tuple(chapters), self.left_out)

    def _read_step(self, series: Series, before: Series | None) -> Chapter:
        problems: list[str] = []
        epochs, environments = {}, {}
        for seed, run in zip(series.seeds, series.runs, strict=True):
            try:
                epochs[seed] = _read_epochs(run)
            except MnistspecError as error:
                problems.append(error.headline)
            try:
                environments[seed] = run.environment
            except MnistspecError as error:
                problems.append(error.headline)
        errors, missing = analyze_errors(series, self._measure)
        difference = compare_specs(before.spec, series.spec) if before else None
        return Chapter(series, before, difference, epochs, environments, errors, (*problems, *missing))


def _read_epochs(run: RunDir) -> list[EpochRow]:
    epochs, count = run.metrics, run.figures.epochs
    if len(epochs) != count:
        raise CorruptError(f"{run.path / 'metrics.csv'}: it has {len(epochs)} epochs, but result.json says {count}")
    return epochs
