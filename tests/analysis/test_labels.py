"""Labels of series and the settings that they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import compare_runs
from mnistspec.analysis.labels import differing_settings, flatten, has_setting, label_series
from mnistspec.language.loader import load_spec
from tests.sweeps.fakes import TINY, make_run, write_spec


def test_nested_data_is_flat_by_path_and_places_of_a_list_share_one() -> None:
    data = {
        "a": {"b": 1, "c": [1, 2.5]},
        "layers": ["relu", {"conv": {"size": 3, "bias": False}}, {"conv": {"size": 5, "bias": None}}],
        "empty": [],
    }
    assert flatten(data) == {
        "a.b": ("1",), "a.c": ("[1, 2.5]",), "layers": ("relu", "conv", "conv"), "layers.conv.size": ("3", "5"),
        "layers.conv.bias": ("false", "null"), "empty": ("[]",),
    }  # fmt: skip


def test_settings_that_differ(tmp_path: Path) -> None:
    path = write_spec(tmp_path)
    specs = [
        load_spec(path, ["train.seed=1", "train.epochs=4"]),
        load_spec(path, ["train.seed=2", "title=other", "targets.max_params=9"]),
        load_spec(write_spec(tmp_path, "other", TINY.replace("relu", "dropout: 0.1"))),
    ]
    assert differing_settings(specs) == [
        {"layers": "relu", "train.epochs": "4"},
        {"layers": "relu", "train.epochs": "3"},
        {"layers": "dropout", "layers.dropout.p": "0.1", "train.epochs": "3"},
    ]
    assert differing_settings(specs[1:2]) == [{}]


@pytest.mark.parametrize(
    ("values", "phrase"),
    [
        (["0.1", "0.1", "0.1"], "0.1"),
        (["0.1", "0.2", "0.3"], "0.1/0.2/0.3"),
        (["0.123456", "0.1234567", "0.1234568"], "3 items"),
        (["0.12345", "0.123456", "0.1234567"], "3 items"),
        (["0.1234", "0.1235", "0.1234567"], "0.1234/0.1235/0.1234567"),
        (["0.1234", "0.12345", "0.1234567"], "0.1234/0.12345/0.1234567"),
    ],
)
def test_the_values_of_a_kind_of_block_are_one_phrase(tmp_path: Path, values: list[str], phrase: str) -> None:
    blocks = ", ".join(f"dropout: {value}" for value in values)
    specs = [
        load_spec(write_spec(tmp_path, name, TINY.replace("relu,", f"relu, {text},")))
        for name, text in (("one", blocks), ("two", "dropout: 0.5"))
    ]
    assert differing_settings(specs)[0]["layers.dropout.p"] == phrase
    assert differing_settings(specs)[1]["layers.dropout.p"] == "0.5"


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("lr", "0.1", True), ("sgd.lr", "1e-1", True), ("train.optimizer.sgd.lr", "0.10", True), ("lr", "0.2", False),
        ("r", "0.1", False), ("epochs", "3", True), ("layers", "relu", True), ("layers", "bn", False),
    ],
)  # fmt: skip
def test_settings_are_found_by_the_end_of_their_key(tmp_path: Path, key: str, value: str, found: bool) -> None:
    assert has_setting(load_spec(write_spec(tmp_path)), key, value) is found


def test_labels_name_data_holdout_and_three_settings(tmp_path: Path) -> None:
    path = write_spec(tmp_path)
    for settings in (
        ["train.epochs=1", "train.batch_size=16", "train.optimizer.sgd.lr=0.5", "train.optimizer.sgd.momentum=0.9"],
        ["train.epochs=2", "train.batch_size=64", "train.holdout=100"],
        ["data=kmnist"],
        ["data=fashion-mnist"],
    ):
        make_run(tmp_path / "runs", load_spec(path, settings), 90.0)
    series = compare_runs(collect_runs([tmp_path / "runs"]).runs, sort="name").all_series
    assert sorted(label_series(series)) == [
        ("tiny", "data=fashion-mnist", "epochs=3", "batch_size=32", "+2 more"),
        ("tiny", "data=kmnist", "epochs=3", "batch_size=32", "+2 more"),
        ("tiny", "data=mnist", "epochs=1", "batch_size=16", "+2 more"),
        ("tiny", "data=mnist", "holdout=100", "epochs=2", "+3 more"),
    ]


def test_three_settings_are_all(tmp_path: Path) -> None:
    path = write_spec(tmp_path)
    for settings in (["train.epochs=1", "train.batch_size=16", "train.optimizer.sgd.lr=0.5"], []):
        make_run(tmp_path / "runs", load_spec(path, settings), 90.0)
    series = compare_runs(collect_runs([tmp_path / "runs"]).runs, sort="name").all_series
    assert [label[1:] for label in label_series(series)] == [
        ("epochs=1", "batch_size=16", "sgd.lr=0.5"), ("epochs=3", "batch_size=32", "sgd.lr=0.1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("milestones", "phrase"),
    [
        ("[1, 2, 3, 4, 5, 6, 7, 8]", "[1, 2, 3, 4, 5, 6, 7, 8]"),
        ("[1, 2, 3, 4, 5, 6, 7, 10]", "[1, 2, 3, 4, 5, 6, 7,..."),
    ],
)
def test_a_long_value_is_cut(tmp_path: Path, milestones: str, phrase: str) -> None:
    setting = f"train.scheduler={{multistep: {{milestones: {milestones}}}}}"
    path = write_spec(tmp_path)
    (settings, _) = differing_settings([load_spec(path, ["train.epochs=20", setting]), load_spec(path)])
    assert settings["train.scheduler.multistep.milestones"] == phrase


@pytest.mark.parametrize(
    ("orders", "phrases"),
    [
        (["bn, relu", "relu, bn"], ["bn/relu", "relu/bn"]),
        (["bn, relu, dropout: 0.1", "relu, bn, dropout: 0.1"], ["bn/relu", "relu/bn"]),
        (["bn, relu, dropout: 0.1", "bn, dropout: 0.1, relu"], ["relu/dropout", "dropout/relu"]),
        (["bn, relu, elu", "relu, bn, elu", "elu, bn, relu"], ["bn/relu/elu", "relu/bn/elu", "elu/bn/relu"]),
        (["bn, relu", "relu, bn", "relu"], ["bn/relu", "relu/bn", "relu"]),
        (
            [f"{'elu, relu, ' * 4}bn", f"{'relu, elu, ' * 4}bn"],
            ["elu/relu/elu/relu/elu...", "relu/elu/relu/elu/rel..."],
        ),
    ],
)
def test_layers_in_another_order(tmp_path: Path, orders: list[str], phrases: list[str]) -> None:
    """Networks of the same length are told apart by the layers between what they begin and end with."""
    specs = [load_spec(write_spec(tmp_path, text=TINY.replace("relu", order))) for order in orders]
    assert [found["layers"] for found in differing_settings(specs)] == phrases


def test_labels_that_are_the_same_are_numbered(tmp_path: Path) -> None:
    for text in (["relu"] * 9, [*["elu"] * 8, "relu"], [*["elu"] * 7, "relu", "elu"]):
        make_run(tmp_path / "runs", load_spec(write_spec(tmp_path, text=TINY.replace("relu", ", ".join(text)))), 90.0)
    series = compare_runs(collect_runs([tmp_path / "runs"]).runs, sort="name").all_series
    assert sorted(label[1:] for label in label_series(series)) == [
        ("layers=elu/elu/elu/elu/elu/e...", "elu.alpha=1.0", "(1)"),
        ("layers=elu/elu/elu/elu/elu/e...", "elu.alpha=1.0", "(2)"),
        ("layers=relu/relu/relu/relu/r...",),
    ]


def test_one_value_of_a_kind_of_block_stays_what_it_is(tmp_path: Path) -> None:
    specs = [
        load_spec(write_spec(tmp_path, text=TINY.replace("relu", ", ".join(["dropout: 0.1"] * n)))) for n in (1, 2)
    ]
    assert differing_settings(specs) == [
        {"layers": "5 items", "layers.dropout.p": "0.1"}, {"layers": "6 items", "layers.dropout.p": "0.1"}
    ]  # fmt: skip
