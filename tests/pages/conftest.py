"""A network that reads digits, trained in seconds, and the demo of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistspec.runs.folder import RunDir
from mnistspec.runs.trained import TrainedModel
from tests.browser import Complaints
from tests.command_line import run_main
from tests.pages.demo_server import start_demo
from tests.pages.leaves import TONES, write_leaves, write_spec
from tests.small_mnist import write_mnist

SPEC = """\
title: trained in seconds
layers:
  - conv: 8
  - relu
  - bn
  - maxpool
  - conv: 16
  - relu
  - maxpool
  - flatten
  - fc: 10
train:
  epochs: 3
  batch_size: 64
  optimizer: {adam: 0.005}
  scheduler: {onecycle: {max_lr: 0.01}}
"""


@pytest.fixture(scope="session")
def six_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first 6,000 training and 500 test images of MNIST."""
    return write_mnist(tmp_path_factory.mktemp("mnist"), 6000, 500)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, six_thousand: Path) -> Path:
    """The folder of a run that reads digits."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "reader.yaml").write_text(SPEC, encoding="utf-8")
    assert not run_main("train", folder / "reader.yaml", "--data-dir", six_thousand, "--runs", folder, "--threads", "1")
    (path,) = (folder / "reader").iterdir()
    return path


def train_leaves(folder: Path, tones: dict[str, tuple[int, int, int]], epochs: int) -> Path:
    """Return the folder of a run with coloured pictures."""
    write_leaves(folder / "leaves", tones)
    spec = write_spec(folder / "plants.yaml", classes=len(tones))
    assert not run_main("train", spec, "--runs", folder / "runs", "--threads", "1", "--epochs", str(epochs))
    (path,) = (folder / "runs" / "plants").iterdir()
    return path


@pytest.fixture(scope="session")
def leaves_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that tells coloured pictures apart."""
    return train_leaves(tmp_path_factory.mktemp("coloured"), TONES, 6)


@pytest.fixture(scope="session")
def confused_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with 14 classes of two tones each, which makes mistakes."""
    tones = {f"{name} {number}": tone for name, tone in [*TONES.items()][:2] for number in range(1, 8)}
    return train_leaves(tmp_path_factory.mktemp("confused"), tones, 1)


@pytest.fixture(scope="session")
def model(run: Path) -> TrainedModel:
    """The network of that run."""
    return RunDir(run).load_model()


@pytest.fixture(scope="session")
def address(run: Path, six_thousand: Path) -> Iterator[str]:
    """The address of a demo with two networks: that of the last epoch of the run, twice."""
    with start_demo(run, run, "--data-dir", six_thousand) as url:
        yield url


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What goes wrong on the pages of a test; there may be none when it ends."""
    heard = Complaints()
    yield heard
    assert heard == []
