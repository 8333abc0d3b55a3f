"""``mnistspec code``: the file runs, learns, and takes the weights of a run."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from typing import Protocol

import pytest
import torch
from safetensors.torch import load_file

from mnistspec.runs.folder import RunDir
from tests.command_line import CommandLine
from tests.places import SPECS


class Runner(Protocol):
    """Runs a written file with arguments; returns what it prints."""

    def __call__(self, path: Path, *arguments: str | Path) -> str: ...


@pytest.fixture
def run_file(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs a written file in this process and its own folder."""

    def run(path: Path, *arguments: str | Path) -> str:
        monkeypatch.chdir(path.parent)
        monkeypatch.setattr(sys, "argv", [path.name, *map(str, arguments)])
        capfd.readouterr()
        runpy.run_path(str(path), run_name="__main__")
        out, err = capfd.readouterr()
        assert not err
        return out

    return run


def accuracies(text: str) -> list[float]:
    """Return the test accuracies that a written file printed."""
    return [float(number) for number in re.findall(r"test loss .*?accuracy (.*?) %", text)]


def test_to_stdout_and_to_a_file(mnistspec: CommandLine, quick_spec: Path, tmp_path: Path) -> None:
    printed = mnistspec("code", quick_spec)
    assert printed.code == 0
    assert printed.out.startswith('"""quick\n\n1,434 parameters, 188,224 multiply-accumulates an image.\n')
    path = tmp_path / "out.py"
    written = mnistspec("code", quick_spec, "-o", path)
    assert (written.code, written.err) == (0, "")
    assert written.out == f"code: {path}, {len(path.read_text().splitlines())} lines\n"
    assert path.read_text() == printed.out
    assert json.loads(mnistspec("code", quick_spec, "--json").out) == {
        "name": "quick", "file": None, "code": printed.out,
    }  # fmt: skip


def test_refusals(mnistspec: CommandLine, quick_spec: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("layers: [convv: 8]\n")
    for arguments, words in (
        ([quick_spec, "-o", tmp_path / "no" / "x.py"], "there is no folder"),
        ([quick_spec, "-o", tmp_path / "x.txt"], "a name that ends with .py"),
        ([tmp_path / "bad.yaml"], 'did you mean "conv"?'),
        ([tmp_path / "none.yaml"], "No such file"),
    ):
        outcome = mnistspec("code", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err


def test_it_takes_the_weights_of_a_run(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.py"
    assert mnistspec("code", quick_run / "spec.yaml", "--set", "name=quick", "-o", path).code == 0
    model = runpy.run_path(str(path))["build_model"]()
    model.load_state_dict(load_file(quick_run / "model.safetensors"))
    images = torch.randn(7, 1, 28, 28)
    assert torch.equal(model.eval()(images), RunDir(quick_run).load_model().network(images))


def test_it_learns(mnistspec: CommandLine, run_file: Runner, small_mnist: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.py"
    settings = ("train.scheduler={onecycle: {max_lr: 0.1}}", "train.batch_size=32", "train.augment=[{rotation: 5}]")
    options = [option for setting in settings for option in ("--set", setting)]
    assert mnistspec("code", SPECS / "step2.yaml", *options, "-o", path).code == 0
    (accuracy,) = accuracies(run_file(path, "--data", small_mnist, "--epochs", "1", "--save", "weights.pt"))
    assert accuracy > 60  # of ten classes, after 32 batches; it was 71
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.py", "weights.pt"]
    model = runpy.run_path(str(path))["build_model"]()
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))


def test_a_holdout_without_augmentation_and_schedule(
    mnistspec: CommandLine, run_file: Runner, small_mnist: Path, tmp_path: Path
) -> None:
    path = tmp_path / "out.py"
    settings = ("--set", "train.holdout=300", "--set", "train.epochs=1")
    assert mnistspec("code", SPECS / "step2.yaml", *settings, "-o", path).code == 0
    code = path.read_text()
    assert "HOLDOUT = 300" in code
    assert "v2." not in code
    assert "lr_scheduler" not in code
    (accuracy,) = accuracies(run_file(path, "--data", small_mnist))
    assert abs(3 * accuracy - round(3 * accuracy)) < 0.02  # of 300 images


@pytest.mark.parametrize("weights", ["{3: 50, 8: 0.01}", "balanced"])
def test_it_weighs_classes(
    mnistspec: CommandLine, run_file: Runner, small_mnist: Path, tmp_path: Path, weights: str
) -> None:
    """Its first and only batch has all images that are learned from, so that their order makes no difference."""
    path = tmp_path / "out.py"
    changes = ("defaults=", "layers=[flatten, {fc: 10}]", "train.holdout=300", "train.seed=3", "train.batch_size=1000")
    settings = (*changes, f"train.class_weights={weights}")
    options = [option for setting in settings for option in ("--set", setting)]
    assert mnistspec("code", SPECS / "step2.yaml", *options, "-o", path).code == 0
    (loss,) = re.findall(r"train loss (\S+),", run_file(path, "--data", small_mnist, "--epochs", "1"))
    names = runpy.run_path(str(path))
    images, labels = names["load_data"](small_mnist, train=True)
    images, labels = (images[:-300] - images.mean()) / images.std(), labels[:-300]
    weight = torch.ones(10)
    if weights == "balanced":
        weight = len(labels) / (10 * labels.bincount())
    else:
        weight[3], weight[8] = 50, 0.01
    torch.manual_seed(3)
    logits = names["build_model"]()(images).detach()
    single = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    expected = (weight[labels] * single).sum() / weight[labels].sum()
    assert float(loss) == pytest.approx(float(expected), abs=2e-4)
    assert abs(float(single.mean() - expected)) > 1e-3 or weights == "balanced"


def test_idx_files(mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.py"
    mnistspec("code", quick_spec, "-o", path)
    images, labels = runpy.run_path(str(path))["load_data"](small_mnist, False)
    assert images.shape == (200, 1, 28, 28)
    assert (float(images.min()), float(images.max())) == (0, 1)
    assert labels[:4].tolist() == [7, 2, 1, 0]
