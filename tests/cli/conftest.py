"""A small piece of the real MNIST, and a run trained on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command_line import run_main

if TYPE_CHECKING:
    from pathlib import Path

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
    assert not run_main("train", folder / "quick.yaml", "--data-dir", small_mnist, "--runs", folder)
    (path,) = (folder / "quick").iterdir()
    return path
