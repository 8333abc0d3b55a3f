"""Tensors as safetensors files that check themselves; nothing here can run code."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from mnistspec.errors import CorruptError, UsageError
from mnistspec.runs.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1  # of every file in a run folder; a reader refuses any other
_KEY = "mnistspec"  # the only key of the file's metadata: safetensors writes several in an order that changes


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors and JSON metadata as one safetensors file, whole or not at all, with a SHA-256 over both inside."""
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = {"format": FORMAT, **metadata}
    text = json.dumps({**content, "sha256": _digest(contiguous, content)}, sort_keys=True)
    write_atomically(path, save(contiguous, metadata={_KEY: text}))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and metadata of a file of ``save_tensors``; raise CorruptError where it is damaged."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = json.loads((file.metadata() or {}).get(_KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, ValueError, OSError, RuntimeError, RecursionError) as error:
        raise CorruptError(f"{path}: damaged, or not a file that mnistspec wrote: {error}") from None
    if not isinstance(metadata, dict):
        raise CorruptError(f"{path}: not a file that mnistspec wrote: it has no {_KEY} metadata")
    check_format(metadata.get("format"), path)
    expected = metadata.pop("sha256", None)
    found = _digest(tensors, metadata)
    if found != expected:
        raise CorruptError(f"{path}: damaged: its content has the SHA-256 {found}, but {expected} was written")
    return tensors, metadata


def check_format(found: object, path: Path) -> None:
    """Raise CorruptError for a format version that this mnistspec cannot read."""
    if found != FORMAT:
        raise CorruptError(f"{path}: its format is {str(found)[:20]!r}, but this mnistspec reads format {FORMAT}")


def _digest(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> str:
    """Return the SHA-256 over metadata and over each tensor's name, type, shape and bytes."""
    digest = sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
