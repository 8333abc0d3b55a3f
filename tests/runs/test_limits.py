"""What a run folder takes at most, and how much of a wrong value an error repeats: each limit from both sides."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from mnistspec.errors import CorruptError, NotFiniteError
from mnistspec.language.loader import load_spec
from mnistspec.runs import models
from mnistspec.runs.checkpoints import load_checkpoint
from mnistspec.runs.documents import check_format, read_json, read_metadata, seal, unseal, write_json
from mnistspec.runs.drift import describe_change, find_drift
from mnistspec.runs.folder import RunDir
from mnistspec.runs.listing import count_epochs
from mnistspec.runs.models import Environment, PredictionsRecord
from mnistspec.runs.predictions import Predictions, _fits_together, read_predictions
from mnistspec.runs.result import refuse_ended, summarize_run
from mnistspec.runs.weights import limit_bytes
from mnistspec.training.evaluation import Evaluation
from tests.sweeps.fakes import make_metrics, make_run, write_spec


def make_large(path: Path, size: int) -> Path:
    """Make a file of this size that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def test_files_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    run = make_run(tmp_path, load_spec(write_spec(tmp_path / "specs")), 90.0)
    for name, limit, read in (
        ("result.json", "16,777,216", lambda: read_json(run / "result.json")),
        ("metrics.csv", "4,194,304", lambda: RunDir(run).metrics),
        ("predictions.npz", "268,435,456", lambda: read_predictions(run / "predictions.npz")),
    ):
        make_large(run / name, int(limit.replace(",", "")) + 1)
        with pytest.raises(CorruptError, match=f"{name}: it has more than {limit} bytes"):
            read()
    assert (limit_bytes(0), limit_bytes(1000)) == (268_435_456, 268_435_456 + 24_000)


LONGEST = 16 * 2**20


@pytest.mark.parametrize(("length", "reason"), [(LONGEST, "Expecting value"), (LONGEST + 1, "it has 16,777,217 bytes")])
def test_a_header_that_is_too_long_is_not_read(tmp_path: Path, length: int, reason: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little"))
    with pytest.raises(CorruptError, match=reason):
        read_metadata(path)


def fits(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def test_numbers_of_a_file_are_in_reason() -> None:
    for kind in (models.Count, models.Amount):
        assert [fits(kind, value) for value in (-1, 0, 10**12 - 1, 10**12)] == [False, True, True, False]


@pytest.mark.parametrize("value", ["3", 3.5, float("nan"), float("inf")])
def test_a_number_is_nothing_else(value: object) -> None:
    content = {"total": 1.0, "train": value}
    assert fits(models.Seconds, content) == (value == 3.5)


def test_the_first_of_several_problems_is_named(tmp_path: Path) -> None:
    content = {"total": "long", "train": "longer"}
    with pytest.raises(CorruptError, match=r"x: total: input should be a valid number$"):
        models.parse(models.Seconds, content, tmp_path / "x")


def test_json_is_laid_out_for_people(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1]})
    lines = (tmp_path / "a.json").read_text(encoding="utf-8").splitlines()
    assert lines[:4] == ["{", '  "format": 2,', '  "b": [', "    1"]


