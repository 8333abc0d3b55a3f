"""Every command: what it prints where, how it ends, and what it leaves behind."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from mnistspec import RunDir, load_dataset, load_spec
from tests.docs.pages import read_blocks
from tests.needs import FASHION, needs_fashion
from tests.places import SPECS
from tests.shipped import SHIPPED

if TYPE_CHECKING:
    from tests.command_line import CommandLine

RUN_FILES = {
    "augmented.png", "best.safetensors", "confusion.png", "curves.png", "env.json", "metrics.csv", "mistakes.png",
    "model.safetensors", "predictions.npz", "resolved.yaml", "result.json", "samples.png", "spec.yaml", "summary.txt",
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_build_json_gives_the_totals(mnistspec: CommandLine, name: str) -> None:
    done = mnistspec("build", SPECS / f"{name}.yaml", "--json")
    summary = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (summary["total_params"], summary["macs"], summary["receptive_field"]) == SHIPPED[name]
    assert summary["trainable_params"] == SHIPPED[name].params
    assert (summary["input_shape"], summary["output_shape"]) == ([1, 28, 28], [10])
    assert sum(layer["params"] for layer in summary["layers"]) == SHIPPED[name].params
    lines = (SPECS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    for layer in summary["layers"]:
        assert lines[layer["line"] - 1].strip().startswith(f"- {layer['block']}")


def test_build_prints_one_line_or_a_table(mnistspec: CommandLine) -> None:
    line = mnistspec("build", SPECS / "step4.yaml").out
    assert line == "step4: 1x28x28 to 10, 5,088 parameters, 938,126 MACs, receptive field 28x28\n"
    table = mnistspec("build", SPECS / "step4.yaml", "--summary").out
    assert all(len(row) <= 80 for row in table.splitlines())
    assert "5,088" in table


def test_validate_tells_all_errors_at_once(mnistspec: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "layers:\n  - conb: 8\n  - gap\n  - fc: {out_feature: 10}\ntrain: {epochs: ten}\n", encoding="utf-8"
    )
    start = time.process_time()
    done = mnistspec("validate", SPECS / "step1.yaml", path)
    assert time.process_time() - start < 1
    assert done.code == 2
    assert done.out == f"{SPECS / 'step1.yaml'}: ok, 15 blocks, 4,572 parameters\n"
    assert [line for line in done.err.splitlines() if line.startswith(f"{path}:")] == [
        f'{path}:2:5: unknown block "conb"; did you mean "conv"? [E204]',
        f'{path}:4:10: fc has no key "out_feature"; did you mean "out_features"? [E201]',
        f'{path}:5:17: epochs must be a whole number, not the text "ten" [E203]',
    ]
    assert done.err.endswith(f"3 errors in {path}\nmnistspec explain E204 says more\n")


def test_validate_json_has_codes_and_places(mnistspec: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("layers:\n  - conb: 8\n", encoding="utf-8")
    done = mnistspec("validate", path, "--json")
    (report,) = json.loads(done.out)["specs"]
    assert (done.code, done.err, report["valid"]) == (2, "", False)
    assert {(error["code"], error["line"], error["column"]) for error in report["errors"]} >= {("E204", 2, 5)}


def test_validate_does_not_import_torch() -> None:
    code = "import sys; sys.argv = ['mnistspec', 'validate', sys.argv[1]]\nfrom mnistspec.cli.app import main\n"
    code += "try: main()\nexcept SystemExit: print('torch' in sys.modules)"
    arguments = [sys.executable, "-c", code, str(SPECS / "step6.yaml")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "give a spec to train"),
        (["train", "missing.yaml"], 'cannot read the spec "missing.yaml": No such file or directory'),
        (["train", "x.yaml", "--resume", "y"], "--resume continues a run as it was started"),
        (["train", str(SPECS / "step1.yaml"), "--set", "epochs"], "--set takes key=value"),
        (
            ["train", str(SPECS / "step1.yaml"), "--epochs", "0"],
            "--epochs 0: epochs must be greater than 0, not 0 [E203]",
        ),
        (["train", str(SPECS / "step1.yaml"), "--name", "../x"], "--name ../x: name must be"),
        (["train", str(SPECS / "step1.yaml"), "--device", "tpu"], "is not a device"),
        (["train", str(SPECS / "step1.yaml"), "--data-dir", "missing"], "missing"),
        (["evaluate", "missing"], "missing: no such folder; give a run"),
        (["predict", "missing", "x.png"], "missing: no such folder; give a run"),
        (["data", "mnits"], 'did you mean "mnist"?'),
        (["blocks", "cov"], 'did you mean "conv"?'),
        (["build", "--sumary", "x.yaml"], "no such option"),
        (["buidl"], "no such command"),
    ],
)
def test_wrong_calls_end_with_2_and_a_message(mnistspec: CommandLine, arguments: list[str], message: str) -> None:
    done = mnistspec(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_train_leaves_a_whole_run_folder(quick_run: Path) -> None:
    assert {path.name for path in quick_run.iterdir()} == RUN_FILES
    run = RunDir(quick_run)
    result = run.result
    assert result is not None
    rows = list(csv.DictReader((quick_run / "metrics.csv").read_text(encoding="utf-8").splitlines()))
    assert result.accuracies == [float(row["test_accuracy"]) for row in rows]
    assert result.accuracy == result.accuracies[-1]
    assert result.best_accuracy == max(result.accuracies)
    assert (result.status, result.epochs, result.params) == ("done", 2, 1_434)
    assert [target.met for target in result.targets] == [True, True]
    assert load_spec(quick_run / "resolved.yaml") == run.spec
    assert run.environment.seed == 1
    assert "1,434" in (quick_run / "summary.txt").read_text(encoding="utf-8")
    for picture in quick_run.glob("*.png"):
        with Image.open(picture) as image:
            image.verify()


def test_train_prints_its_result_on_stdout_and_progress_on_stderr(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path
) -> None:
    common = ("train", quick_spec, "--data-dir", small_mnist, "--runs", tmp_path / "runs", "--epochs", "1")
    done = mnistspec(*common, "--set", "targets.last_epochs=1")
    assert done.code == 0
    assert done.out.startswith("quick: test accuracy ")
    assert done.out.rstrip().endswith(str(next((tmp_path / "runs" / "quick").iterdir())))
    assert len(done.err.splitlines()) == 5  # what is loading, the run, its long path, the header, one epoch
    as_json = mnistspec(
        *common, "--json", "--name", "other", "--set", "targets.min_test_accuracy=100", "--check-targets"
    )
    result = json.loads(as_json.out)
    assert (as_json.code, result["name"], result["epochs"]) == (1, "other", 1)
    assert Path(result["run"]).is_dir()


@pytest.mark.parametrize(("wanted", "code"), [(0, 0), (100, 1)])
def test_a_macro_f1_that_is_missed_ends_with_1(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path, wanted: int, code: int
) -> None:
    settings = (f"targets={{min_macro_f1: {wanted}}}", "train.class_weights=balanced")
    options = [option for setting in settings for option in ("--set", setting)]
    common = ("train", quick_spec, "--data-dir", small_mnist, "--runs", tmp_path, "--check-targets", "--json")
    done = mnistspec(*common, *options)
    result = json.loads(done.out)
    (target,) = (row for row in result["targets"] if row["target"] == "min_macro_f1")
    assert (done.code, target["met"]) == (code, not code)
    assert target["got"] == result["macro_f1"] == RunDir(result["run"]).figures.macro_f1
    assert "class_weights: balanced" in (Path(result["run"]) / "resolved.yaml").read_text(encoding="utf-8")


def test_train_is_the_same_to_the_byte(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path, quick_run: Path
) -> None:
    done = mnistspec("train", quick_spec, "--data-dir", small_mnist, "--runs", tmp_path, "--json")
    again = Path(json.loads(done.out)["run"])
    for name in ("model.safetensors", "best.safetensors", "resolved.yaml", "confusion.png", "augmented.png"):
        assert (again / name).read_bytes() == (quick_run / name).read_bytes(), name


def test_a_loss_that_is_not_finite_ends_with_3(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path
) -> None:
    settings = ("--set", "train.optimizer={sgd: {lr: 100}}", "--set", "layers=[flatten, fc: 100, fc: 100, fc: 10]")
    done = mnistspec("train", quick_spec, "--data-dir", small_mnist, "--runs", tmp_path, *settings)
    assert done.code == 3
    assert "at epoch 1, step" in done.err
    assert "with lr 100; try a lower lr" in done.err
    (folder,) = (tmp_path / "quick").iterdir()
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["status"] == "not finite"
    assert not (folder / "best.safetensors").exists()


def test_evaluate_repeats_the_runs_figures(mnistspec: CommandLine, quick_run: Path, small_mnist: Path) -> None:
    result = RunDir(quick_run).result
    assert result is not None
    done = mnistspec("evaluate", quick_run, "--data-dir", small_mnist, "--json")
    report = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert report["test_accuracy"] == pytest.approx(result.accuracy)
    assert report["images"] == sum(map(sum, report["confusion"])) == 200
    for row, figures in zip(report["per_class"], result.classes, strict=True):
        assert (row["class"], row["images"], row["accuracy"]) == (figures.name, figures.images, figures.recall or 0)
        assert (row["precision"], row["recall"], row["f1"]) == (figures.precision, figures.recall, figures.f1)
    means = tuple(report[f"macro_{name}"] for name in ("precision", "recall", "f1"))
    assert means == (result.macro_precision, result.macro_recall, result.macro_f1)
    best = json.loads(mnistspec("evaluate", quick_run, "--data-dir", small_mnist, "--json", "--best").out)
    assert best["test_accuracy"] == pytest.approx(result.best_accuracy)
    text = mnistspec("evaluate", quick_run, "--data-dir", small_mnist).out
    assert f"test accuracy {result.accuracy:.2f} %" in text
    assert all(len(line) <= 80 for line in text.splitlines()[1:])


def test_predict_reads_images_and_tells_of_bad_ones(
    mnistspec: CommandLine, quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_dataset("mnist")
    good = []
    for index in range(3):
        image = ImageOps.invert(Image.fromarray(data.test_images[index][0].numpy())).resize((200, 200))
        good.append(tmp_path / f"{index}.png")
        image.save(good[-1])
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    done = mnistspec("predict", quick_run, *good, bad, "--json")
    rows = json.loads(done.out)["predictions"]
    assert done.code == 2
    assert str(bad) in done.err
    for row in rows[:3]:
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert row["probability"] == max(row["probabilities"].values())
    monkeypatch.chdir(tmp_path)
    table = mnistspec("predict", quick_run, "0.png", "1.png")
    assert (table.code, table.err) == (0, "")
    assert [line.split()[:2] for line in table.out.splitlines()[2:]] == [
        [r["image"][-5:], r["prediction"]] for r in rows[:2]
    ]


def test_predict_reports_several_shapes(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    digits = load_dataset("mnist").test_images[:2][:, 0].numpy()
    path = tmp_path / "two.png"
    Image.fromarray(255 - np.hstack([digits[0], digits[1]])).resize((560, 280)).save(path)
    note = "2 shapes in the picture; read the largest one, on the right"
    done = mnistspec("predict", quick_run, path)
    assert (done.code, done.err) == (0, f"mnistspec: warning: {path}: {note}\n")
    done = mnistspec("predict", quick_run, path, "--json")
    assert (done.err, json.loads(done.out)["predictions"][0]["note"]) == ("", note)


def test_a_damaged_weights_file_ends_with_4(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(quick_run, folder)
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    done = mnistspec("evaluate", folder, "--device", "cpu")
    assert (done.code, done.out) == (4, "")
    assert str(path) in done.err
    assert "SHA-256" in done.err


def test_data_describes_and_draws(mnistspec: CommandLine, small_mnist: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    done = mnistspec("data", "mnist", "--data-dir", small_mnist, "-o", picture, "--json")
    statistics = json.loads(done.out)
    assert (done.code, statistics["train"]["shape"], statistics["picture"]) == (0, [1000, 1, 28, 28], str(picture))
    assert sum(statistics["test"]["images_per_class"].values()) == 200
    augmented = tmp_path / "augmented.png"
    assert mnistspec("data", "-o", augmented, "--augment", SPECS / "step6.yaml").code == 0
    with Image.open(picture) as one, Image.open(augmented) as other:
        assert one.size != other.size


def test_help_is_quick_and_has_examples(mnistspec: CommandLine) -> None:
    commands = ("build", "train", "validate", "predict", "evaluate", "data", "blocks", "sweep", "compare")
    for command in commands:
        done = mnistspec(command, "-h")
        assert done.code == 0
        assert f"Example: mnistspec {command}" in " ".join(done.out.split())


def test_help_takes_less_than_half_a_second() -> None:
    """Of a processor's time, the quickest of three: other processes may hold it up."""
    seconds = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "mnistspec", "--help"], check=True, capture_output=True, timeout=60)
        after = os.times()
        seconds.append(sum(after[2:4]) - sum(before[2:4]))
    assert min(seconds) < 0.5


