"""The state of a run on the disk: two checkpoints, each a file that checks itself, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mnistspec.errors import CorruptError
from mnistspec.files import TEMPORARY, remove
from mnistspec.runs.folder import PREDICTIONS
from mnistspec.runs.listing import count_epochs
from mnistspec.runs.models import Position, parse
from mnistspec.runs.weights import limit_bytes, load_tensors, save_tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from mnistspec.training.trainer import Training

Parts: TypeAlias = "dict[str, dict[str, torch.Tensor]]"

_PARTS = ("model", "best", "optimizer", "meter")


def save_checkpoint(folder: Path, training: Training, position: Position) -> None:
    """Write where a training is, then remove all but this checkpoint and the one before it."""
    parts = training.state_dict()
    tensors = {f"{part}/{name}": tensor for part, state in parts.items() for name, tensor in state.items()}
    path = folder / f"{training.epoch:05}-{training.step:07}.safetensors"
    save_tensors(path, tensors, position.as_data())
    before = [other for other in list_checkpoints(folder) if other < path]
    for other in list_checkpoints(folder):
        # One that is ahead was found damaged: the training would have resumed from it.
        if other not in {path, *before[:1]}:
            remove(other)


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the files of the checkpoints, newest first."""
    return sorted(folder.glob("*.safetensors"), reverse=True)


def find_checkpoint(folder: Path, params: int, warn: Callable[[str], None]) -> tuple[Parts, Position] | None:
    """Return the tensors and the position of the newest checkpoint that is whole, or None if there is none.

    A damaged one is warned of; raises CorruptError when all of them are damaged.
    """
    damaged: list[str] = []
    for path in list_checkpoints(folder):
        try:
            tensors, metadata = load_tensors(path, limit_bytes(params))
            position = parse(Position, metadata, path)
        except CorruptError as error:
            damaged.append(str(error))
            continue
        for message in damaged:
            warn(f"{message}; resuming from the checkpoint before it, {path.name}")
        return _by_part(tensors), position
    if damaged:
        raise CorruptError(
            f"no checkpoint is whole, so the run cannot be resumed; start a new one: {'; '.join(damaged)}"
        )
    return None


def load_checkpoint(training: Training, parts: Parts, position: Position) -> None:
    """Set a training to where a checkpoint was taken; raise ValueError for one that does not fit it."""
    if parts.keys() != set(_PARTS):
        raise ValueError(f"it has tensors that belong to none of {', '.join(_PARTS)}")
    epochs = [epoch.epoch for epoch in position.metrics]
    if epochs != list(range(1, len(epochs) + 1)):
        raise ValueError(f"its metrics are of the epochs {', '.join(map(str, epochs[:20]))}")
    training.load_state_dict(parts, metrics=position.metrics, step=position.step, seconds=position.seconds)


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


def list_traces(path: Path) -> list[Path]:
    """Return what only an epoch that was done leaves, and a run cannot resume from."""
    weights = [path / name for name in ("model.safetensors", "best.safetensors", PREDICTIONS)]
    epochs = [path / "metrics.csv"] if count_epochs(path) else []
    return [*epochs, *(file for file in weights if file.is_file())]


def refuse_links(path: Path) -> None:
    """Raise CorruptError for a run folder with a link in it: what is written there would be written elsewhere."""
    for entry in [*path.iterdir(), *path.glob("checkpoints/*")]:
        if entry.is_symlink():
            raise CorruptError(
                f"{entry}: refusing to follow a symlink: what is written there would be written elsewhere"
            )
