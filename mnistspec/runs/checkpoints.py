"""The state of a run on the disk: two checkpoints, each a file that checks itself, written whole or not at all."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from mnistspec.errors import CorruptError
from mnistspec.files import TEMPORARY, remove
from mnistspec.runs.weights import load_tensors, save_tensors
from mnistspec.training.metrics import EpochMetrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from mnistspec.training.trainer import Training

Parts: TypeAlias = "dict[str, dict[str, torch.Tensor]]"

_PARTS = ("model", "best", "optimizer", "meter")
_SLACK = 256 * 2**20  # bytes for the header, and for what no parameter counts: batch norm's statistics, the meter
_BYTES_PER_PARAM = 24  # model, best model, three moments


def save_checkpoint(folder: Path, training: Training, metadata: dict[str, Any]) -> None:
    """Write where a training is, then remove all but this checkpoint and the one before it."""
    parts = training.state_dict()
    tensors = {f"{part}/{name}": tensor for part, state in parts.items() for name, tensor in state.items()}
    position = {
        "metrics": [asdict(epoch) for epoch in training.metrics],
        "step": training.step,
        "seconds": training.seconds,
    }
    path = folder / f"{training.epoch:05}-{training.step:07}.safetensors"
    save_tensors(path, tensors, {**metadata, **position})
    before = [other for other in list_checkpoints(folder) if other < path]
    for other in list_checkpoints(folder):
        # One that is ahead was found damaged: the training would have gone on from it.
        if other not in {path, *before[:1]}:
            remove(other)


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the files of the checkpoints, newest first."""
    return sorted(folder.glob("*.safetensors"), reverse=True)


def limit_bytes(params: int) -> int:
    """Return how large a file of weights or a checkpoint can be for a network with so many parameters."""
    return _SLACK + _BYTES_PER_PARAM * params


def find_checkpoint(folder: Path, params: int, warn: Callable[[str], None]) -> tuple[Parts, dict[str, Any]] | None:
    """Return the tensors and the metadata of the newest checkpoint that is whole, or None if there is none.

    A damaged one is warned of; raises CorruptError when all of them are damaged.
    """
    damaged: list[str] = []
    for path in list_checkpoints(folder):
        try:
            tensors, metadata = load_tensors(path, limit_bytes(params))
        except CorruptError as error:
            damaged.append(str(error))
            continue
        for message in damaged:
            warn(f"{message}; going on from the checkpoint before it, {path.name}")
        return _by_part(tensors), metadata
    if damaged:
        raise CorruptError(f"no checkpoint is whole, so the run cannot go on; start a new one: {'; '.join(damaged)}")
    return None


def load_checkpoint(training: Training, parts: Parts, metadata: dict[str, Any]) -> None:
    """Set a training to where a checkpoint was taken; raise ValueError for one that does not fit it."""
    rows, step, seconds = (metadata.get(key) for key in ("metrics", "step", "seconds"))
    if not isinstance(rows, list) or type(step) is not int or type(seconds) is not float or not 0 <= seconds < math.inf:
        raise ValueError("its position is missing")
    if parts.keys() != set(_PARTS):
        raise ValueError(f"it has tensors that belong to none of {', '.join(_PARTS)}")
    metrics = [EpochMetrics.from_data(row, epoch) for epoch, row in enumerate(rows, start=1)]
    training.load_state_dict(parts, metrics=metrics, step=step, seconds=seconds)


def sweep_orphans(folder: Path) -> None:
    """Remove the halves of files that a kill left behind."""
    for path in [*folder.glob(f"*{TEMPORARY}"), *folder.glob(f"checkpoints/*{TEMPORARY}")]:
        remove(path)


def _by_part(tensors: dict[str, torch.Tensor]) -> Parts:
    parts: Parts = {part: {} for part in _PARTS}
    for name, tensor in tensors.items():
        part, _, key = name.partition("/")
        parts.setdefault(part, {})[key] = tensor
    return parts