def test_step6_learns_mnist_in_one_epoch(mnistspec: CommandLine, tmp_path: Path) -> None:
    done = mnistspec("train", SPECS / "step6.yaml", "--epochs", "1", "--runs", tmp_path, "--json")
    result = json.loads(done.out)
    assert done.code == 0
    assert result["test_accuracy"] >= 97.0
    model = RunDir(result["run"]).load_model()
    data = load_dataset("mnist")
    right = model.predict(data.test_images).argmax(1).eq(data.test_labels).to(torch.float64).mean()
    assert 100 * float(right) == pytest.approx(result["test_accuracy"])


@pytest.mark.slow
@needs_fashion
def test_a_network_of_ones_own_needs_no_python(mnistspec: CommandLine, tmp_path: Path) -> None:
    """The long example of docs/spec.md: depthwise convolutions, repeat, a group of one's own, Fashion-MNIST."""
    path = tmp_path / "mine.yaml"
    path.write_text(read_blocks(SPECS.parent / "docs" / "spec.md", "yaml")[0], encoding="utf-8")
    done = mnistspec("train", path, "--epochs", "1", "--data-dir", FASHION, "--runs", tmp_path, "--json")
    result = json.loads(done.out)
    assert done.code == 0
    assert result["test_accuracy"] > 60
    data = load_dataset("fashion-mnist", data_dir=FASHION)
    image = tmp_path / "trouser.png"
    Image.fromarray(data.test_images[data.test_labels.eq(1)][0, 0].numpy()).resize((280, 280)).save(image)
    (row,) = json.loads(mnistspec("predict", result["run"], image, "--json").out)["predictions"]
    assert row["prediction"] == "trouser"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_told_of() -> None:
    command = [sys.executable, "-m", "mnistspec", "validate", str(SPECS / "step1.yaml")]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "mnistspec: cannot write the output: No space left on device\n")
