"""Student's t against published tables, and the intervals against worked examples."""

from __future__ import annotations

import pytest

from mnistspec.analysis.significance import paired_interval, t_quantile, welch_interval

# Two-sided 95 %: NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2, column 0.975.
TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 8: 2.306, 9: 2.262, 10: 2.228, 19: 2.093,
         30: 2.042, 60: 2.000, 100: 1.984}  # fmt: skip


@pytest.mark.parametrize(("degrees", "expected"), TABLE.items())
def test_quantiles_are_the_tables(degrees: int, expected: float) -> None:
    assert t_quantile(degrees) == pytest.approx(expected, abs=6e-4)


def test_quantiles_have_closed_forms_for_one_and_two_degrees() -> None:
    # For one degree tan(pi p / 2), for two p sqrt(2 / (1 - p^2)), with p the confidence.
    assert t_quantile(1) == pytest.approx(12.7062047364, rel=1e-9)
    assert t_quantile(2, 0.99) == pytest.approx(0.99 * (2 / (1 - 0.99**2)) ** 0.5, rel=1e-7)
    assert t_quantile(1e6) == pytest.approx(1.959966, abs=1e-5)


def test_quantiles_fall_between_whole_degrees() -> None:
    values = [t_quantile(degrees / 4) for degrees in range(4, 80)]
    assert values == sorted(values, reverse=True)


def test_the_paired_interval_is_that_of_the_differences() -> None:
    interval = paired_interval([0.1, 0.2, 0.3, 0.4])
    half = 3.1824463 * (0.0166666667 / 4) ** 0.5  # variance 1/60
    assert [interval.mean, interval.low, interval.high, interval.degrees] == pytest.approx(
        [0.25, 0.25 - half, 0.25 + half, 3], abs=1e-6
    )
    assert interval.excludes_zero
    assert not paired_interval([0.1, -0.2, 0.3]).excludes_zero
    assert paired_interval([-0.3, -0.31, -0.29]).excludes_zero


def test_welch_takes_variances_apart() -> None:
    # Equal sizes and variances: as many degrees of freedom as Student's test, 2 (n - 1).
    interval = welch_interval([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert [interval.mean, interval.degrees] == pytest.approx([-3, 4])
    assert interval.high - interval.low == pytest.approx(2 * 2.7764451 * (2 / 3) ** 0.5, abs=1e-5)
    # One of them without any spread: the degrees are those of the other.
    assert welch_interval([1.0, 1.0, 1.0, 1.0], [4.0, 5.0, 6.0]).degrees == pytest.approx(2)


def test_values_without_spread_have_an_interval_of_no_width() -> None:
    assert not paired_interval([0.0, 0.0]).excludes_zero
    same = welch_interval([1.0, 1.0], [1.0, 1.0])
    assert (same.low, same.high, same.excludes_zero) == (0, 0, False)
    assert welch_interval([1.0, 1.0, 1.0], [1.0, 1.0]).degrees == 1
