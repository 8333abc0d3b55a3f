"""Comparisons of run folders that were not trained: grouping, figures, the difference, and the ways to show them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import SORT_KEYS, Comparison, compare_runs
from mnistspec.analysis.significance import Interval
from mnistspec.errors import UsageError
from mnistspec.language.loader import load_spec
from mnistspec.runs.documents import write_json
from mnistspec.views.terminal.leaderboard import (
    difference_text,
    labels_of,
    leaderboard_csv,
    leaderboard_markdown,
    leaderboard_table,
    write_interval,
)
from mnistspec.views.terminal.tables import WIDTH, render_text
from tests.places import SPECS
from tests.sweeps.fakes import TINY, make_run, make_seeds, write_spec


def compare(root: Path, **options: object) -> Comparison:
    return compare_runs(collect_runs([root]).runs, **options)  # type: ignore[arg-type]


def test_runs_are_grouped_by_series(tmp_path: Path) -> None:
    path, root = write_spec(tmp_path), tmp_path / "runs"
    make_seeds(root, path, {0: 91.0, 1: 92.0, 2: 93.0})
    make_seeds(root, path, {0: 89.0, 1: 95.0}, "train.optimizer.sgd.lr=0.2")
    first, second = compare(root).all_series
    assert (first.settings, second.settings) == (
        {"train.optimizer.sgd.lr": "0.1"}, {"train.optimizer.sgd.lr": "0.2"}
    )  # fmt: skip
    assert (first.seeds, first.accuracies) == ((0, 1, 2), (91.0, 92.0, 93.0))
    assert (first.mean, first.best) == (92.0, 92.5)
    assert first.spread == pytest.approx(1.0)
    assert (first.params, first.macs, first.receptive_field) == (1490, 25_776, 26)
    assert (first.seconds, first.targets_met, second.targets_met) == (6.0, 3, 1)


def test_notes_do_not_make_another_recipe_but_a_name_does(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    make_seeds(root, write_spec(tmp_path), {0: 91.0})
    make_seeds(root, write_spec(tmp_path, text=f"title: now with a title\n{TINY}"), {1: 92.0})
    make_seeds(root, write_spec(tmp_path, "other"), {0: 93.0})
    assert labels_of(compare(root)) == ["other", "tiny"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (TINY.replace("conv: 4", "conv: 5"), "tiny conv.out_channels=5"),
        (TINY.replace("relu,", "elu, dropout: 0.1, bn,"), "tiny layers=7 items elu.alpha=1.0 dropout.p=0.1 +3 more"),
        (
            TINY.replace("sgd: {lr: 0.1}", "adam: 0.1"),
            "tiny adam.lr=0.1 adam.betas=[0.9, 0.999] adam.eps=1e-08 +2 more",
        ),
        (TINY.replace("[conv: 4, relu", "[relu, conv: 4"), "tiny layers=relu/conv"),
    ],
)
def test_recipes_of_one_name_are_told_apart(tmp_path: Path, text: str, label: str) -> None:
    root = tmp_path / "runs"
    make_seeds(root, write_spec(tmp_path), {0: 91.0})
    make_seeds(root, write_spec(tmp_path, text=text), {0: 92.0})
    labels = labels_of(compare(root))
    assert labels[0] == label
    assert len(set(labels)) == 2


def test_a_series_and_a_contrast_as_plain_data(tmp_path: Path) -> None:
    root, path = tmp_path / "runs", write_spec(tmp_path)
    make_seeds(root, path, {2: 92.0, 0: 91.0, 1: 89.0})
    make_seeds(root, path, {1: 88.0, 2: 90.0, 5: 70.0}, "train.epochs=2")
    comparison = compare(root)
    first = comparison.all_series[0].as_data()
    assert {key: value for key, value in first.items() if key != "runs"} == {
        "spec": "tiny", "settings": {"train.epochs": "3"}, "data": "mnist", "data_digest": None,
        "measured_on": "test set", "params": 4 * 9 + 4 + 4 * 36 * 10 + 10, "macs": 4 * 9 * 26 * 26 + 4 * 36 * 10,
        "receptive_field": 3 + 3 + 5 * 4, "seeds": [0, 1, 2],
        "test_accuracy": {
            "mean": pytest.approx(272 / 3), "spread": pytest.approx((14 / 6) ** 0.5), "min": 89, "max": 92,
            "of_seeds": [91, 89, 92],
        },
        "best_test_accuracy": {"mean": pytest.approx(272 / 3 + 0.5)}, "macro_f1": {"mean": None, "of_seeds": []},
        "seconds": 6, "targets_met": 2,
    }  # fmt: skip
    assert [run.name for run in map(Path, first["runs"])] == [run.path.name for run in comparison.all_series[0].runs]
    contrast = comparison.contrast
    assert contrast is not None
    half = 12.7062047 * 0.5  # t of one degree of freedom, times the standard error of 1 and 2
    assert contrast.as_data() == {
        "method": "paired", "shared_seeds": [1, 2], "mean": pytest.approx(1.5), "low": pytest.approx(1.5 - half),
        "high": pytest.approx(1.5 + half), "degrees_of_freedom": 1, "more_than_noise": False,
    }  # fmt: skip


def test_runs_that_differ_in_their_targets_alone_are_one_series(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    make_seeds(root, write_spec(tmp_path), {0: 91.0})
    make_seeds(root, write_spec(tmp_path), {1: 92.0}, "targets.min_test_accuracy=99")
    (series,) = compare(root).all_series
    assert (series.seeds, series.settings, series.targets_met) == ((0, 1), {}, 1)


def test_a_target_counts_where_a_run_has_it(tmp_path: Path) -> None:
    root, path = tmp_path / "runs", write_spec(tmp_path)
    make_seeds(root, path, {0: 91.0}, "targets=null")
    make_seeds(root, path, {1: 91.0}, "targets.max_params=9")  # of two targets one is met
    (series,) = compare(root).all_series
    assert (series.seeds, series.targets_met) == ((0, 1), 1)  # a run without targets misses none
    make_seeds(root, write_spec(tmp_path, "other"), {0: 91.0}, "targets=null")
    assert [series.targets_met for series in compare(root, sort="name").all_series] == [None, 1]


def test_targets_that_are_not_there_are_as_good_as_none_met(tmp_path: Path) -> None:
    for name, accuracy, settings in (("a", 91.0, ["targets=null"]), ("b", 91.0, []), ("c", 89.0, [])):
        make_seeds(tmp_path / "runs", write_spec(tmp_path, name), {0: accuracy}, *settings)
    make_seeds(tmp_path / "runs", write_spec(tmp_path, "d"), {0: 88.0, 1: 89.0})
    assert "".join(series.spec.name for series in compare(tmp_path / "runs", sort="targets").all_series) == "bacd"


def test_an_accuracy_of_zero_is_one(tmp_path: Path) -> None:
    make_run(tmp_path / "runs", load_spec(write_spec(tmp_path), ["train.seed=5"]), 0.0)
    make_run(tmp_path / "runs", load_spec(write_spec(tmp_path), ["train.seed=4"]), 3.0, 2.0)
    (series,) = compare(tmp_path / "runs").all_series
    assert (series.spec.train.seed, series.accuracies, series.best) == (4, (2.0, 0.0), 1.5)
    assert series.spread == pytest.approx(2**0.5)


@pytest.mark.parametrize(
    ("digests", "settings", "obstacle"),
    [
        (("0123456789", "0123456789"), [{}], None),
        (("0123456789", "abcdefghij"), ["01234567", "abcdefgh"], "different images"),
        (("0123456789", None), ["01234567", "unknown"], "it is not known whether"),
        ((None, None), [{}], None),
    ],
)
def test_runs_on_other_images_are_another_series(
    tmp_path: Path, digests: tuple[str | None, str | None], settings: list[Any], obstacle: str | None
) -> None:
    path = write_spec(tmp_path)
    for seed, digest in enumerate(digests):
        make_run(tmp_path / "runs", load_spec(path, [f"train.seed={seed}"]), 90.0 + seed, digest=digest)
    comparison = compare(tmp_path / "runs", sort="name")
    found = [series.settings.get("data_digest", series.settings) for series in comparison.all_series]
    assert found == settings
    assert (comparison.contrast is None) == (obstacle is None)
    if comparison.contrast and obstacle:
        assert obstacle in comparison.contrast.obstacle
        assert (comparison.contrast.first, comparison.contrast.second) == comparison.all_series
        assert (comparison.contrast.method, comparison.contrast.seeds, comparison.contrast.interval) == (None, (), None)


def test_the_same_images_are_no_obstacle(tmp_path: Path) -> None:
    for name, accuracy in (("a", 90.0), ("b", 91.0)):
        spec = load_spec(write_spec(tmp_path, name))
        make_run(tmp_path / "runs", spec, accuracy, digest="0123456789")
    contrast = compare(tmp_path / "runs", sort="name").contrast
    assert contrast is not None
    assert (contrast.obstacle, contrast.method, contrast.seeds) == ("", None, (1,))
    assert [series.spec.name for series in (contrast.first, contrast.second)] == ["a", "b"]


def test_held_out_images_are_named(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    make_seeds(root, write_spec(tmp_path), {0: 91.0, 1: 92.0})
    make_seeds(root, write_spec(tmp_path), {0: 93.0, 1: 93.5}, "train.holdout=5000")
    comparison = compare(root)
    assert comparison.all_series[0].measured_on == "5000 held-out training images"
    assert labels_of(comparison)[0] == "tiny holdout=5000"
    assert "different images" in difference_text(comparison)


def test_what_is_not_finished_is_told(tmp_path: Path) -> None:
    path, root = write_spec(tmp_path), tmp_path / "runs"
    spec, other = load_spec(path), load_spec(path, ["train.seed=2"])
    make_run(root, spec, 50.0, status="not finite")
    collection = collect_runs([root])
    assert collection.runs == []
    assert "not finite after 1 of 3 epochs" in collection.left_out[0]
    old = make_run(root, spec, 90.0, 90.0, 90.0)
    unfinished = make_run(root, other, 50.0, status=None)
    damaged = make_run(root, other, 90.0)
    (damaged / "result.json").write_text("{", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    collection = collect_runs([root, root, empty])  # the same folder twice counts once
    assert [run.path for run in collection.runs] == [old]
    assert len(collection.left_out) == 3
    text = "\n".join(collection.left_out)
    assert f"train --resume {unfinished}" in text
    assert f"{damaged}: left out" in text
    assert f"{empty}: no run in this folder" in text
    with pytest.raises(UsageError, match="no such folder"):
        collect_runs([tmp_path / "nowhere"])


def test_of_two_runs_of_one_seed_the_newer_counts(tmp_path: Path) -> None:
    spec, root = load_spec(write_spec(tmp_path)), tmp_path / "runs"
    folders = [make_run(root, spec, 90.0), make_run(root, spec, 91.0)]
    old, new = sorted(folders, key=lambda folder: folder.name)
    collection = collect_runs([root])
    assert [run.path for run in collection.runs] == [new]
    assert collection.left_out == [f"{old}: left out: {new} is a newer run of the same spec and seed"]


def test_a_run_that_failed_without_a_folder_is_told(tmp_path: Path) -> None:
    row = {
        "id": "0123456789ab", "spec": "tiny", "settings": {}, "seed": 3, "status": "failed", "test_accuracy": None,
        "best_test_accuracy": None, "epochs": 0, "seconds": None, "folder": None, "message": "no memory",
    }  # fmt: skip
    others = [{**row, "folder": "tiny/run"}, {**row, "message": ""}]
    write_json(tmp_path / "sweep.json", {"runs": [row, *others]})
    assert collect_runs([tmp_path]).left_out == [f"{tmp_path}: tiny seed 3: failed: no memory"]
    (tmp_path / "sweep.json").write_text("{", encoding="utf-8")
    (text,) = collect_runs([tmp_path]).left_out
    assert text.startswith(f"{tmp_path / 'sweep.json'}: left out: ")


def test_what_is_wrong_with_a_run_is_one_line(tmp_path: Path) -> None:
    folder = make_run(tmp_path, load_spec(write_spec(tmp_path / "specs")), 90.0)
    (folder / "resolved.yaml").write_text("layers: [what]", encoding="utf-8")
    (text,) = collect_runs([folder]).left_out
    assert text.startswith(f"{folder}: left out: ")
    assert "resolved.yaml" in text
    assert "\n" not in text


# Of the three series below; what is the same stays in the order of their names.
ORDERS = {
    "name": "amz", "mean": "azm", "min": "azm", "max": "mza", "best": "azm", "spread": "zma", "seeds": "zma",
    "targets": "mza", "params": "zam", "macs": "zma", "field": "mza", "seconds": "zma", "f1": "amz",
}  # fmt: skip


@pytest.mark.parametrize("key", SORT_KEYS)
def test_every_key_sorts(tmp_path: Path, key: str) -> None:
    for name, conv, epochs, accuracies in (
        ("m", "4", 4, (91.0, 95.0)),
        ("z", "2", 3, (92.0, 93.0, 94.5)),
        ("a", "{out_channels: 3, kernel_size: 5}", 5, (94.0,)),
    ):
        text = TINY.replace("conv: 4", f"conv: {conv}").replace("accuracy: 90", "accuracy: 94.2")
        path = write_spec(tmp_path, name, text)
        for seed, accuracy in enumerate(accuracies):
            spec = load_spec(path, [f"train.seed={seed}"])
            make_run(tmp_path / "runs", spec, *[50.0] * (epochs - 2), accuracy + 0.5, accuracy)
    found = "".join(series.spec.name for series in compare(tmp_path / "runs", sort=key).all_series)
    assert found == ORDERS[key]


def test_sorting_and_filtering(tmp_path: Path) -> None:
    path, root = write_spec(tmp_path), tmp_path / "runs"
    make_seeds(root, path, {0: 91.0, 1: 95.0})
    make_seeds(root, path, {0: 92.0}, "train.batch_size=64")
    make_seeds(root, write_spec(tmp_path, "wide", TINY.replace("conv: 4", "conv: 40")), {0: 99.0})
    assert [series.mean for series in compare(root).all_series] == [99.0, 93.0, 92.0]
    assert [series.mean for series in compare(root, reverse=True).all_series] == [92.0, 93.0, 99.0]
    assert [series.spec.name for series in compare(root, filters=["w*"]).all_series] == ["wide"]
    assert [series.mean for series in compare(root, filters=["batch_size=64"]).all_series] == [92.0]
    assert len(compare(root, filters=["train.optimizer.sgd.lr=1e-1"]).all_series) == 3
    for text in ("x*", "lr=0.3", "size=64"):
        with pytest.raises(UsageError, match="no finished run"):
            compare(root, filters=[text])


@pytest.mark.parametrize(
    ("one", "two", "method", "sentence"),
    [
        (
            {0: 92.1, 1: 92.2, 2: 92.3},
            {0: 91.0, 1: 91.1, 2: 91.25},
            "paired",
            (
                "More than the noise between seeds: tiny batch_size=32 is 1.083 points better than tiny batch_size=64 "
                "in the last epoch (95 % confidence interval 1.012 to 1.155, paired over the 3 seeds that both have)."
            ),
        ),
        (
            {0: 92.0, 1: 91.0, 2: 93.0},
            {0: 91.0, 1: 92.0, 2: 91.5},
            "paired",
            "Not more than the noise between seeds: tiny batch_size=32 is 0.5 points better",
        ),
        ({0: 92.0, 1: 92.1}, {2: 91.0, 3: 91.1}, "welch", "Welch's test over 2 and 2 seeds"),
        ({0: 92.0}, {0: 91.0, 1: 91.1}, None, "With one seed nothing can be said"),
    ],
)
def test_the_difference_of_two_recipes(
    tmp_path: Path, one: dict[int, float], two: dict[int, float], method: str | None, sentence: str
) -> None:
    path, root = write_spec(tmp_path), tmp_path / "runs"
    make_seeds(root, path, one)
    make_seeds(root, path, two, "train.batch_size=64")
    comparison = compare(root)
    assert comparison.contrast is not None
    assert comparison.contrast.as_data()["method"] == method
    assert sentence in difference_text(comparison)
    reverse = compare(root, reverse=True)
    assert reverse.contrast is not None
    if method:
        assert reverse.contrast.as_data()["mean"] == pytest.approx(-comparison.contrast.as_data()["mean"])
        assert "points worse" in difference_text(reverse)


@pytest.mark.parametrize(
    ("interval", "texts"),
    [
        (Interval(16.986, -198.7, 232.6, 1), ("20", "-200", "230")),
        (Interval(16.986, -8.52, 42.49, 4), ("17", "-9", "42")),
        (Interval(0.66123, 0.60234, 0.72012, 4), ("0.661", "0.602", "0.720")),
        (Interval(-0.6612, -1.2012, -0.1212, 4), ("0.66", "0.12", "1.20")),
        (Interval(-0.0412, -0.2412, 0.1588, 4), ("0.04", "-0.16", "0.24")),
        (Interval(0.00012, -0.00002, 0.00026, 4), ("0.000", "0.000", "0.000")),
        (Interval(0.0503, 0.00004, 0.10056, 4), ("0.05030", "0.00004", "0.10056")),  # zero is not in it
        (Interval(0.25, 0.25, 0.25, 4), ("0.25", "0.25", "0.25")),
        (Interval(0.0, 0.0, 0.0, 4), ("0.00", "0.00", "0.00")),
    ],
)
def test_an_interval_has_the_digits_that_its_width_allows(interval: Interval, texts: tuple[str, str, str]) -> None:
    assert write_interval(interval) == texts


def test_the_leaderboard_in_all_its_forms(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for step in range(7):
        make_seeds(root, SPECS / f"step{step}.yaml", {seed: 98 + step / 10 + seed / 100 for seed in range(9)})
    make_seeds(root, SPECS / "step6.yaml", {0: 99.0}, "train.optimizer.sgd.lr=0.05", "train.batch_size=64")
    comparison = compare(root)
    text = render_text(leaderboard_table(comparison))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "98.64 ± 0.03" in text
    assert "98.60-98.68" in text
    rows = list(csv.DictReader(io.StringIO(leaderboard_csv(comparison))))
    assert [float(row["test_accuracy_mean"]) for row in rows] == [series.mean for series in comparison.all_series]
    lines = leaderboard_markdown(comparison).splitlines()
    assert [line.count("|") for line in lines[:10]] == [12] * 10
    data = [series.as_data() for series in comparison.all_series]
    assert json.loads(json.dumps(data)) == data
    assert sum(len(series["seeds"]) for series in data) == 64
