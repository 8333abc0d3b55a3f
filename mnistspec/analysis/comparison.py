"""Runs held against each other: grouped by series, which is a spec without its seed, in figures over the seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from mnistspec.analysis.classes import find_macro_f1
from mnistspec.analysis.contrast import Contrast, find_contrast
from mnistspec.analysis.labels import differing_settings, has_setting
from mnistspec.errors import UsageError
from mnistspec.runs.measurement import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mnistspec.language.spec import Spec
    from mnistspec.runs.folder import RunDir


@dataclass(frozen=True)
class Series:
    """The finished runs of one spec, one a seed, in the order of their seeds; accuracies are in percent.

    ``settings`` are those in which it differs from the other series of its name.
    """

    runs: tuple[RunDir, ...]
    settings: dict[str, str]

    @property
    def first(self) -> RunDir:
        """The run of the first seed; in what does not depend on the seed it stands for all."""
        return next(iter(self.runs))

    @property
    def spec(self) -> Spec:
        """The spec of the first seed."""
        return self.first.spec

    @property
    def measured(self) -> Measured:
        """The part of the data that the accuracies are of."""
        return Measured.of(self.spec)

    @property
    def measured_on(self) -> str:
        """Which images the accuracies are of, in words."""
        held_out = self.spec.train.holdout
        is_number = isinstance(held_out, int) and held_out > 0
        return f"{held_out} held-out training images" if is_number else self.measured.images

    @property
    def images(self) -> tuple[str, str | None, str]:
        """What accuracies have to share to be compared: the data set, its digest if that is known, the part of it."""
        return self.spec.data.word, self.first.data_digest, self.measured_on

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, rising."""
        return tuple(run.spec.train.seed for run in self.runs)

    @property
    def params(self) -> int:
        """The parameters of the network."""
        return self.spec.params

    @property
    def macs(self) -> int:
        """The multiply-accumulates of one image."""
        return self.spec.macs

    @property
    def receptive_field(self) -> int:
        """The side of the square of the image that an output sees, in pixels."""
        return self.first.document.layers[-1].receptive_field

    @cached_property
    def accuracies(self) -> tuple[float, ...]:
        """Each seed's accuracy in the last epoch."""
        return tuple(float(run.figures.accuracy or 0) for run in self.runs)

    @property
    def mean(self) -> float:
        """Their mean."""
        return fmean(self.accuracies)

    @property
    def spread(self) -> float | None:
        """Their sample standard deviation; None for one seed."""
        return stdev(self.accuracies) if len(self.runs) > 1 else None

    @property
    def best(self) -> float:
        """The mean of the accuracies of the best epochs, which were chosen on the images that they are measured on."""
        return fmean(float(run.figures.best_accuracy or 0) for run in self.runs)

    @cached_property
    def macro_f1s(self) -> tuple[float, ...]:
        """Each seed's macro F1 in percent after the last epoch; nothing where that of one is not known."""
        found = [find_macro_f1(run) for run in self.runs]
        known = tuple(f1 for f1 in found if f1 is not None)
        return known if len(known) == len(found) else ()

    @property
    def macro_f1(self) -> float | None:
        """Their mean."""
        return fmean(self.macro_f1s) if self.macro_f1s else None

    @property
    def seconds(self) -> float:
        """The mean duration of a run."""
        return fmean(float(run.figures.seconds.total) for run in self.runs)

    @property
    def targets_met(self) -> int | None:
        """How many of the seeds met all targets; None for a spec without targets."""
        met = sum(all(target.met for target in run.figures.targets) for run in self.runs)
        return met if any(run.figures.targets for run in self.runs) else None

    def as_data(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "spec": self.spec.name,
            "settings": self.settings,
            "data": self.spec.data.word,
            "data_digest": self.first.data_digest,
            "measured_on": self.measured_on,
            "params": self.params,
            "macs": self.macs,
            "receptive_field": self.receptive_field,
            "seeds": list(self.seeds),
            self.measured.key("accuracy"): {
                "mean": self.mean, "spread": self.spread, "min": min(self.accuracies), "max": max(self.accuracies),
                "of_seeds": list(self.accuracies),
            },
            self.measured.key("best_accuracy"): {"mean": self.best},
            "macro_f1": {"mean": self.macro_f1, "of_seeds": list(self.macro_f1s)},
            "seconds": self.seconds,
            "targets_met": self.targets_met,
            "runs": [str(run.path) for run in self.runs],
        }  # fmt: skip


