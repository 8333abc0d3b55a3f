"""Promises 9 and 10: neither a spec nor a run folder runs code."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from mnistspec.data.dataset import load_dataset
from tests.places import PACKAGE, ROOT
from tests.robustness.conftest import Bench
from tests.robustness.payloads import PAYLOADS, SETTINGS

# Runs in a process of its own, since an audit hook stays: notes what loading a spec makes Python do.
AUDIT = """
import json, sys
from pathlib import Path
from mnistspec.errors import MnistspecError
from mnistspec.language.loader import load_document
from tests.robustness.payloads import PAYLOADS, SETTINGS

HARMLESS = {"object.__getattr__", "object.__setattr__", "sys._getframe", "builtins.id", "os.listdir", "os.scandir"}
seen, watching = [], False

def hook(event, arguments):
    if watching and event not in HARMLESS:
        seen.append((event, [str(argument)[:80] for argument in arguments]))

def load(text, settings=()):
    path = Path("spec.yaml")
    path.write_bytes(text.encode())
    global watching
    watching = True
    try:
        load_document(path, settings).spec.as_yaml()
        return True
    except MnistspecError:
        return False
    finally:
        watching = False

good, bad = "layers: [conv: 10, gap]\\n", "layers: [cnov: 10, gpa: {a: 1}]\\n"
for text in (good, bad):  # what is imported when it is first needed, is imported now
    load(text)
sys.addaudithook(hook)
valid = sum(load(text) for text in PAYLOADS) + sum(load(good, [setting]) for setting in SETTINGS)
print(json.dumps({"valid": valid, "tried": len(PAYLOADS) + len(SETTINGS), "seen": seen}))
"""


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND  # flags of an open without a mode


def test_a_spec_runs_no_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AUDIT], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["tried"] == len(PAYLOADS) + len(SETTINGS) > 800
    assert 0 < found["valid"] < found["tried"] / 4  # a title may say anything
    for event, arguments in found["seen"]:
        # Nothing but opening files to read them: the spec, and what it extends.
        assert event == "open", (event, arguments)
        _, mode, flags = arguments
        is_read = mode in {"r", "rb"} if mode != "None" else not int(flags) & _WRITES
        assert is_read, arguments
    assert not (tmp_path / "pwned").exists()


class Planted:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.path,))  # type: ignore[return-value]  # all that matters is that it is called


def plant(path: Path, mark: Path, kind: str) -> None:
    """Write a file that leaves a mark when it is unpickled."""
    if kind == "torch":
        torch.save(Planted(mark), path)
    elif kind == "old torch":
        torch.save(Planted(mark), path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(Planted(mark)))


@pytest.mark.parametrize("kind", ["torch", "old torch", "pickle"])
def test_a_planted_pickle_is_refused(finished_copy: Path, stopped_copy: Path, bench: Bench, kind: str) -> None:
    mark = bench.path / "mark"
    plant(bench.path / "proof", mark, kind)
    for folder in (finished_copy, stopped_copy):
        for name in ("model.safetensors", "best.safetensors", "model.pt", "best.pth", "resolved.pkl"):
            plant(folder / name, mark, kind)
    for checkpoint in stopped_copy.glob("checkpoints/*"):
        shutil.copy(bench.path / "proof", checkpoint)
    shutil.copy(bench.path / "proof", stopped_copy / "checkpoints" / "00009-0000000.pt")
    proof, picture = bench.path / "proof", bench.path / "seven.png"
    Image.fromarray(load_dataset("mnist").test_images[0][0].numpy()).save(picture)
    for command in (
        ("predict", finished_copy, picture),
        ("predict", finished_copy, "--best", picture),
        ("evaluate", finished_copy, "--data-dir", bench.data_dir),
        ("train", "--resume", stopped_copy, "--data-dir", bench.data_dir),
    ):
        outcome = bench.in_process(*command)
        assert outcome.code == 4
        assert "damaged, or not a file that mnistspec wrote" in outcome.err
    assert not mark.exists()
    torch.load(proof, weights_only=False) if kind != "pickle" else pickle.loads(proof.read_bytes())  # noqa: S301 - the proof
    assert mark.exists(), "the pickle would have worked"


def test_nothing_that_unpickles_is_called_in_the_package() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in (
            "torch.load(",
            "pickle.",
            "import pickle",
            "allow_pickle=True",
            "eval(",
            "exec(",
            "yaml.load",
            "__import__",
            "shell=True",
        ):
            found = text.replace(".eval(", "").replace("_eval(", "")
            assert word not in found, f"{path}: {word}"
