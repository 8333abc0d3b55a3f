"""A folder of one's own colour pictures from `validate` to `predict --csv`, and what happens when it changes."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mnistspec.data.dataset import load_dataset
from mnistspec.data.images import prepare
from mnistspec.language.loader import load_spec
from mnistspec.runs.folder import RunDir
from tests.command_line import CommandLine

CLASSES = ("blue", "green", "red 10", "red 9")  # as a sorted list has them; in natural order 9 is before 10
NATURAL = ("blue", "green", "red 9", "red 10")
EACH = 12
SPEC = """\
data: {folder: {path: flags, test: 0.25}}
layers: [conv: {out_channels: 8, padding: 1}, relu, maxpool, conv: 8, relu, gap, fc: 4]
train: {epochs: 4, batch_size: 9, optimizer: {adam: {lr: 0.02}}, augment: [rotation: 5, color_jitter: {contrast: 0.1}]}
"""


def paint_flag(name: str, number: int) -> Image.Image:
    """Return a picture of 12x16 whose class is in its colours; no two are the same."""
    pixels = np.random.default_rng([CLASSES.index(name), number]).integers(0, 60, (12, 16, 3), dtype=np.uint8)
    channel = {"blue": 2, "green": 1}.get(name, 0)
    rows = slice(0, 6) if name == "red 9" else slice(0, 12)
    pixels[rows, :, channel] += 180
    return Image.fromarray(pixels)


def write_flags(folder: Path, classes: tuple[str, ...] = CLASSES, each: int = EACH) -> Path:
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            paint_flag(name, number).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with flags/ and flags.yaml, which is the working folder."""
    write_flags(tmp_path / "flags")
    (tmp_path / "flags.yaml").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNISTSPEC_CACHE", str(tmp_path / "cache"))
    return tmp_path


def train(mnistspec: CommandLine, *more: str) -> RunDir:
    done = mnistspec("train", "flags.yaml", *more)
    assert done.code == 0, done.err
    return RunDir(Path(done.out.split()[-1]))


def test_a_spec_knows_shapes_and_classes_before_anything_is_decoded(mnistspec: CommandLine, place: Path) -> None:
    done = mnistspec("build", "flags.yaml", "--json")
    assert json.loads(done.out)["input_shape"] == [3, 12, 16]
    spec = load_spec(place / "flags.yaml")
    assert (spec.data.class_names, spec.data.input_shape) == (NATURAL, (3, 12, 16))
    (place / "flags.yaml").write_text(SPEC.replace("fc: 4", "fc: 5"), encoding="utf-8")
    wrong = mnistspec("validate", "flags.yaml")
    assert wrong.code == 2
    assert "one score for each of the 4 classes" in wrong.err
    assert not list((place / "flags").rglob("*.npy")), "nothing is written beside the data"


def test_what_is_wrong_with_the_folder_stands_at_its_place_in_the_spec(mnistspec: CommandLine, place: Path) -> None:
    (place / "flags" / "empty").mkdir()
    wrong = mnistspec("validate", "flags.yaml")
    assert wrong.code == 2
    assert wrong.err.startswith("flags.yaml:1:23: flags/empty: ")
    assert "[E504]" in wrong.err
    missing = mnistspec("validate", "flags.yaml", "--set", "data.folder.path=flogs")
    assert missing.code == 2
    assert "[E501]" in missing.err