SORT_KEYS: dict[str, Callable[[Series], Any]] = {
    "name": lambda series: (series.spec.name, list(series.settings.items())),
    "mean": lambda series: -series.mean,
    "min": lambda series: -min(series.accuracies),
    "max": lambda series: -max(series.accuracies),
    "best": lambda series: -series.best,
    "spread": lambda series: float("inf") if series.spread is None else series.spread,
    "f1": lambda series: -(series.macro_f1 or 0),
    "seeds": lambda series: -len(series.runs),
    "targets": lambda series: -(series.targets_met or 0) / len(series.runs),
    "params": lambda series: series.params,
    "macs": lambda series: series.macs,
    "field": lambda series: series.receptive_field,
    "seconds": lambda series: series.seconds,
}


@dataclass(frozen=True)
class Comparison:
    """Series in the order that was asked for, by ``sort``; of exactly two, the difference."""

    all_series: tuple[Series, ...]
    sort: str = "mean"

    @property
    def runs_without_f1(self) -> list[RunDir]:
        """The runs whose macro F1 is not known."""
        runs = [run for series in self.all_series if not series.macro_f1s for run in series.runs]
        return [run for run in runs if find_macro_f1(run) is None]

    @property
    def contrast(self) -> Contrast | None:
        """How much better the first of exactly two series is than the second."""
        return find_contrast(*self.all_series) if len(self.all_series) == 2 else None


def compare_runs(
    runs: Iterable[RunDir], *, sort: str = "mean", reverse: bool = False, filters: Sequence[str] = ()
) -> Comparison:
    """Return the comparison of finished runs, one a series and seed; raise UsageError where a filter leaves nothing."""
    groups: dict[str, list[RunDir]] = {}
    for run in sorted(runs, key=lambda run: run.spec.train.seed):
        groups.setdefault(series_key(run), []).append(run)
    found = [Series(tuple(group), {}) for group in groups.values()]
    all_series: list[Series] = []
    for name in dict.fromkeys(series.spec.name for series in found):
        siblings = [series for series in found if series.spec.name == name]
        settings = differing_settings([series.spec for series in siblings])
        digests = [series.first.data_digest for series in siblings]
        if len(set(digests)) > 1:
            settings = [{**s, "data_digest": (d or "unknown")[:8]} for s, d in zip(settings, digests, strict=True)]
        all_series += [replace(series, settings=new) for series, new in zip(siblings, settings, strict=True)]
    for text in filters:
        all_series = _filter(all_series, text)
    all_series.sort(key=SORT_KEYS["name"])
    return Comparison(tuple(sorted(all_series, key=SORT_KEYS[sort], reverse=reverse)), sort)


def series_key(run: RunDir) -> str:
    """Return what a run does apart from its seed, and on which data, as a text to compare by."""
    data = run.spec.as_trained()
    del data["train"]["seed"]
    return json.dumps(data | {"digest": run.data_digest})


def _filter(all_series: list[Series], text: str) -> list[Series]:
    key, equals, value = text.partition("=")
    kept = [
        series
        for series in all_series
        if (has_setting(series.spec, key, value) if equals else fnmatchcase(series.spec.name, text))
    ]
    if not kept:
        what = f"a setting {key} of the value {value}" if equals else f"the name {text}"
        raise UsageError(f"--filter {text}: no finished run has {what}")
    return kept
