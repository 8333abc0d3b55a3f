"""The grid of a sweep: what --seeds and --set mean, and that a wrong one is told of before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.errors import MnistspecError, SpecError, UsageError
from mnistspec.language.loader import load_spec
from mnistspec.sweeps.grid import expand_settings, make_grid, parse_seeds, split_values
from tests.sweeps.fakes import TINY, write_spec


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-3", (0, 1, 2, 3)), ("0,2,5", (0, 2, 5)), ("0-2, 7", (0, 1, 2, 7)), ("5", (5,)), ("0-2,1", (0, 1, 2))],
)
def test_seeds_are_numbers_and_ranges(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "-1", "0-", "1.5", "0,,1", "4294967296", "0-99999", "0-9999999999"])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--seeds"):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1,0.05", ["0.1", "0.05"]),
        ("[1, 2]", ["[1, 2]"]),
        ("[1, 2], [3]", ["[1, 2]", "[3]"]),
        ("{sgd: {lr: 0.1, momentum: 0.9}},{adam: 0.1}", ["{sgd: {lr: 0.1, momentum: 0.9}}", "{adam: 0.1}"]),
        ("'a, b',c", ["'a, b'", "c"]),
        ('["a, b", c],d', ['["a, b", c]', "d"]),
        ("don't,do", ["don't", "do"]),
        ("", [""]),
    ],
)
def test_values_are_split_at_commas_of_their_own(text: str, values: list[str]) -> None:
    assert split_values(text) == values


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["train.epochs"], "takes key=value"),
        (["a=1", "a=2"], "set twice"),
        (["train.seed=1,2"], "--seeds"),
        (["a=1,"], "nothing between two commas"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        expand_settings(settings)


def test_a_grid_is_specs_times_settings_times_seeds(tmp_path: Path) -> None:
    paths = [write_spec(tmp_path, "one"), write_spec(tmp_path, "two")]
    jobs = make_grid(paths, ["train.optimizer.sgd.lr=0.1,0.2", "train.batch_size=16"], (3, 4))
    assert [job.label for job in jobs] == [
        f"{name} sgd.lr={lr} seed {seed}" for name in ("one", "two") for lr in (0.1, 0.2) for seed in (3, 4)
    ]
    assert len({job.id for job in jobs}) == 8
    job = jobs[1]
    same = load_spec(job.path, [*job.settings, "train.seed=4"])
    assert (job.spec, job.resolved) == (same, same.as_yaml())
    assert same.train.batch_size == 16


def test_without_seeds_each_spec_keeps_its_own(tmp_path: Path) -> None:
    path = write_spec(tmp_path, text=TINY.replace("epochs: 3", "epochs: 3, seed: 42"))
    assert [job.seed for job in make_grid([path], [])] == [42]


def test_errors_of_all_specs_are_told_once(tmp_path: Path) -> None:
    good, bad = write_spec(tmp_path, "good"), write_spec(tmp_path, "bad", TINY.replace("relu", "rleu"))
    with pytest.raises(SpecError) as caught:
        make_grid([good, bad], ["train.batch_size=16,32,many"], (0, 1))
    text = str(caught.value)
    assert text.count("bad.yaml:1:19") == 2  # the spec alone, and with the wrong setting
    assert text.count("--set:1:18") == 2  # once a spec
    assert "good.yaml" in text


@pytest.mark.parametrize(
    ("names", "settings", "seeds", "message"),
    [
        (["one", "one"], [], (0,), "same run twice"),
        (["one"], ["train.batch_size=16,16"], (0,), "same run twice"),
        (["one", "two"], ["train.epochs=1,2"], tuple(range(5000)), "20,000 runs"),
    ],
)
def test_a_grid_is_what_it_seems(
    tmp_path: Path, names: list[str], settings: list[str], seeds: tuple[int, ...], message: str
) -> None:
    paths = [write_spec(tmp_path, name) for name in names]
    with pytest.raises(MnistspecError, match=message):
        make_grid(paths, settings, seeds)
