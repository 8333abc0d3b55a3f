"""Run folders as figures: spec, status and result, read without torch and without the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistspec.errors import CorruptError, UsageError
from mnistspec.files import digest_file
from mnistspec.language.loader import Document, load_document
from mnistspec.runs.documents import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.language.spec import Spec

DONE, NOT_FINITE = "done", "not finite"
UNFINISHED = "unfinished"
_FIGURES = ("status", "epochs", "test_accuracy", "best_test_accuracy", "seconds", "targets")


@dataclass(frozen=True)
class Record:
    """A run: its folder, its spec with the network by arithmetic, and its result, which is None before it has ended."""

    path: Path
    document: Document
    result: dict[str, Any] | None

    @property
    def spec(self) -> Spec:
        """The spec that was trained, with every default filled in."""
        return self.document.spec

    @property
    def figures(self) -> dict[str, Any]:
        """The result of a run that has ended."""
        return self.result or {}

    @property
    def status(self) -> str:
        """How the run ended: done, not finite, or unfinished."""
        return str(self.result["status"]) if self.result else UNFINISHED


def read_record(path: Path) -> Record:
    """Return the run in a folder; raise UsageError where is none, CorruptError or SpecError where it is damaged."""
    if not (path / "resolved.yaml").is_file():
        raise UsageError(f"{path}: not a run folder: it has no resolved.yaml")
    record = Record(path, load_document(path / "resolved.yaml", extends=False), read_result(path))
    files = record.figures.get("files")
    if isinstance(files, dict) and files.get("resolved.yaml") != digest_file(path / "resolved.yaml"):
        raise CorruptError(f"{path / 'resolved.yaml'}: not the file that this run ended with")
    return record


def read_result(path: Path) -> dict[str, Any] | None:
    """Return the content of a run's result.json, or None if there is none yet."""
    file = path / "result.json"
    if not file.is_file():
        return None
    result = read_json(file)
    missing = [key for key in _FIGURES if key not in result]
    if missing:
        raise CorruptError(f"{file}: not a result that mnistspec wrote: it has no {missing[0]}")
    return result


def count_epochs(path: Path) -> int:
    """Return how many epochs a run has done, by the lines of its metrics.csv, which may be growing."""
    try:
        lines = (path / "metrics.csv").read_bytes().count(b"\n")
    except OSError:
        return 0
    return max(0, lines - 1)


def find_runs(path: Path) -> list[Path]:
    """Return the run folders at or below a path, but for hidden ones; raise UsageError if there is no such folder."""
    if not path.is_dir():
        raise UsageError(f"{path}: no such folder; give a run, a sweep or a folder of runs")
    if (path / "resolved.yaml").is_file():
        return [path]
    files = path.rglob("resolved.yaml")
    return sorted(
        file.parent for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
