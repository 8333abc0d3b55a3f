"""What test processes do to themselves: note their steps, die at a point, send themselves signals."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mnistspec import files
from mnistspec.runs import execution, weights
from mnistspec.runs.folder import RunDir
from mnistspec.training import trainer
from mnistspec.views import painting

_PATCH = pytest.MonkeyPatch()  # never undone: the process ends


def paint_nothing() -> None:
    """Save the second that pictures take."""
    _PATCH.setattr(painting, "paint_run", lambda *_: None)


def keep_checkpoints() -> None:
    """Leave the last checkpoint of a run that has ended, for its optimizer."""
    _PATCH.setattr(execution.shutil, "rmtree", lambda *_, **__: None)  # type: ignore[attr-defined]  # the module's own import


def save_naively() -> None:
    """Save as one would at first: over what was there, in place."""
    for module in (files, weights):
        _PATCH.setattr(module, "write_atomically", lambda path, data: path.write_bytes(data))


def _wrap(
    owner: Any, name: str, before: Callable[..., object] | None, after: Callable[[], object] | None = None
) -> None:
    """Have something done before and after each call."""
    function = getattr(owner, name)

    def wrapper(*arguments: Any, **named: Any) -> Any:
        if before is not None:
            before(*arguments)
        result = function(*arguments, **named)
        if after is not None:
            after()
        return result

    _PATCH.setattr(owner, name, wrapper)


@dataclass(frozen=True)
class NoteSteps:
    """Append a byte to a file after each step, before it can be saved."""

    path: Path

    def __call__(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        _wrap(trainer.Training, "_take_step", None, lambda: os.write(descriptor, b"."))


@dataclass(frozen=True)
class DieAt:
    """Die, as by kill -9, at the n-th thing done to a file: halfway through a write, at a flush, around a rename."""

    count: int

    def __call__(self) -> None:
        counter = itertools.count(1)

        def step(*_: object) -> None:
            if next(counter) == self.count:
                os.kill(os.getpid(), signal.SIGKILL)

        def write_halves(path: Path, data: bytes) -> None:
            with path.open("wb", buffering=0) as file:
                file.write(data[: len(data) // 2])
                step()
                file.write(data[len(data) // 2 :])

        _PATCH.setattr(Path, "write_bytes", write_halves)
        _wrap(os, "fsync", step)
        _wrap(Path, "replace", step, step)
        _wrap(Path, "unlink", step)


@dataclass(frozen=True)
class SignalAt:
    """Send this process a signal at the n-th call of something in the program."""

    place: str  # step, test, paint, result, save
    signum: int
    count: int = 1

    def __call__(self) -> None:
        owner, name = {
            "step": (trainer.Training, "_take_step"),
            "test": (trainer, "evaluate"),
            "paint": (painting, "paint_run"),
            "result": (RunDir, "write_result"),
            "save": (execution, "save_checkpoint"),
        }[self.place]
        counter = itertools.count(1)

        def send(*_: object) -> None:
            if next(counter) == self.count:
                os.kill(os.getpid(), self.signum)

        _wrap(owner, name, send)
