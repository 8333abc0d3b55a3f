"""What test processes do to themselves: note their steps, die at a point, send themselves signals."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnistspec.runs import checkpoints, execution, files, weights
from mnistspec.training import trainer
from mnistspec.views import painting


def paint_nothing() -> None:
    """Save the second that pictures take."""
    painting.paint_run = lambda *_: None


def keep_checkpoints() -> None:
    """Leave the last checkpoint of a run that has ended, for its optimizer."""
    execution.shutil.rmtree = lambda *_, **__: None


def save_naively() -> None:
    """Save as one would at first: over what was there, in place."""

    def write(path: Path, data: bytes) -> None:
        path.write_bytes(data)

    files.write_atomically = weights.write_atomically = write


@dataclass(frozen=True)
class NoteSteps:
    """Append a byte to a file after each step, before it can be saved."""

    path: Path

    def __call__(self) -> None:
        take_step = trainer.Training._take_step
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def noting(training: trainer.Training, batch: Any) -> None:
            take_step(training, batch)
            os.write(descriptor, b".")

        trainer.Training._take_step = noting


@dataclass(frozen=True)
class DieAt:
    """Die, as by kill -9, at the n-th thing that is done to a file: halfway through a write, before a flush, around a rename."""

    count: int

    def __call__(self) -> None:
        self._seen = 0
        write_bytes, fsync, replace, unlink = Path.write_bytes, os.fsync, Path.replace, Path.unlink

        def writing(path: Path, data: bytes) -> int:
            if self._comes():
                write_bytes(path, data[: len(data) // 2])
                self._die()
            return write_bytes(path, data)

        def flushing(descriptor: int) -> None:
            self._step()
            fsync(descriptor)

        def replacing(path: Path, target: Path) -> Path:
            self._step()
            moved = replace(path, target)
            self._step()
            return moved

        def unlinking(path: Path, **arguments: Any) -> None:
            self._step()
            unlink(path, **arguments)

        Path.write_bytes, os.fsync, Path.replace, Path.unlink = writing, flushing, replacing, unlinking
