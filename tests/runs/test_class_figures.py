"""Precision, recall and F1 by class and their means: exact small cases, and what holds of any predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec import RunDir, load_spec
from mnistspec.language.spec import Targets
from mnistspec.runs.predictions import Predictions
from mnistspec.runs.result import ClassMeans, average_classes, find_classes, measure_classes, summarize_run
from tests.profiles import examples
from tests.sweeps.fakes import make_metrics, make_run, write_spec

if TYPE_CHECKING:
    from pathlib import Path

Figures = tuple[float, float, float]


def count(pairs: list[tuple[int, int]], classes: int) -> np.ndarray:
    """Return the confusion matrix of labels and guesses."""
    confusion = np.zeros((classes, classes), np.int64)
    for label, guess in pairs:
        confusion[label, guess] += 1
    return confusion


def average(confusion: np.ndarray) -> ClassMeans:
    return average_classes(measure_classes(confusion, [str(index) for index in range(len(confusion))]))


def score(pairs: list[tuple[int, int]]) -> dict[int, Figures]:
    """Return precision, recall and F1 in percent by label, 0 for what is not defined, from sets of images."""
    figures = {}
    for label in {label for label, _ in pairs}:
        actual = {index for index, (is_label, _) in enumerate(pairs) if is_label == label}
        guessed = {index for index, (_, guess) in enumerate(pairs) if guess == label}
        precision = len(actual & guessed) / len(guessed) if guessed else 0.0
        recall = len(actual & guessed) / len(actual)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        figures[label] = (100 * precision, 100 * recall, 100 * f1)
    return figures


def test_figures_of_three_classes() -> None:
    rows = measure_classes(np.array([[3, 1, 0], [0, 2, 0], [2, 0, 2]]), ["a", "b", "c"])
    assert [row.name for row in rows] == ["a", "b", "c"]
    assert [row.images for row in rows] == [4, 2, 4]
    assert [row.precision for row in rows] == pytest.approx([60, 200 / 3, 100])
    assert [row.recall for row in rows] == pytest.approx([75, 100, 50])
    assert [row.f1 for row in rows] == pytest.approx([200 / 3, 80, 200 / 3])
    means = average_classes(rows)
    assert (means.precision, means.recall, means.f1) == pytest.approx((680 / 9, 75, 640 / 9))


def test_a_class_that_is_never_guessed_counts_with_zero() -> None:
    rows = measure_classes(np.array([[4, 0], [4, 0]]), ["a", "b"])
    assert (rows[1].precision, rows[1].recall, rows[1].f1) == (None, 0, 0)
    assert astuple(average_classes(rows)) == pytest.approx((25, 50, 100 / 3))


def test_a_class_without_images_does_not_count() -> None:
    never_guessed = measure_classes(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]), ["a", "b", "c"])
    assert (never_guessed[2].precision, never_guessed[2].recall, never_guessed[2].f1) == (None, None, None)
    assert average_classes(never_guessed) == average_classes(never_guessed[:2])
    guessed = measure_classes(np.array([[3, 0, 1], [0, 4, 0], [0, 0, 0]]), ["a", "b", "c"])
    assert (guessed[2].precision, guessed[2].recall, guessed[2].f1) == (0, None, 0)
    assert astuple(average_classes(guessed)) == pytest.approx((100, 87.5, (600 / 7 + 100) / 2))


def test_the_mean_of_f1_is_not_the_f1_of_the_means() -> None:
    means = average(np.array([[1, 9], [0, 10]]))
    precision, recall = (100 + 1000 / 19) / 2, (10 + 100) / 2
    assert (means.precision, means.recall) == pytest.approx((precision, recall))
    assert means.f1 == pytest.approx(100 * (2 / 11 + 20 / 29) / 2)
    assert means.f1 != pytest.approx(2 * precision * recall / (precision + recall), rel=0.1)


def test_no_images_have_no_means() -> None:
    assert average_classes([]) == average(np.zeros((3, 3), np.int64)) == ClassMeans(None, None, None)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
@examples(100)
def test_the_means_of_any_predictions(pairs: list[tuple[int, int]]) -> None:
    expected = score(pairs)
    means = average(count(pairs, 5))
    found = (means.precision, means.recall, means.f1)
    assert found == pytest.approx(tuple(sum(column) / len(expected) for column in zip(*expected.values(), strict=True)))
    assert all(value is not None and 0 <= value <= 100 for value in found)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40), st.integers(2, 5))
@examples(50)
def test_order_and_number_of_images_make_no_difference(pairs: list[tuple[int, int]], times: int) -> None:
    means, again = average(count(pairs, 4)), average(count(list(reversed(pairs)) * times, 4))
    for name in ("precision", "recall", "f1"):
        assert getattr(again, name) == pytest.approx(getattr(means, name))
    accuracy = 100 * sum(label == guess for label, guess in pairs) / len(pairs)
    if len(set(Counter(label for label, _ in pairs).values())) == 1:
        assert means.recall == pytest.approx(accuracy), "of classes with as many images each"
    if accuracy == 100:
        assert means == ClassMeans(100, 100, 100)


def make_predictions() -> Predictions:
    """Return ten images of ten classes, of which one is taken for another."""
    labels = np.arange(10, dtype=np.uint8)
    guesses = labels.copy()
    guesses[9] = 0
    none = np.zeros(0, np.uint32), np.zeros((0, 28, 28), np.uint8)
    return Predictions(labels, guesses, np.full(10, 0.9, np.float32), *none, tuple("0123456789"))


@pytest.mark.parametrize(("wanted", "met"), [(86.6, True), (86.7, False)])
def test_a_run_is_held_against_its_macro_f1(tmp_path: Path, wanted: float, met: bool) -> None:
    spec = load_spec(write_spec(tmp_path)).model_copy(update={"targets": Targets(min_macro_f1=wanted)})
    result = summarize_run(spec, make_metrics(90), "done", predictions=make_predictions())
    assert result.macro_f1 == pytest.approx((8 * 100 + 200 / 3) / 10)
    assert (result.macro_precision, result.macro_recall) == pytest.approx((85, 90))
    assert [(row.target, row.got, row.met) for row in result.targets] == [("min_macro_f1", result.macro_f1, met)]


def test_without_predictions_there_are_no_figures_by_class(tmp_path: Path) -> None:
    spec = load_spec(write_spec(tmp_path)).model_copy(update={"targets": Targets(min_macro_f1=0)})
    result = summarize_run(spec, make_metrics(90), "not finite")
    assert (result.macro_precision, result.macro_recall, result.macro_f1) == (None, None, None)
    assert [(row.got, row.met) for row in result.targets] == [(None, False)]


def test_older_runs_have_the_figures_of_their_predictions(tmp_path: Path) -> None:
    """Results of format 1, and of runs that kept no predictions, have no classes."""
    run = RunDir(make_run(tmp_path, load_spec(write_spec(tmp_path)), 50.0, 90.0, digest="d"))
    assert (run.figures.classes, run.figures.macro_f1, find_classes(run)) == ([], None, [])
    run.write_predictions(make_predictions(), "mnist", "d", 2)
    assert find_classes(run) == measure_classes(make_predictions().confusion, list("0123456789"))
