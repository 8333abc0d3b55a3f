"""Files that a command is asked to write."""

from __future__ import annotations

from pathlib import Path

from mnistspec.errors import UsageError


def check_output(path: Path, *suffixes: str) -> Path:
    """Return the path of a file to be written; raise UsageError, before anything is computed, where it cannot be."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; give the name of a file")
    if suffixes and path.suffix.lower() not in suffixes:
        raise UsageError(f"{path}: give it a name that ends with {' or '.join(suffixes)}")
    return path
