"""A small piece of MNIST, specs that train in a moment, the command line in this process and in others."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.command_line import CommandLine, Outcome, run_main
from tests.robustness.hooks import paint_nothing
from tests.robustness.processes import Child, Hook
from tests.small_mnist import write_mnist

TRAIN, TEST = 160, 40
SPEC = """\
layers:
  - conv: 4
  - bn
  - relu
  - maxpool
  - dropout: 0.1
  - conv: {out_channels: 6, stride: 2}
  - relu
  - gap
  - fc: 10
train:
  epochs: 2
  batch_size: 32
  optimizer: {sgd: {lr: 0.1, momentum: 0.9, nesterov: true}}
  scheduler: {onecycle: {max_lr: 0.2}}
  augment: [rotation: 5]
"""
STEPS = TRAIN // 32


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few images of MNIST as IDX files."""
    return write_mnist(tmp_path_factory.mktemp("mnist"), TRAIN, TEST)


@dataclass
class Bench:
    """A place to train in: a folder for runs, the small data, and ways to run the program."""

    path: Path
    data_dir: Path
    in_process: CommandLine
    children: list[Child] = field(default_factory=list)

    def write_spec(self, text: str = SPEC, name: str = "small") -> Path:
        path = self.path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def runs(self) -> list[Path]:
        """The run folders, oldest first."""
        return sorted((self.path / "runs").glob("*/*"), key=lambda path: path.stat().st_ctime_ns)

    def arguments(self, *arguments: str | Path) -> list[str | Path]:
        """Return what ``mnistspec train`` is called with: a spec or --resume, and more."""
        where: list[str | Path] = [] if "--resume" in arguments else ["--runs", self.path / "runs"]
        return ["train", *arguments, "--data-dir", self.data_dir, *where]

    def train(self, *arguments: str | Path) -> Outcome:
        """Train in this process, without pictures."""
        return self.in_process(*self.arguments(*arguments))

    def start(self, *arguments: str | Path, hooks: Sequence[Hook] = (), paint: bool = False) -> Child:
        """Start a training in a process of its own."""
        hooks = hooks if paint else (paint_nothing, *hooks)
        output = self.path / f"output{len(self.children)}.txt"
        self.children.append(Child(output, *self.arguments(*arguments), hooks=hooks))
        return self.children[-1]


@pytest.fixture
def bench(tmp_path: Path, data_dir: Path, mnistspec: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A place to train in."""
    monkeypatch.setattr("mnistspec.views.painting.paint_run", lambda *_: None)
    return Bench(tmp_path, data_dir, mnistspec)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """The folder of a run that has ended; tests copy it before they change it."""
    return _train(tmp_path_factory.mktemp("finished"), data_dir)


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """The folder of a run that was killed after its last epoch, before its result, with two checkpoints."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mnistspec.runs.execution.Execution._finish", stop)
        return _train(tmp_path_factory.mktemp("stopped"), data_dir)


@pytest.fixture
def finished_copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of a run that has ended."""
    return Path(shutil.copytree(finished, tmp_path / "finished"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """An image file that shows a one."""
    image = Image.new("L", (28, 28))
    image.paste(255, (12, 4, 16, 24))
    image.save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.fixture
def stopped_copy(stopped: Path, tmp_path: Path) -> Path:
    """A copy of a run that was killed after its last epoch, before its result."""
    return Path(shutil.copytree(stopped, tmp_path / "stopped"))


def _train(folder: Path, data_dir: Path) -> Path:
    (folder / "small.yaml").write_text(SPEC, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mnistspec.views.painting.paint_run", lambda *_: None)
        with contextlib.suppress(KeyboardInterrupt):  # the run that is stopped
            run_main("train", folder / "small.yaml", "--data-dir", data_dir, "--runs", folder)
    (path,) = (folder / "small").iterdir()
    return path
