"""JSON files that check themselves: the format version first, a SHA-256 over everything else last."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mnistspec.errors import CorruptError
from mnistspec.files import read_limited, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1  # of every file in a run folder; a reader refuses any other
MAX_JSON = 16 * 2**20  # the longest run, 10,000 epochs, takes a fifth of it


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


def seal(content: Mapping[str, Any], more: bytes = b"") -> dict[str, Any]:
    """Return the content with the format version and a SHA-256 over both and over ``more`` bytes."""
    formatted = {"format": FORMAT, **content}
    return {**formatted, "sha256": _digest(formatted, more)}


def unseal(content: object, path: Path, more: bytes = b"") -> dict[str, Any]:
    """Return the content of ``seal`` without the SHA-256; raise CorruptError where it is another format or damaged."""
    if not isinstance(content, dict):
        raise CorruptError(f"{path}: not a file that mnistspec wrote: it holds no JSON object")
    if content.get("format") != FORMAT:
        found = str(content.get("format"))[:20]
        raise CorruptError(f"{path}: its format is {found!r}, but this mnistspec reads format {FORMAT}")
    expected = content.pop("sha256", None)
    if _digest(content, more) != expected:
        raise CorruptError(f"{path}: damaged: its SHA-256 is not {str(expected)[:64]}, which was written into it")
    return content


def _digest(content: Mapping[str, Any], more: bytes) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode() + more).hexdigest()