def test_from_training_to_a_table_of_predictions(mnistspec: CommandLine, place: Path) -> None:
    run = train(mnistspec, "--epochs", "12")
    result = json.loads((run.path / "result.json").read_text(encoding="utf-8"))
    assert result["data"]["classes"] == list(NATURAL)
    assert result["data"]["counts"] == {"train": 36, "test": 12}
    assert (result["data"]["path"], result["data"]["channels"], result["data"]["size"]) == ("flags", 3, [12, 16])
    assert result["test_accuracy"] > 90
    assert str(place) not in "".join(
        path.read_text("utf-8", "replace") for path in run.path.iterdir() if path.is_file()
    )
    evaluated = json.loads(mnistspec("evaluate", run.path, "--json").out)
    measured = json.loads(mnistspec("evaluate", run.path, "--json", "--device", "cpu").out)
    assert evaluated["confusion"] == measured["confusion"]
    assert evaluated["test_accuracy"] == result["test_accuracy"]
    done = mnistspec("predict", run.path, "flags", "--csv", "answers.csv")
    assert done.code == 0, done.err
    with (place / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 48
    right = sum(Path(row["file"]).parent.name == row["label"] for row in rows)
    assert f"{right} of 48 images in folders of classes right" in done.out
    assert right > 43
    for row in rows:
        shares = [float(row[key]) for key in ("probability", "probability_2", "probability_3")]
        assert shares == sorted(shares, reverse=True)
        assert len({row["label"], row["label_2"], row["label_3"]}) == 3
        assert set(NATURAL) > {row["label"], row["label_2"], row["label_3"]}
        assert not row["error"]
    report = mnistspec("report", run.path, "-o", "report.html")
    assert report.code == 0, report.err


def test_a_picture_is_prepared_as_the_training_images_were(mnistspec: CommandLine, place: Path) -> None:
    run = train(mnistspec)
    data = load_dataset(run.spec.data)
    model = run.load_model()
    by_pixels = model.predict(data.train_images[:])
    paths = [place / "flags" / name / f"{number}.png" for name in NATURAL for number in range(EACH)]
    by_files = model.predict(paths)
    rows = {tuple(row) for row in by_files.round(decimals=5).tolist()}
    assert {tuple(row) for row in by_pixels.round(decimals=5).tolist()} <= rows
    large = paint_flag("blue", 0).resize((160, 120), Image.Resampling.NEAREST)
    torch.testing.assert_close(model.predict(large), model.predict(paint_flag("blue", 0)), atol=0.05, rtol=0)
    json.loads(mnistspec("inspect", run.path, paths[0], "--json").out)


def test_a_large_jpeg_is_prepared_alike_in_training_and_in_predict(place: Path) -> None:
    """Pillow reduces a JPEG while it decodes it, which changes pixels: both have to do it, or neither."""
    random = np.random.default_rng(3)
    for name in NATURAL:
        pixels = random.integers(0, 256, (96, 128, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        Image.fromarray(pixels).save(place / "flags" / name / "large.jpg")
    (place / "flags.yaml").write_text(SPEC.replace("test: 0.25", "test: 0.25, size: [12, 16]"), encoding="utf-8")
    spec = load_spec(place / "flags.yaml")
    data = load_dataset(spec.data)
    known = {image.numpy().tobytes() for part in (data.train_images[:], data.test_images[:]) for image in part}
    for name in NATURAL:
        prepared, _ = prepare(place / "flags" / name / "large.jpg", spec.data)
        assert prepared.numpy().tobytes() in known


def test_statistics_are_by_channel_of_the_training_part(place: Path) -> None:
    data = load_dataset(load_spec(place / "flags.yaml").data)
    pixels = data.train_images[:].to(torch.float64) / 255
    assert data.mean == pytest.approx(pixels.mean((0, 2, 3)).tolist())
    assert data.std == pytest.approx(pixels.std((0, 2, 3), correction=0).tolist())
    assert data.mean[0] > data.mean[1] * 1.3, "half of the flags are red"
    assert torch.bincount(data.test_labels).tolist() == [3] * 4


@pytest.mark.usefixtures("place")
def test_a_held_out_choice_takes_of_each_class(mnistspec: CommandLine) -> None:
    run = train(mnistspec, "--set", "train.holdout=8")
    result = json.loads((run.path / "result.json").read_text(encoding="utf-8"))
    assert result["measured_on"] == "holdout"
    assert result["data"]["counts"] == {"train": 28, "test": 12, "holdout": 8}
    assert [row["images"] for row in result["classes"]] == [2] * 4
    assert "test_accuracy" not in result
    assert "holdout_accuracy" in result
    data = load_dataset(run.spec.data)
    held = data.hold_out(8)
    assert torch.equal(held.test_images[:], data.hold_out(8).test_images[:])
    together = {
        bytes(image.numpy().tobytes()) for part in (held.train_images[:], held.test_images[:]) for image in part
    }
    assert together == {bytes(image.numpy().tobytes()) for image in data.train_images[:]}


def test_the_sets_own_validation_part(mnistspec: CommandLine, place: Path) -> None:
    for part, count in (("train", 8), ("val", 3), ("test", 4)):
        write_flags(place / "parts" / part, each=count)
    (place / "flags.yaml").write_text(SPEC.replace("flags, test: 0.25", "parts"), encoding="utf-8")
    run = train(mnistspec, "--set", "train.holdout=val")
    result = json.loads((run.path / "result.json").read_text(encoding="utf-8"))
    assert (result["measured_on"], result["data"]["counts"]) == ("val", {"train": 32, "test": 16, "val": 12})
    assert "holdout_accuracy" in result
    assert sum(row["images"] for row in result["classes"]) == 12
    assert "holdout_loss" in (run.path / "metrics.csv").read_text(encoding="utf-8")
    assert mnistspec("compare", "runs").code == 0
    assert mnistspec("evaluate", run.path).code == 0
    (place / "flags.yaml").write_text(SPEC, encoding="utf-8")
    wrong = mnistspec("validate", "flags.yaml", "--set", "train.holdout=val")
    assert (wrong.code, "flags has no validation part" in wrong.err) == (2, True)


def test_data_that_changed_is_refused_by_what_needs_the_same(mnistspec: CommandLine, place: Path) -> None:
    run = train(mnistspec)
    (place / "flags" / "blue" / "0.png").unlink()
    warned = mnistspec("evaluate", run.path, "--device", "cpu")
    assert "other files of flags than those that the run was made with" in warned.err
    unfinished = mnistspec("train", "flags.yaml", "--epochs", "2", "--name", "other")
    assert unfinished.code == 0
    again = mnistspec("compare", "runs", "--json")
    assert len({row["data_digest"] for row in json.loads(again.out)["recipes"] if "data_digest" in row}) != 1


def test_a_run_is_resumed_to_the_same_bytes_and_not_on_other_pictures(mnistspec: CommandLine, place: Path) -> None:
    whole = train(mnistspec)
    program = (
        "import sys; from mnistspec.cli import progress; from mnistspec.runs.execution import Execution\n"
        "save = Execution.save\n"
        "def stop(self):\n    save(self)\n    if self.training.epoch == 2: raise KeyboardInterrupt\n"
        "Execution.save = stop\n"
        "from mnistspec.cli.app import main\n"
        "sys.argv = ['mnistspec', 'train', 'flags.yaml', '--runs', 'half']\nmain()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    (half,) = (place / "half" / "flags").iterdir()
    assert not (half / "result.json").exists()
    copy = place / "copy"
    shutil.copytree(half, copy)
    done = mnistspec("train", "--resume", half)
    assert done.code == 0, done.err
    assert (half / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()
    assert (half / "predictions.npz").read_bytes() == (whole.path / "predictions.npz").read_bytes()
    paint_flag("green", 99).save(place / "flags" / "green" / "0.png")
    refused = mnistspec("train", "--resume", copy)
    assert refused.code == 2
    assert "trained on other files" in refused.err


_MEASURED = """\
import resource, sys
from mnistspec.cli.app import main
limit = int(sys.argv.pop(1))
if limit:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    main()
finally:
    status = open("/proc/self/status", encoding="ascii").read()
    print(1024 * int(status.split("VmPeak:")[1].split()[0]), file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures itself in /proc")
@pytest.mark.usefixtures("place")
def test_a_set_twice_as_large_as_the_memory_there_is_trains() -> None:
    """Memory beyond what a small set of the same size takes: 64 MB, for 128 MB of pictures."""
    pictures = np.random.default_rng(1).integers(0, 60, (850, 224, 224, 3), dtype=np.uint8)
    labels = np.arange(len(pictures)) % 3
    for number, label in enumerate(labels.tolist()):
        pictures[number, ..., label] += 120
    peaks: list[int] = []
    for name, count in (("small", 60), ("large", len(pictures))):
        np.savez(f"{name}.npz", x_train=pictures[:count], y_train=labels[:count].astype(np.uint8))
        Path(f"{name}.yaml").write_text(
            f"data: {{npz: {name}.npz}}\nlayers: [maxpool: 8, conv: 4, relu, gap, fc: 3]\n"
            "train: {epochs: 1, batch_size: 20, optimizer: {adam: {lr: 0.05}}}\n",
            encoding="utf-8",
        )
        limit = str(peaks[0] + 64 * 2**20) if peaks else "0"
        command = [sys.executable, "-c", _MEASURED, limit, "train", f"{name}.yaml", "--threads", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stderr.split()[-1]))
    assert pictures.nbytes >= 2 * 60 * 2**20
    assert peaks[1] < peaks[0] + 64 * 2**20
