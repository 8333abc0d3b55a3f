"""A run that holds images out says so wherever a figure of it stands, and calls none of them a test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mnistspec.views import painting
from tests.command_line import CommandLine
from tests.needs import need_module

SPEC = """\
layers: [conv: 8, relu, maxpool, bn, gap, fc: 10]
train: {epochs: 2, batch_size: 50, holdout: 200, optimizer: {adam: 0.02}}
targets: {min_test_accuracy: 1, last_epochs: 2, min_macro_f1: 1}
"""
# Targets as the spec names them, the data set's own test images, and the seconds that measuring took.
ALLOWED = re.compile(r'min_test_accuracy on the held-out images|min_test_accuracy: 1|"test": [\d.]+')


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The titles of the pictures of a run, or what they say that they were measured on."""
    found: dict[str, str] = {}

    def note(name: str, draw: Any) -> Any:
        def drawn(*arguments: Any, **more: Any) -> Any:
            found[name] = f"{more['title']} {more.get('measured', '')}"
            return draw(*arguments, **more)

        return drawn

    for name in ("draw_run", "draw_confusion", "draw_mistakes"):
        monkeypatch.setattr(painting, name, note(name, getattr(painting, name)))
    return found


def test_held_out_images_are_no_test(
    mnistspec: CommandLine, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, titles: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SPEC, encoding="utf-8")
    trained = mnistspec("train", "s.yaml", "--data-dir", small_mnist)
    assert trained.code == 0, trained.err
    (run,) = Path("runs/s").iterdir()
    texts = {
        "train": trained.out + trained.err,
        "metrics.csv": (run / "metrics.csv").read_text(encoding="utf-8"),
        "result.json": (run / "result.json").read_text(encoding="utf-8"),
        "compare": mnistspec("compare", "runs").out,
        "compare --csv": mnistspec("compare", "runs", "--csv").out,
        "compare --json": mnistspec("compare", "runs", "--json").out,
        "export": mnistspec("export", run, "-o", "s.safetensors", "--json").out,
        "sweep": mnistspec("sweep", "s.yaml", "--data-dir", small_mnist, "--runs", "runs").err,
        "sweep.csv": Path("runs/sweep.csv").read_text(encoding="utf-8"),
    }
    assert mnistspec("report", "runs", "-o", "r.md").code == 0
    texts["report"] = Path("r.md").read_text(encoding="utf-8").replace("\\", "").partition("Commands:")[0]
    for where, text in texts.items():
        assert not re.search(r"(?i)(?<![a-z])tests?(?![a-z])", ALLOWED.sub("", text)), where
    assert "held-out accuracy" in texts["train"]
    assert (
        "target met: min_test_accuracy on the held-out images in each of the last 2 epochs 1.0, got" in texts["train"]
    )
    assert "target met: min_macro_f1 on the held-out images 1.0, got" in texts["train"]
    assert titles == {
        "draw_run": "s held-out", "draw_confusion": "s (held-out images) ", "draw_mistakes": "s (held-out images) "
    }  # fmt: skip
    assert "holdout_accuracy" in json.loads(texts["export"])["card"]


def test_the_log_for_tensorboard(
    mnistspec: CommandLine, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_module("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415 - an extra

    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SPEC, encoding="utf-8")
    mnistspec("train", "s.yaml", "--data-dir", small_mnist, "--tensorboard", "log")
    (file,) = Path("log").rglob("events*")
    log = EventAccumulator(str(file))
    log.Reload()
    assert {tag for tag in log.Tags()["scalars"] if "accuracy" in tag} == {"train/accuracy", "held-out/accuracy"}
