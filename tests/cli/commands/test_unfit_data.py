"""Data that cannot be trained on, and memory that does not suffice: one sentence, its exit code, no folder."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from mnistspec.cli import app
from mnistspec.data import dataset
from mnistspec.export import onnx
from mnistspec.training import evaluation, feasibility
from tests.small_mnist import write_mnist

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

SPEC = "layers: [{conv: 4}, gap, bn, {fc: 10}]\ntrain: {epochs: 1, batch_size: 128}\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "norm.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def make_grey(folder: Path) -> None:
    pixels = struct.pack(">I3I", 0x0803, 130, 28, 28) + bytes([37]) * (130 * 28 * 28)
    (folder / "train-images-idx3-ubyte").write_bytes(pixels)


def make_one_class(folder: Path) -> None:
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x0801, 130) + bytes([3]) * 130)


@pytest.mark.parametrize("command", ["train", "lr-find"])
@pytest.mark.parametrize(
    ("images", "setting", "change", "code", "words"),
    [
        (129, "epochs=1", None, 2, "bn1 on 4 features cannot normalise a batch of one image: 129 images in batches of"),
        (130, "holdout=1", None, 2, "129 images in batches of 128 leave one over; choose another train.batch_size"),
        (130, "holdout=130", None, 2, "holdout is 130, but mnist has only 130 training images here"),
        (130, "epochs=1", make_grey, 4, "all pixels of all training images have the grey level 37: there is nothing"),
        (130, "epochs=1", make_one_class, 2, "130 training images, all of class 3: there is nothing to tell apart"),
    ],
)
def test_data_that_cannot_be_trained_on(
    mnistspec: CommandLine, spec: Path, tmp_path: Path, command: str, images: int, setting: str, change: object,
    code: int, words: str,
) -> None:  # fmt: skip
    (tmp_path / "data").mkdir()
    folder = write_mnist(tmp_path / "data", images, 20)
    if callable(change):
        change(folder)
    options = ("--runs", tmp_path / "runs") if command == "train" else ()
    outcome = mnistspec(command, spec, "--data-dir", folder, "--set", f"train.{setting}", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "runs").exists()


def test_the_second_spec_is_looked_at_before_the_first_is_trained(
    mnistspec: CommandLine, spec: Path, quick_spec: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    folder = write_mnist(tmp_path / "data", 129, 20)
    outcome = mnistspec("train", quick_spec, spec, "--data-dir", folder, "--runs", tmp_path / "runs")
    assert (outcome.code, outcome.out) == (2, "")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("command", ["train", "lr-find"])
def test_a_step_that_does_not_fit(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(feasibility, "available_memory", lambda _: 2_000_000)
    options = ("--runs", tmp_path / "runs") if command == "train" else ()
    outcome = mnistspec(command, quick_spec, "--data-dir", small_mnist, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert "mnistspec: a step of 50 images needs about 6 MB of memory, and there are 2 MB; " in outcome.err
    assert "; lower train.batch_size to 16\n" in outcome.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("command", ["evaluate", "predict", "export"])
def test_an_allocation_that_fails_in_a_finished_run(
    mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    picture = Image.new("L", (100, 100))
    picture.paste(255, (45, 15, 55, 85))
    picture.save(tmp_path / "one.png")
    monkeypatch.setattr(evaluation, "to_fastest_order", fail)
    monkeypatch.setattr(onnx, "normalize", fail)
    arguments = {
        "evaluate": (quick_run, "--data", "mnist", "--data-dir", small_mnist),
        "predict": (quick_run, tmp_path / "one.png"),
        "export": (quick_run, "--onnx", tmp_path / "one.onnx", "--data-dir", small_mnist),
    }[command]
    outcome = mnistspec(command, *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    what = "the export to ONNX" if command == "export" else "a pass without learning of "
    assert f"mnistspec: out of memory in {what}" in outcome.err


def test_an_allocation_that_fails_anywhere(mnistspec: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(dataset, "read_idx", fail)
    outcome = mnistspec("data", "mnist")
    assert (outcome.code, outcome.out) == (1, "")
    assert "mnistspec: out of memory; " in outcome.err


def test_other_failures_are_no_matter_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(RuntimeError, match="something else"):
        app.main()
