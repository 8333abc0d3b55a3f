"""The whole check of a set: each finding with its page, right counts, and pictures that cannot be read left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistspec.errors import UsageError
from mnistspec.formats.checking.check import Check, check_set
from mnistspec.formats.checking.looking import pick_samples
from mnistspec.formats.csv import CsvSet
from mnistspec.formats.folder import FolderSet
from mnistspec.formats.image_set import ImageSet, Split
from mnistspec.formats.npz import NpzSet
from mnistspec.formats.problems import render_problem
from mnistspec.language.manual.explanations import ERRORS, explain_code, list_codes
from tests.formats.listing import build
from tests.formats.painting import save

CODES = [code for code in list_codes() if "E540" <= code < "E550"]
RNG = np.random.default_rng(0)


def codes(check: Check) -> list[str]:
    return [problem.code for problem in check.problems]


@pytest.mark.parametrize("code", CODES)
def test_wrong_folder(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, regenerate: bool) -> None:
    monkeypatch.chdir(tmp_path)
    explanation = explain_code(code)
    check = check_set(build(explanation.wrong, tmp_path)[0])
    printed = "\n".join(line for problem in check.problems for line in render_problem(problem))
    assert codes(check) == [code]
    if regenerate:
        page = explanation.page.replace(f"```text\n{explanation.message}\n```", f"```text\n{printed}\n```")
        (ERRORS / f"{code}.md").write_text(page, encoding="utf-8")
    else:
        assert printed == explanation.message


@pytest.mark.parametrize("code", CODES)
def test_mended_folder(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check = check_set(build(explain_code(code).right, tmp_path)[0])
    assert (check.problems, check.is_fine) == ((), True)


def arrays(path: Path, images: np.ndarray, labels: list[int], **more: Any) -> NpzSet:
    np.savez(path, x_train=images, y_train=labels, **more)
    return NpzSet(path)


def test_numbers_are_those_of_the_pictures(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (60, 5, 4, 3), dtype=np.uint8)
    labels = [0] * 20 + [1] * 40
    check = check_set(arrays(tmp_path / "a.npz", images, labels, x_test=images[:8] ^ 1, y_test=[0, 1] * 4))
    found = check.as_data()
    assert (found["shape"], found["format"], found["is_fine"], found["problems"]) == ((3, 5, 4), "npz", True, [])
    assert {part: figures["images_per_class"] for part, figures in found["parts"].items()} == {
        "train": {"0": 20, "1": 40},
        "test": {"0": 4, "1": 4},
    }
    for channel, levels in enumerate(found["parts"]["train"]["levels"]):
        pixels = images[..., channel] / 255
        assert levels["mean"] == pytest.approx(pixels.mean(), rel=1e-12)
        assert levels["std"] == pytest.approx(pixels.std(), rel=1e-12)
        assert (levels["minimum"], levels["maximum"]) == (pixels.min(), pixels.max())
    assert json.loads(json.dumps(found))["digest"] == check.stored.digest if check.stored else False


def test_copies_are_found_across_blocks_and_in_both_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistspec.formats.checking.looking._BLOCK", 100)
    images = RNG.integers(0, 256, (40, 4, 4), dtype=np.uint8)
    images[30] = images[2]  # in one part, with one label
    images[31] = images[1]
    images[33] = images[1]
    test = images[:4] ^ 255
    test[3] = images[5]
    check = check_set(arrays(tmp_path / "a.npz", images, [0, 1] * 20, x_test=test, y_test=[0, 1] * 2))
    found = {problem.code: problem.places for problem in check.problems}
    assert found == {
        "E540": (
            "train_images[1] = train_images[31] = train_images[33]".replace("train_images", "x_train"),
            "x_train[2] = x_train[30]",
        ),
        "E541": ("x_train[5] (train) = x_test[3] (test)",),
    }
    assert not check.is_fine


def test_many_equal_pictures_are_named_with_an_example_of_each_label(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (40, 4, 4), dtype=np.uint8)
    images[10:20] = images[10]
    check = check_set(arrays(tmp_path / "a.npz", images, [0] * 19 + [1] * 21))
    (problem,) = [problem for problem in check.problems if problem.code == "E542"]
    assert problem.places == ("x_train[10] (0) = x_train[19] (1) = x_train[11] (0) = x_train[12] (0) = 6 more",)


def test_what_cannot_be_read_is_left_out_of_the_rest(tmp_path: Path) -> None:
    for label in ("birch", "oak"):
        for number in range(20):
            save(tmp_path / label / f"{number}.png", RNG.integers(0, 256, (6, 6), dtype=np.uint8))
    (tmp_path / "oak" / "[x].png").write_bytes(b"")
    (tmp_path / "oak" / "y.png").write_bytes((tmp_path / "oak" / "1.png").read_bytes()[:-40])
    (tmp_path / "birch" / "z.png").write_bytes((tmp_path / "birch" / "1.png").read_bytes())
    check = check_set(FolderSet(tmp_path, split=Split(test=0.5)))
    assert codes(check)[:2] == ["E506", "E506"]
    assert {name for problem in check.problems if problem.code == "E506" for name in problem.places} == {
        "oak/[x].png",
        "oak/y.png",
    }
    assert codes(check)[2:] in (["E540"], ["E541"])
    assert check.stored is not None
    assert len(check.stored.names) == 41
    assert check.survey is not None
    assert check.survey.counts == {"train": 20, "test": 21}


def test_pictures_of_several_sizes_are_a_warning_and_looked_at_in_one(tmp_path: Path) -> None:
    for number in range(40):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", RNG.integers(0, 256, (6, 6 + number // 39), dtype=np.uint8))
    check = check_set(FolderSet(tmp_path))
    assert [(problem.code, problem.is_warning) for problem in check.problems] == [("E508", True)]
    assert check.stored is not None
    assert check.stored.shape == (40, 1, 6, 6)


def test_a_set_that_cannot_be_read_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    for number in range(30):
        part = "train" if number < 20 else "test"
        label = "b" if number % 2 else "A" if part == "test" else "a"
        save(tmp_path / part / label / f"{number}.png", RNG.integers(0, 256, (6, 6), dtype=np.uint8))
    check = check_set(FolderSet(tmp_path))
    assert codes(check)[:2] == ["E503", "E503"]
    assert check.stored is None
    assert check.as_data()["parts"]["train"]["images"] == 20
    assert check.as_data()["parts"]["train"]["levels"] is None


def test_missing_files_of_a_table_are_left_out(tmp_path: Path) -> None:
    rows = "file,label\n"
    for number in range(40):
        save(tmp_path / f"{number}.png", RNG.integers(0, 256, (6, 6), dtype=np.uint8))
        rows += f"{number}.png,{'ab'[number % 2]}\n"
    (tmp_path / "set.csv").write_text(rows + "none.png,a\n")
    check = check_set(CsvSet(tmp_path / "set.csv", image="file"))
    assert codes(check) == ["E536"]
    assert check.stored is not None
    assert len(check.stored.names) == 40


def test_what_is_no_set_has_its_problem_alone(tmp_path: Path) -> None:
    check = check_set(arrays(tmp_path / "a.npz", np.zeros((4, 16)), [0, 1, 0, 1]))
    assert (codes(check), check.survey, check.is_fine) == (["E532"], None, False)
    assert check.as_data()["problems"][0]["code"] == "E532"


@pytest.mark.parametrize("kind", [FolderSet, NpzSet, CsvSet])
def test_where_nothing_is_the_call_is_wrong(kind: type[ImageSet], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such") as caught:
        check_set(kind(tmp_path / "none"))
    assert caught.value.code == "E501"


def test_samples_are_of_each_class_in_turn(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (30, 4, 4), dtype=np.uint8)
    stored = arrays(tmp_path / "a.npz", images, [0] * 20 + [1] * 8 + [2] * 2).read()
    train = set(stored.parts["train"].tolist())
    picked = pick_samples(stored, 8)
    assert len(picked) == len(set(picked)) == 8
    assert set(picked) <= train
    assert stored.labels[picked].tolist() == [0, 1, 2, 0, 1, 0, 1, 0]
    assert len(pick_samples(stored, 100)) == len(train)
