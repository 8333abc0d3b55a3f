"""A command line that runs in this process, a small piece of the real MNIST, and a run trained on it."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from mnistspec.cli import main
from mnistspec.data.datasets import load_dataset

if TYPE_CHECKING:
    from torch import Tensor

QUICK = """\
layers:
  - conv: 8
  - bn
  - relu
  - maxpool
  - conv: 16
  - relu
  - dropout: 0.05
  - gap
  - fc: 10
train: {epochs: 2, batch_size: 50, optimizer: {adam: 0.02}, augment: [rotation: 5]}
targets: {max_params: 2000, min_test_accuracy: 1, last_epochs: 2}
"""


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


class CommandLine(Protocol):
    """Runs ``mnistspec`` with arguments."""

    def __call__(self, *arguments: str | Path) -> Outcome: ...


@pytest.fixture
def mnistspec(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, in this process."""

    def run(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["mnistspec", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Outcome(int(ended.value.code or 0), out, err)

    return run


def _write(folder: Path, prefix: str, images: Tensor, labels: Tensor) -> None:
    count = len(labels)
    pixels = struct.pack(">I3I", 0x0803, count, 28, 28) + images.numpy().tobytes()
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(pixels)
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x0801, count) + bytes(labels.tolist()))


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first 1,000 training and 200 test images of MNIST as IDX files."""
    folder = tmp_path_factory.mktemp("mnist")
    data = load_dataset("mnist")
    _write(folder, "train", data.train_images[:1000], data.train_labels[:1000])
    _write(folder, "t10k", data.test_images[:200], data.test_labels[:200])
    return folder


@pytest.fixture
def quick_spec(tmp_path: Path) -> Path:
    """A spec that trains in a second."""
    path = tmp_path / "quick.yaml"
    path.write_text(QUICK, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory: pytest.TempPathFactory, small_mnist: Path) -> Path:
    """The folder of a run that has ended."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "quick.yaml").write_text(QUICK, encoding="utf-8")
    arguments = [
        "mnistspec",
        "train",
        str(folder / "quick.yaml"),
        "--data-dir",
        str(small_mnist),
        "--runs",
        str(folder),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    (path,) = (folder / "quick").iterdir()
    return path
