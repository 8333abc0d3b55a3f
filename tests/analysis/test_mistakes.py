"""Errors of a series: which run stands for it, what is counted over its seeds, what is said of what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import Series, compare_runs
from mnistspec.analysis.history import HistoryReader
from mnistspec.analysis.mistakes import SHOWN, analyze_errors, find_representative
from mnistspec.errors import CorruptError
from mnistspec.runs.documents import read_json, write_json
from mnistspec.runs.folder import RunDir
from mnistspec.runs.predictions import Predictions
from tests.sweeps.fakes import make_seeds, write_spec


def make_series(folder: Path, results: dict[int, float]) -> Series:
    make_seeds(folder / "runs", write_spec(folder), results)
    (series,) = compare_runs(collect_runs([folder / "runs"]).runs).all_series
    return series


def predict(run: RunDir, images: int = 30) -> Predictions:
    """Thirty images of class 1, of which the first, by the seed one or more, are taken for class 0."""
    guesses = np.ones(images, np.uint8)
    guesses[: run.spec.train.seed + 1] = 0
    numbers = np.flatnonzero(guesses == 0).astype(np.uint32)
    confidences = np.linspace(0.9, 0.6, images, dtype=np.float32)
    return Predictions(
        np.ones(images, np.uint8),
        guesses,
        confidences,
        numbers,
        np.zeros((len(numbers), 1, 2, 2), np.uint8),
        ("a", "b"),
    )


@pytest.mark.parametrize(
    ("results", "seed"),
    [
        ({0: 90.0}, 0), ({0: 92.0, 1: 90.0, 2: 91.0}, 2), ({0: 92.0, 1: 90.0}, 1), ({3: 90.0, 1: 90.0, 2: 90.0}, 2),
        ({0: 95.0, 1: 94.0, 2: 93.0, 3: 92.0}, 2),
    ],
)  # fmt: skip
def test_the_representative_has_the_median(tmp_path: Path, results: dict[int, float], seed: int) -> None:
    assert find_representative(make_series(tmp_path, results)).spec.train.seed == seed


def test_counts_are_summed_and_mistakes_are_those_of_the_representative(tmp_path: Path) -> None:
    series = make_series(tmp_path, {0: 92.0, 1: 91.0, 2: 90.0})
    analysis, problems = analyze_errors(series, predict)
    assert analysis is not None
    assert problems == []
    assert analysis.representative.spec.train.seed == 1
    assert analysis.seeds == (0, 1, 2)
    assert analysis.confusion.tolist() == [[0, 0], [1 + 2 + 3, 90 - 6]]
    assert (analysis.images, analysis.wrong, analysis.class_names) == (30, 2, ("a", "b"))
    assert analysis.accuracy == pytest.approx(100 * 28 / 30)
    assert [(mistake.number, mistake.label, mistake.guess) for mistake in analysis.mistakes] == [(0, 1, 0), (1, 1, 0)]


def test_a_gallery_has_room_for_24(tmp_path: Path) -> None:
    analysis, _ = analyze_errors(make_series(tmp_path, {28: 90.0}), predict)
    assert analysis is not None
    assert (analysis.wrong, len(analysis.mistakes), SHOWN) == (29, 24, 24)


@pytest.mark.parametrize(("seeds", "others"), [(1, ""), (2, " (and the same for 1 more)")])
def test_what_was_not_kept_is_named_once_with_the_command(tmp_path: Path, seeds: int, others: str) -> None:
    series = make_series(tmp_path, dict.fromkeys(range(seeds), 90.0))
    path = series.runs[0].path
    command = f"mnistspec evaluate {path}{others}"
    assert analyze_errors(series) == (
        None,
        [f"{path}: it keeps no predictions, so its mistakes are not shown; add them with: {command}"],
    )


def test_a_run_that_cannot_be_measured_costs_itself_alone(tmp_path: Path) -> None:
    series = make_series(tmp_path, {0: 92.0, 1: 91.0, 2: 90.0})

    def measure(run: RunDir, broken: int) -> Predictions:
        if run.spec.train.seed == broken:
            raise CorruptError("damaged\nin detail")
        return predict(run)

    analysis, problems = analyze_errors(series, lambda run: measure(run, 0))
    assert analysis is not None
    assert analysis.seeds == (1, 2)
    assert problems == ["damaged"]
    assert analyze_errors(series, lambda run: measure(run, 1)) == (None, ["damaged"])


def test_a_history_has_what_could_be_read(tmp_path: Path) -> None:
    series = make_series(tmp_path, {0: 92.0, 1: 91.0})
    metrics = series.runs[1].path / "metrics.csv"
    lines = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(lines[:-1]))
    result = series.runs[1].path / "result.json"
    write_json(result, {**read_json(result), "files": {}})
    (series.runs[0].path / "env.json").unlink()
    reader = HistoryReader(collect_runs([tmp_path / "runs"]), predict)
    (chapter,) = reader.read()
    history = reader.finish([chapter])
    assert list(chapter.epochs) == [0]
    assert [row.test_accuracy for row in chapter.epochs[0]] == [50, 92.5, 92]
    assert list(chapter.environments) == [1], history.left_out
    assert chapter.errors is not None
    assert (chapter.before, chapter.difference) == (None, None)
    assert history.comparison.all_series == reader.all_series == (chapter.series,)
    assert history.problems == [
        f"{series.runs[0].path}: not a whole run folder: it has no env.json",
        f"{metrics}: it has 2 epochs, but result.json says 3",
    ]
