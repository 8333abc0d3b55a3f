"""JSON that checks itself, in files and in weights: the format first, a SHA-256 over everything else last."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mnistspec.errors import CorruptError
from mnistspec.files import read_limited, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 2  # of every file that is written; docs/run-folder.md says what each holds
FORMATS = (1, 2)  # that are read
MAX_JSON = 16 * 2**20  # the longest run, 10,000 epochs, takes a fifth of it
METADATA = "mnistspec"  # the only key of a safetensors file's metadata: several are written in an order that changes
_LENGTH = 8  # bytes at its beginning that say how long the header is


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    write_text(path, json.dumps(seal(content), indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object that ``write_json`` wrote; raise CorruptError for anything else."""
    try:
        content = json.loads(read_limited(path, MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise CorruptError(f"{path}: not JSON that mnistspec wrote: {error}") from None
    return unseal(content, path)


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a safetensors file of ours without its tensors, so that its SHA-256 is not checked."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH), "little")
            if length > MAX_JSON:
                raise ValueError(f"its header says that it has {length:,} bytes")  # noqa: TRY301 - caught with the rest
            header: dict[str, Any] = json.loads(file.read(length))
        content = json.loads(header["__metadata__"][METADATA])
    except (ValueError, OSError, RecursionError, LookupError, TypeError) as error:
        raise CorruptError(f"{path}: damaged, or not a file that mnistspec wrote: {error}") from None
    return check_format(content, path)


def find_digest(folder: Path) -> str | None:
    """Return the digest of a run's data from the header of its weights, or of a checkpoint."""
    checkpoints = list(folder.glob("checkpoints/*.safetensors"))
    for path in (folder / "model.safetensors", folder / "best.safetensors", *checkpoints):
        try:
            metadata = read_metadata(path) if path.is_file() else {}
        except CorruptError:
            continue  # whoever reads the tensors reports it
        digest = metadata.get("data" if path in checkpoints else "data_digest")
        if isinstance(digest, str):
            return digest
    return None


def seal(content: Mapping[str, Any], more: bytes = b"") -> dict[str, Any]:
    """Return the content with the format version and a SHA-256 over both and over ``more`` bytes."""
    formatted = {"format": FORMAT, **content}
    return {**formatted, "sha256": _digest(formatted, more)}


def unseal(content: object, path: Path, more: bytes = b"") -> dict[str, Any]:
    """Return the content of ``seal`` without the SHA-256; raise CorruptError where it is another format or damaged."""
    sealed = check_format(content, path)
    expected = sealed.pop("sha256", None)
    if _digest(sealed, more) != expected:
        raise CorruptError(f"{path}: damaged: its SHA-256 is not {str(expected)[:64]}, which was written into it")
    return sealed


def check_format(content: object, path: Path) -> dict[str, Any]:
    """Return a JSON object of a format that is read; raise CorruptError for anything else."""
    if not isinstance(content, dict):
        raise CorruptError(f"{path}: not a file that mnistspec wrote: it holds no JSON object")
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # half of a surrogate pair, which could not be printed, say
        raise CorruptError(f"{path}: not a file that mnistspec wrote: {error}") from None
    if type(content.get("format")) is not int or content["format"] not in FORMATS:
        found = str(content.get("format"))[:20]
        known = " and ".join(map(str, FORMATS))
        raise CorruptError(f"{path}: its format is {found!r}, but this mnistspec reads the formats {known}")
    return content


def _digest(content: Mapping[str, Any], more: bytes) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode() + more).hexdigest()
