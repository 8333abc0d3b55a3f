"""``mnistspec export``: the files say what the model says, carry its card, and are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from mnistspec.data.dataset import load_dataset
from mnistspec.export import onnx
from mnistspec.runs.folder import RunDir
from tests.command_line import CommandLine
from tests.needs import need_module
from tests.small_mnist import write_mnist


def read_card(path: Path) -> dict[str, str]:
    """Return the metadata of an ONNX file."""
    onnx = need_module("onnx")
    model = onnx.load(str(path))
    onnx.checker.check_model(model)
    return {entry.key: entry.value for entry in model.metadata_props}


def run_onnx(path: Path, images: torch.Tensor) -> torch.Tensor:
    """Return the logits of an ONNX file for its inputs."""
    session = need_module("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])


def test_onnx_takes_pixels(mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path) -> None:
    need_module("onnxscript")
    path = tmp_path / "quick.onnx"
    outcome = mnistspec("export", quick_run, "--onnx", path, "--normalize", "--data-dir", small_mnist)
    assert (outcome.code, outcome.err) == (0, "")
    assert "takes pixels in [0, 1]" in outcome.out
    assert "the same predictions for all 200 test images" in outcome.out
    model = RunDir(quick_run).load_model()
    data = load_dataset("mnist", data_dir=small_mnist)
    for count in (1, 3):  # a batch of any size
        logits = run_onnx(path, data.test_images[:count].float() / 255)
        assert torch.allclose(logits.softmax(1), model.predict(data.test_images[:count]), atol=1e-5)
    card = read_card(path)
    assert card["name"] == "quick"
    assert card["parameters"] == "1434"
    assert card["data_sha256"] == data.digest
    assert float(card["test_accuracy"]) == RunDir(quick_run).figures.accuracy
    assert "in [0, 1], light ink on black" in card["input"]
    assert b"/home" not in path.read_bytes()
    assert b".py" not in path.read_bytes()  # the exporter would note where the network's code lies


@pytest.mark.slow
def test_onnx_takes_normalised_pixels(
    mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path
) -> None:
    need_module("onnxscript")
    arguments = ("export", quick_run, "--onnx", tmp_path / "a.onnx", "--best", "--data-dir", small_mnist, "--json")
    outcome = mnistspec(*arguments)
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    assert report["onnx"]["differing_predictions"] == 0
    assert report["onnx"]["largest_difference"] < 1e-4
    assert report["onnx"]["images"] == 200
    assert report["card"]["weights"] == "best epoch on the test set"
    content = (tmp_path / "a.onnx").read_bytes()
    assert mnistspec(*arguments).code == 0
    assert (tmp_path / "a.onnx").read_bytes() == content
    images = torch.randn(2, 1, 28, 28)
    expected = RunDir(quick_run).load_model("best").network(images)
    assert torch.allclose(run_onnx(tmp_path / "a.onnx", images), expected, atol=1e-4)


def test_safetensors(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "quick.safetensors"
    outcome = mnistspec("export", quick_run, "--safetensors", path)
    assert (outcome.code, outcome.err) == (0, "")
    expected = RunDir(quick_run).load_model().network.state_dict()
    tensors = load_file(path)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    with safe_open(path, framework="pt") as file:
        card = json.loads(file.metadata()["mnistspec"])
    assert (card["name"], card["parameters"], card["epoch"]) == ("quick", 1434, 2)


def test_other_data_is_told_of(mnistspec: CommandLine, quick_run: Path, tmp_path: Path, monkeypatch: Any) -> None:
    need_module("onnxscript")
    monkeypatch.setattr(onnx, "_compile", lambda *_args, **_kwargs: b"")
    monkeypatch.setattr(onnx, "_check", lambda *_args, **_kwargs: onnx.OnnxCheck(10, 0, 0.0, 90.0))
    other = write_mnist(tmp_path, 100, 100)
    outcome = mnistspec("export", quick_run, "--onnx", tmp_path / "a.onnx", "--data-dir", other)
    assert outcome.code == 0
    assert "these are other files of mnist than those that the run was made with" in outcome.err


def test_a_file_that_predicts_otherwise_is_not_written(
    mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_module("onnxscript")
    compile_ = onnx._compile

    def spoil(model: Any, card: dict[str, Any], *, normalized: bool) -> bytes:
        changed = RunDir(quick_run).load_model()
        with torch.no_grad():
            next(changed.network.parameters()).mul_(-1)
        assert changed is not model
        return compile_(changed, card, normalized=normalized)

    monkeypatch.setattr(onnx, "_compile", spoil)
    outcome = mnistspec("export", quick_run, "--onnx", tmp_path / "a.onnx", "--data-dir", small_mnist)
    assert (outcome.code, outcome.out) == (1, "")
    assert "not written: with onnxruntime" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_missing_packages(
    mnistspec: CommandLine, quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "find_spec", lambda name: None if name == "onnxscript" else object())
    for option, name in (("--onnx", "a.onnx"), ("--page", "a.html")):
        outcome = mnistspec("export", quick_run, option, tmp_path / name)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.endswith("mnistspec: ONNX needs onnxscript: pip install 'mnistspec[onnx]'\n")
        assert "fetching" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_refusals(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ([quick_run], "-o FILE.onnx, -o FILE.safetensors or -o FILE.html"),
        ([quick_run, "--safetensors", tmp_path / "a", "--normalize"], "--normalize is for ONNX"),
        ([quick_run, "--onnx", tmp_path], "this is a folder"),
        ([quick_run, "--onnx", tmp_path / "no" / "a.onnx"], "there is no folder"),
        ([tmp_path, "--safetensors", tmp_path / "a"], "not a run folder"),
    ):
        outcome = mnistspec("export", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err
    assert list(tmp_path.iterdir()) == []
