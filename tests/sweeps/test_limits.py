"""The limits of a sweep from both sides, and the lengths of what it names and repeats."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.runs.environment import find_version
from mnistspec.sweeps import grid
from mnistspec.sweeps.cluster.offers import Offer, compare_versions, describe_versions, find_misfits, read_offer
from mnistspec.sweeps.cluster.transfer import Transfer
from mnistspec.sweeps.engine import describe_exit
from mnistspec.sweeps.grid import make_grid, name_settings, parse_seeds
from tests.sweeps.fakes import write_spec


def test_as_many_seeds_as_there_may_be_runs() -> None:
    assert parse_seeds("5-10004") == tuple(range(5, 10_005))
    with pytest.raises(UsageError, match=r"^--seeds: 5-10005 are 10,001 seeds; a sweep has at most 10,000 runs$"):
        parse_seeds("5-10005")
    assert parse_seeds("4294967295") == (2**32 - 1,)
    with pytest.raises(UsageError, match=r"^--seeds: a seed is at most 4294967295, not 4294967296$"):
        parse_seeds("4294967296")
    assert parse_seeds("7-7,3") == (7, 3)


def test_a_grid_has_as_many_runs_as_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert grid.MAX_RUNS == 10_000
    path = write_spec(tmp_path)
    for limit, seeds, is_enough in ((4, (0, 1), True), (3, (0, 1), False), (2, (), True), (1, (), False)):
        monkeypatch.setattr(grid, "MAX_RUNS", limit)
        if is_enough:
            assert len(make_grid([path], ["train.epochs=1,2"], seeds)) == limit
        else:
            with pytest.raises(UsageError, match=f"^the grid has {limit + 1} runs; a sweep has at most {limit}$"):
                make_grid([path], ["train.epochs=1,2"], seeds)


def test_names_are_short(tmp_path: Path) -> None:
    (job,) = make_grid([write_spec(tmp_path)], [])
    assert len(job.id) == 12
    assert name_settings([f"a={'b' * 200}"]) == f"a={'b' * 98}"
    assert name_settings([]) == "."


def test_what_train_printed_is_cut() -> None:
    outcome = describe_exit(0, "x" * 200, "")
    assert outcome.message == f"train printed something else than its result: {'x' * 80!r}"
    messages = "mnistspec: first\n\nmnistspec: last\n  "
    assert describe_exit(1, "", messages).message == "last (exit code 1)"


def test_what_travels_is_within_reason() -> None:
    name = "20260101T000000Z-1a2b3c"
    files = {f"file{number}": b"" for number in range(100)}
    Transfer.pack(name, files).check()
    words = f"^the run folder {name} has 101 files and 0 MB; at most 100 and 1,074 MB travel over a cluster; "
    with pytest.raises(MnistspecError, match=words):
        Transfer.pack(name, {**files, "more": b""})


@pytest.mark.parametrize(("count", "names"), [(3, "w0, w1, w2: "), (4, "w0, w1, w2 and others: ")])
def test_workers_that_differ_alike_are_named_once(count: int, names: str) -> None:
    mine = describe_versions()
    offers = [Offer(f"w{place}", machine={"versions": {**mine, "torch": "0.1"}}) for place in range(count)]
    unfit = Offer("unfit", machine={"versions": {**mine, "torch": "0.1"}}, problems=["no"])
    (text,) = compare_versions([*offers, Offer("same", machine={"versions": mine}), unfit])
    assert text.startswith(f"{names}torch 0.1, here {mine['torch']}: ")


def test_what_does_not_fit_is_said_of_each_worker() -> None:
    mine = find_version("mnistspec")
    machines = [
        {"digests": {"mnist": "a"}, "versions": {"mnistspec": mine}},
        {"digests": {"mnist": "b"}, "versions": {"mnistspec": mine}},
        {"digests": {"mnist": "a"}, "versions": {"mnistspec": "0.0"}, "problems": ["no GPU"]},
        {},
    ]
    offers = [read_offer(f"w{place}", {"name": "w", "machine": machine}) for place, machine in enumerate(machines)]
    find_misfits(offers)
    assert [offer.fits for offer in offers] == [True, False, False, True]
    assert offers[1].problems == ["its files of the data set mnist are others than those of the workers above"]
    again = f"it has mnistspec 0.0, not {mine}; install mnistspec=={mine} there and start it again"
    assert offers[2].problems == ["no GPU", again]
    for error, words in ((ImportError("x"), "has no mnistspec, or another version (x)"), (OSError("y"), "OSError: y")):
        (problem,) = read_offer("w", error).problems
        assert words in problem