def test_an_error_repeats_little_of_what_it_found(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(CorruptError, match=f"is not {'x' * 64}, which"):
        unseal({**seal({"b": 1}), "sha256": "x" * 100}, path)
    with pytest.raises(CorruptError, match=f"its format is '{'y' * 20}', but"):
        check_format({"format": "y" * 100}, path)
    epochs = [SimpleNamespace(epoch=epoch) for epoch in range(2, 40)]
    parts: Any = {part: {} for part in ("model", "best", "optimizer", "meter")}
    with pytest.raises(ValueError, match=f"of the epochs {', '.join(map(str, range(2, 22)))}$"):
        load_checkpoint(cast("Any", None), parts, cast("Any", SimpleNamespace(metrics=epochs)))
    result = SimpleNamespace(status="not finite", problem="z" * 1000)
    with pytest.raises(NotFiniteError, match=f": {'z' * 300}; then start a new run"):
        refuse_ended(cast("Any", SimpleNamespace(path=path, result=result)))
    assert describe_change(f"name: {'a' * 99}", "name: b") == f'name was "{"a" * 60}", is "b"'
    assert describe_change("name: a  # b", "name: a") == "the text differs, the values do not"
    assert describe_change("a: [1, {b: 2}]", "a: [1, {b: 3}]") == 'a[2].b was "2", is "3"'
    assert describe_change("a: 1", "a: 1\nb: 2") == 'b was nothing, is "2"'
    before, now = (Environment(cpu=letter * 99) for letter in "cd")
    assert find_drift(before, now) == [f"cpu was {'c' * 60}, is {'d' * 60}"]


def test_epochs_are_lines_but_for_the_head(tmp_path: Path) -> None:
    assert count_epochs(tmp_path) == 0
    for text, epochs in (("", 0), ("head\n", 0), ("head\n1\n", 1), ("head\n1\n2\n3", 2)):
        (tmp_path / "metrics.csv").write_text(text, encoding="utf-8")
        assert count_epochs(tmp_path) == epochs


def test_seconds_have_three_decimals(tmp_path: Path) -> None:
    epochs = [epoch.model_copy(update={"seconds": 1.23456, "test_seconds": 0.12345}) for epoch in make_metrics(90.0)]
    seconds = summarize_run(load_spec(write_spec(tmp_path)), epochs, "done").seconds
    assert (seconds.total, seconds.train, seconds.test) == (1.235, 1.111, 0.123)


def predict(count: int, classes: int) -> Predictions:
    """Return predictions in which all are taken for the last class, the first being right."""
    logits = torch.zeros(count, classes)
    logits[:, -1] = (torch.arange(count) + 1.0) / 10
    images = torch.arange(count).to(torch.uint8)[:, None, None, None].expand(-1, 1, 2, 3)
    labels = torch.zeros(count, dtype=torch.int64)
    labels[0] = classes - 1
    return Predictions.of(Evaluation(logits, labels), images, tuple(map(str, range(classes))))


def test_labels_take_a_byte_where_that_is_enough() -> None:
    for classes, kind in ((10, np.uint8), (256, np.uint8), (257, np.uint16)):
        made = predict(3, classes)
        assert {made.labels.dtype, made.guesses.dtype} == {np.dtype(kind)}
        assert made.guesses.tolist() == [classes - 1] * 3


def test_the_pixels_of_sixty_mistakes_are_kept() -> None:
    made = predict(65, 4)
    assert (made.wrong, len(made.pixels)) == (64, 60)
    assert [mistake.number for mistake in made.mistakes()] == list(range(64, 4, -1))
    assert predict(3, 4) != predict(3, 4)  # by identity: arrays have no single answer


def test_the_file_has_no_time_in_it(tmp_path: Path) -> None:
    made = predict(3, 4)
    record = PredictionsRecord(data="mnist", data_digest="", classes=list("0123"), epoch=1, spec="")
    with zipfile.ZipFile(io.BytesIO(made.to_bytes(record))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    (tmp_path / "predictions.npz").write_bytes(made.to_bytes(record))
    assert read_predictions(tmp_path / "predictions.npz")[1] == record


@pytest.mark.parametrize(
    "change",
    [
        {"labels": np.zeros((3, 1), np.uint8)}, {"labels": np.zeros(3, np.int8)}, {"labels": np.zeros(2, np.uint8)},
        {"labels": np.array([0, 1, 4], np.uint8)}, {"guesses": np.array([0, 1, 4], np.uint8)},
        {"guesses": np.zeros(4, np.uint8)}, {"guesses": np.zeros(3, np.float32)},
        {"confidences": np.zeros(4, np.float32)}, {"confidences": np.zeros(3)},
        {"numbers": np.array([2, 3], np.uint32)}, {"numbers": np.array([2], np.uint32)},
        {"numbers": np.array([2, 1], np.int64)}, {"pixels": np.zeros((2, 2, 3), np.uint8)},
        {"pixels": np.zeros((2, 1, 2, 3))}, {"pixels": np.zeros((3, 1, 2, 3), np.uint8)},
        {"pixels": np.zeros((2, 2, 2, 3), np.uint8)}, {"class_names": ("0", "1", "2")},
        dict.fromkeys(("labels", "guesses"), np.zeros(0, np.uint8)),
        dict.fromkeys(("labels", "guesses"), np.zeros((), np.uint8)),
    ],
)  # fmt: skip
def test_arrays_that_do_not_belong_together(change: dict[str, Any]) -> None:
    assert _fits_together(predict(3, 4))
    assert _fits_together(predict(1, 4))
    assert _fits_together(replace(predict(3, 4), pixels=np.zeros((2, 3, 2, 3), np.uint8)))
    assert not _fits_together(replace(predict(3, 4), **change))


def test_no_image_is_no_prediction() -> None:
    made, none = predict(3, 4), np.zeros(0, np.uint8)
    empty = Predictions(none, none, made.confidences[:0], made.numbers[:0], made.pixels[:0], made.class_names)
    assert not _fits_together(empty)
