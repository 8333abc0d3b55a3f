"""The difference between two series, and whether it is more than the noise between seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistspec.analysis.significance import Interval, paired_interval, welch_interval

if TYPE_CHECKING:
    from mnistspec.analysis.comparison import Series


@dataclass(frozen=True)
class Contrast:
    """How much better the first of two series is, in points; without an interval where there are too few seeds."""

    first: Series
    second: Series
    method: str | None  # paired, welch; None where nothing can be computed
    seeds: tuple[int, ...]  # those that both have
    interval: Interval | None

    @property
    def obstacle(self) -> str:
        """Why the accuracies cannot be compared, in words; nothing if they can."""
        (data, digest, part), (other_data, other_digest, other_part) = self.first.images, self.second.images
        if (data, part) != (other_data, other_part) or (digest != other_digest and digest and other_digest):
            return "they were measured on different images"
        return "" if digest == other_digest else "it is not known whether they were measured on the same images"

    def as_data(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        interval = self.interval
        return {
            "method": self.method,
            "shared_seeds": list(self.seeds),
            "mean": interval and interval.mean,
            "low": interval and interval.low,
            "high": interval and interval.high,
            "degrees_of_freedom": interval and interval.degrees,
            "more_than_noise": interval and interval.excludes_zero,
        }


def find_contrast(first: Series, second: Series) -> Contrast:
    """Return the difference over the seeds that both have; if there are less than two, that of all by Welch's test.

    There is none between accuracies of different images.
    """
    if first.images != second.images:
        return Contrast(first, second, None, (), None)
    shared = tuple(seed for seed in first.seeds if seed in second.seeds)
    by_seed = [dict(zip(series.seeds, series.accuracies, strict=True)) for series in (first, second)]
    if len(shared) > 1:
        interval = paired_interval([by_seed[0][seed] - by_seed[1][seed] for seed in shared])
        return Contrast(first, second, "paired", shared, interval)
    if min(len(first.runs), len(second.runs)) > 1:
        return Contrast(first, second, "welch", shared, welch_interval(first.accuracies, second.accuracies))
    return Contrast(first, second, None, shared, None)
