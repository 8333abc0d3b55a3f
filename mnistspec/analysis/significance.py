"""Whether two series differ by more than the noise between seeds: intervals by Student's t, without scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
_INTERVALS = 200  # of Simpson's rule; the integrand is smooth


@dataclass(frozen=True)
class Interval:
    """The mean of a difference and where it lies with 95 % confidence; ``degrees`` are those of freedom."""

    mean: float
    low: float
    high: float
    degrees: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the difference is more than noise."""
        return self.low > 0 or self.high < 0


def paired_interval(differences: Sequence[float]) -> Interval:
    """Return the interval of the mean of two or more differences, one a seed."""
    return _interval(fmean(differences), variance(differences) / len(differences), len(differences) - 1)


def welch_interval(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Return the interval of the difference of two means of two or more values each, by Welch's test (1947)."""
    parts = [(variance(values) / len(values), len(values) - 1) for values in (first, second)]
    squared = sum(part for part, _ in parts)
    below = sum(part**2 / degrees for part, degrees in parts)
    degrees = squared**2 / below if below else float(min(degrees for _, degrees in parts))
    return _interval(fmean(first) - fmean(second), squared, degrees)


def _interval(mean: float, squared_error: float, degrees: float) -> Interval:
    half = t_quantile(degrees) * math.sqrt(squared_error)
    return Interval(mean, mean - half, mean + half, degrees)


def t_quantile(degrees: float, confidence: float = CONFIDENCE) -> float:
    """Return the t with P(|T| <= t) = ``confidence`` for one or more degrees of freedom, which need not be whole."""
    # No t is larger than that of one degree of freedom, tan(pi confidence / 2).
    low, high = 0.0, math.atan(math.tan(math.pi * confidence / 2) / math.sqrt(degrees))
    while low < (middle := (low + high) / 2) < high:  # until no float is between them
        low, high = (middle, high) if _probability(middle, degrees) < confidence else (low, middle)
    return math.sqrt(degrees) * math.tan(middle)


def _probability(angle: float, degrees: float) -> float:
    """Return P(|T| <= sqrt(degrees) tan(angle)).

    With t = sqrt(n) tan(x) Student's density, proportional to (1 + t^2/n)^(-(n+1)/2), becomes cos(x)^(n-1), whose
    integral over (-pi/2, pi/2) is sqrt(pi) gamma(n/2) / gamma((n+1)/2).
    """
    step = angle / _INTERVALS
    weights = (1 if index in {0, _INTERVALS} else 4 if index % 2 else 2 for index in range(_INTERVALS + 1))
    area = (
        step / 3 * sum(weight * math.pow(math.cos(step * index), degrees - 1) for index, weight in enumerate(weights))
    )
    whole = math.exp(math.lgamma(degrees / 2) - math.lgamma((degrees + 1) / 2)) * math.sqrt(math.pi)
    return 2 * area / whole
