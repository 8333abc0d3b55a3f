"""The state of a run on the disk: two checkpoints, each a file that checks itself, written whole or not at all."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mnistspec.errors import CorruptError
from mnistspec.runs.files import TEMPORARY, remove
from mnistspec.runs.weights import load_tensors, save_tensors
from mnistspec.training.metrics import EpochMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import torch

    from mnistspec.training.trainer import Training

_KEPT = 2  # the newest, and the one before it should the newest be damaged
_PARTS = ("model", "optimizer", "meter")


def save_checkpoint(folder: Path, training: Training, resolved: str, environment: dict[str, Any]) -> None:
    """Write where a training is; ``resolved`` is the spec that it trains, which a resumed run is held against."""
    state = training.state_dict()
    tensors = {f"{part}/{name}": tensor for part in _PARTS for name, tensor in state[part].items()}
    metadata = {
        "metrics": [asdict(epoch) for epoch in training.metrics],
        "step": training.step,
        "seconds": training.seconds,
        "resolved": resolved,
        "data": training.data.digest,
        "environment": environment,
    }
    folder.mkdir(exist_ok=True)
    save_tensors(folder / f"{training.epoch:05}-{training.step:07}.safetensors", tensors, metadata)
    for path in sorted(folder.glob("*.safetensors"), reverse=True)[_KEPT:]:
        remove(path)


def find_checkpoint(
    folder: Path, warn: Callable[[str], None]
) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, Any]] | None:
    """Return the tensors and the metadata of the newest checkpoint that is whole, or None if there is none.

    A damaged one is warned of; raises CorruptError when all of them are damaged.
    """
    damaged: list[str] = []
    for path in _newest_first(folder):
        try:
            tensors, metadata = load_tensors(path)
        except CorruptError as error:
            damaged.append(str(error))
            continue
        for message in damaged:
            warn(f"{message}; going on from the checkpoint before it, {path.name}")
        return _by_part(tensors), metadata
    if damaged:
        raise CorruptError("no checkpoint is whole: " + "; ".join(damaged))
    return None


def load_checkpoint(training: Training, tensors: dict[str, dict[str, torch.Tensor]], metadata: dict[str, Any]) -> None:
    """Set a training to where a checkpoint was taken."""
    metrics = [EpochMetrics(**epoch) for epoch in metadata["metrics"]]
    training.load_state_dict(tensors, metrics=metrics, step=metadata["step"], seconds=metadata["seconds"])


def sweep_orphans(folder: Path) -> None:
    """Remove the halves of files that a kill left behind."""
    for path in [*folder.glob(f"*{TEMPORARY}"), *folder.glob(f"*/*{TEMPORARY}")]:
        remove(path)


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return sha256(text.encode()).hexdigest()


def _newest_first(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.safetensors"), reverse=True)


def _by_part(tensors: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    parts: dict[str, dict[str, torch.Tensor]] = {part: {} for part in _PARTS}
    for name, tensor in tensors.items():
        part, _, key = name.partition("/")
        if part in parts:
            parts[part][key] = tensor
    return parts
