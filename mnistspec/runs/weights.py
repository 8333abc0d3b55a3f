"""Tensors as safetensors files that check themselves; nothing here can run code."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from mnistspec.errors import CorruptError, UsageError
from mnistspec.files import read_limited, write_atomically
from mnistspec.runs.documents import METADATA, read_metadata, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SLACK = 256 * 2**20  # bytes for the header, and for what no parameter counts: batch norm's statistics, the meter
_BYTES_PER_PARAM = 24  # model, best model, three moments


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors and JSON metadata as one safetensors file, whole or not at all, with a SHA-256 over both inside."""
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(seal(metadata, _digest(contiguous)), sort_keys=True)
    write_atomically(path, save(contiguous, metadata={METADATA: text}))


def load_tensors(path: Path, max_bytes: int) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and metadata of a file of ``save_tensors``; raise CorruptError where it is damaged.

    A file that is larger than ``max_bytes`` is not read: it cannot be what it says.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    metadata = read_metadata(path)
    try:
        # From bytes: by its name, safetensors opens no file whose name is not UTF-8.
        tensors = load(read_limited(path, max_bytes))
    except (SafetensorError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise CorruptError(f"{path}: damaged, or not a file that mnistspec wrote: {error}") from None
    return tensors, unseal(metadata, path, _digest(tensors))


def limit_bytes(params: int) -> int:
    """Return how large a file of weights or a checkpoint can be for a network with this number of parameters."""
    return _SLACK + _BYTES_PER_PARAM * params


def _digest(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Return the SHA-256 over each tensor's name, type, shape and bytes."""
    digest = sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.digest()
