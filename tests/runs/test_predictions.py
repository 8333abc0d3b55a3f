"""predictions.npz: what the last test pass came to, the same bytes for the same run, damage found wherever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from mnistspec import RunDir, load_dataset
from mnistspec.errors import CorruptError
from mnistspec.runs.predictions import Predictions
from mnistspec.training.evaluation import Evaluation
from tests.command_line import CommandLine, run_main
from tests.small_mnist import write_mnist
from tests.sweeps.fakes import TINY, write_spec

CPU = torch.device("cpu")


class Pair(NamedTuple):
    """Two runs of the same spec and seed, and their data."""

    first: RunDir
    second: RunDir
    data: Path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    place = tmp_path_factory.mktemp("pair")
    data = write_mnist(place, 64, 50)
    for root in ("one", "two"):
        assert not run_main("train", write_spec(place, text=TINY), "--data-dir", data, "--runs", place / root)
    first, second = (RunDir(next((place / root / "tiny").iterdir())) for root in ("one", "two"))
    return Pair(first, second, data)


def test_the_same_run_has_the_same_bytes(pair: Pair) -> None:
    first, second = ((run.path / "predictions.npz").read_bytes() for run in pair[:2])
    assert first == second


def test_they_are_what_the_network_makes_of_the_test_set(pair: Pair) -> None:
    kept, again = pair.first.predictions, pair.first.load_model().test(load_dataset("mnist", data_dir=pair.data), CPU)
    assert kept is not None
    assert kept.class_names == again.class_names
    for mine, theirs in zip(kept.arrays, again.arrays, strict=True):
        assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist())
    assert kept.accuracy == pair.first.figures.accuracy == pair.first.metrics[-1].test_accuracy


def test_evaluate_answers_what_measuring_again_would(pair: Pair, mnistspec: CommandLine) -> None:
    kept = json.loads(mnistspec("evaluate", pair.first.path, "--json").out)
    again = json.loads(mnistspec("evaluate", pair.first.path, "--data-dir", pair.data, "--json").out)
    assert kept.pop("test_loss") == pytest.approx(again.pop("test_loss"), rel=1e-6)
    assert kept == again


def test_damage_is_found_wherever_it_is(pair: Pair) -> None:
    """Without result.json, which has the SHA-256 of the file, the file has to find it by itself."""
    path, result = pair.second.path / "predictions.npz", pair.second.path / "result.json"
    manifest, whole = result.read_bytes(), path.read_bytes()
    expected = pair.first.predictions
    assert expected is not None
    result.unlink()
    try:
        for place in range(0, len(whole), 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
            try:
                found = RunDir(pair.second.path).predictions
            except CorruptError as error:
                assert str(error).startswith(f"{path}: ")  # noqa: PT017 - zip has bytes that say nothing, such as times
            else:
                assert found is not None
                for mine, theirs in zip(found.arrays, expected.arrays, strict=True):
                    assert mine.tolist() == theirs.tolist(), place
        for length in range(0, len(whole), 97):
            path.write_bytes(whole[:length])
            with pytest.raises(CorruptError, match=r"predictions\.npz: "):
                _ = RunDir(pair.second.path).predictions
    finally:
        path.write_bytes(whole)
        result.write_bytes(manifest)


def test_those_of_another_run_are_refused(pair: Pair, mnistspec: CommandLine) -> None:
    path = pair.second.path / "predictions.npz"
    whole = path.read_bytes()
    assert not run_main(
        "train", pair.data / "tiny.yaml", "--data-dir", pair.data, "--runs", pair.data / "three", "--seed", "5"
    )
    (other,) = (pair.data / "three" / "tiny").iterdir()
    path.write_bytes((other / "predictions.npz").read_bytes())
    outcome = mnistspec("evaluate", pair.second.path)
    path.write_bytes(whole)
    assert outcome.code == 4
    assert "the predictions are of another run or of other data than this" in outcome.err


def make_predictions(logits: list[list[float]], labels: list[int]) -> Predictions:
    scores = torch.tensor(logits)
    images = torch.arange(len(labels), dtype=torch.uint8)[:, None, None].expand(-1, 2, 2)
    return Predictions.of(Evaluation(scores, torch.tensor(labels)), images, ("a", "b", "c"))


def test_the_most_confident_mistakes_come_first_and_the_first_of_equals() -> None:
    tie = [0.0, 2.0, 0.0]
    made = make_predictions([tie, [0.0, 5.0, 0.0], tie, [9.0, 0.0, 0.0], tie, [1.0, 1.0, 1.0]], [0, 0, 2, 0, 0, 1])
    assert [mistake.number for mistake in made.mistakes()] == [1, 0, 2, 4, 5]
    assert [int(mistake.image[0, 0]) for mistake in made.mistakes(2)] == [1, 0]
    assert made.guesses.tolist() == [1, 1, 1, 0, 1, 0]  # of equal scores the first class
    assert made.wrong == 5
    assert made.accuracy == pytest.approx(100 / 6)
    assert made.confusion.tolist() == [[1, 3, 0], [1, 0, 0], [0, 1, 0]]


def test_scores_that_are_not_finite_are_no_guess() -> None:
    made = make_predictions([[float("nan"), 0.0, 0.0], [5.0, 0.0, 0.0]], [0, 0])
    assert made.is_right.tolist() == [False, True]
    assert np.isnan(made.confidences).tolist() == [True, False]
