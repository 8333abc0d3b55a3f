"""The leaderboard by macro F1: who comes first, where it is shown, and runs of which it is not known."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mnistspec import RunDir, load_spec
from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import Comparison, compare_runs
from mnistspec.runs.predictions import Predictions
from mnistspec.runs.result import average_classes, measure_classes
from mnistspec.views.terminal.leaderboard import leaderboard_csv, leaderboard_markdown, leaderboard_table
from mnistspec.views.terminal.tables import WIDTH, render_text
from tests.places import SPECS
from tests.sweeps.fakes import make_run, write_spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

DIGITS = tuple("0123456789")


def predict(wrong: int) -> Predictions:
    """Return predictions of 100 images, of which those of class 9 are taken for 0 in ``wrong`` cases."""
    labels = np.repeat(np.arange(10, dtype=np.uint8), 10)
    guesses = labels.copy()
    guesses[90 : 90 + wrong] = 0
    none = np.zeros(0, np.uint32), np.zeros((0, 28, 28), np.uint8)
    return Predictions(labels, guesses, np.full(100, 0.9, np.float32), *none, DIGITS)


def f1_of(wrong: int) -> float:
    """Return its macro F1, by hand: eight classes without a mistake, 0 and 9."""
    return 10 * (8 + 20 / (20 + wrong) + 2 * (10 - wrong) / (20 - wrong))


def make_runs(root: Path, path: Path, *wrong: int, keep: bool = True) -> list[RunDir]:
    """Make a run for each number of mistakes; those of a kept file alone are as older ones are."""
    runs = []
    for seed, count in enumerate(wrong):
        run = RunDir(make_run(root, load_spec(path, [f"train.seed={seed}"]), 50.0, 90.0, digest="d"))
        if keep:
            run.write_predictions(predict(count), "mnist", "d", 2)
        runs.append(run)
    return runs


def compare(root: Path, sort: str = "f1", *, reverse: bool = False) -> Comparison:
    return compare_runs(collect_runs([root]).runs, sort=sort, reverse=reverse)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two series, of which the second by name is better, and one of which nothing is known."""
    make_runs(tmp_path / "runs", write_spec(tmp_path, "a"), 4, 8)
    make_runs(tmp_path / "runs", write_spec(tmp_path, "b"), 3, 5)
    make_runs(tmp_path / "runs", write_spec(tmp_path, "c"), 0, keep=False)
    return tmp_path / "runs"


def test_the_best_comes_first_and_the_unknown_last(root: Path) -> None:
    comparison = compare(root)
    assert [series.spec.name for series in comparison.all_series] == ["b", "a", "c"]
    assert [series.spec.name for series in compare(root, reverse=True).all_series] == ["c", "a", "b"]
    best, second, unknown = comparison.all_series
    assert best.macro_f1s == pytest.approx((f1_of(3), f1_of(5)))
    assert best.macro_f1 == pytest.approx((f1_of(3) + f1_of(5)) / 2)
    assert second.macro_f1 == pytest.approx((f1_of(4) + f1_of(8)) / 2)
    assert (unknown.macro_f1s, unknown.macro_f1) == ((), None)
    assert comparison.runs_without_f1 == list(unknown.runs)
    assert [series.as_data()["macro_f1"] for series in comparison.all_series] == [
        {"mean": series.macro_f1, "of_seeds": list(series.macro_f1s)} for series in comparison.all_series
    ]


def test_one_unknown_seed_makes_the_mean_unknown(tmp_path: Path) -> None:
    path = write_spec(tmp_path, "a")
    make_runs(tmp_path / "runs", path, 4, 8)
    make_run(tmp_path / "runs", load_spec(path, ["train.seed=7"]), 90.0, digest="d")
    comparison = compare(tmp_path / "runs")
    assert comparison.all_series[0].macro_f1 is None
    assert [run.spec.train.seed for run in comparison.runs_without_f1] == [7]


def test_the_result_is_asked_before_the_predictions(root: Path) -> None:
    """A run of today has its figures in result.json, and they are those of its predictions."""
    run = compare(root).all_series[0].runs[0]
    classes = measure_classes(predict(3).confusion, DIGITS)
    run.write_result(run.figures.model_copy(update={"classes": classes, "macro_f1": average_classes(classes).f1}))
    (run.path / "predictions.npz").unlink()
    assert compare(root).all_series[0].macro_f1s == pytest.approx((f1_of(3), f1_of(5)))


def test_it_is_shown_where_it_is_asked_for(root: Path) -> None:
    for sort, shown in (("mean", False), ("f1", True)):
        comparison = compare(root, sort)
        text, markdown = render_text(leaderboard_table(comparison)), leaderboard_markdown(comparison)
        rows = list(csv.DictReader(io.StringIO(leaderboard_csv(comparison))))
        assert ("macro" in text, "macro F1 %" in markdown, "macro_f1_mean" in rows[0]) == (shown, shown, shown)
        assert (f"{(f1_of(3) + f1_of(5)) / 2:.2f}" in text) == shown
    assert [row["macro_f1_mean"] for row in rows] == [
        repr(series.macro_f1) if series.macro_f1 else "" for series in comparison.all_series
    ]
    assert markdown.splitlines()[2].endswith(f"| {(f1_of(3) + f1_of(5)) / 2:.2f} |")
    assert markdown.splitlines()[4].endswith("| - |")


def test_it_fits(tmp_path: Path) -> None:
    for step in range(7):
        make_runs(tmp_path / "runs", SPECS / f"step{step}.yaml", *range(5))
    text = render_text(leaderboard_table(compare(tmp_path / "runs")))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert all(f"step{step} " in text for step in range(7)), "no name is broken"


def test_runs_without_figures_are_named(mnistspec: CommandLine, root: Path) -> None:
    done = mnistspec("compare", root, "--sort", "f1", "--json")
    recipes = json.loads(done.out)["recipes"]
    assert [recipe["spec"] for recipe in recipes] == ["b", "a", "c"]
    assert recipes[2]["macro_f1"] == {"mean": None, "of_seeds": []}
    (run,) = recipes[2]["runs"]
    assert f"{run}: its figures by class are not known; see: mnistspec evaluate {run}\n" in done.err
    assert "by class" not in mnistspec("compare", root).err


def test_damaged_predictions_are_not_known(root: Path) -> None:
    run = compare(root).all_series[0].runs[0]
    (run.path / "predictions.npz").write_bytes(b"PK")
    comparison = compare(root)
    assert [series.spec.name for series in comparison.all_series] == ["a", "b", "c"]
    assert run.path in [lost.path for lost in comparison.runs_without_f1]
