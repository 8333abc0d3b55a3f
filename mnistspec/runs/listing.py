"""What a look at folders tells without opening their runs: where they are, how far they are, what a sweep lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.errors import UsageError
from mnistspec.runs.documents import read_json
from mnistspec.runs.models import SweepTable, parse

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.runs.models import SweepRow


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


def read_sweep(folder: Path) -> list[SweepRow]:
    """Return the rows of a folder's sweep.json, none without such a file; raise CorruptError where it is damaged."""
    path = folder / "sweep.json"
    return parse(SweepTable, read_json(path), path).runs if path.is_file() else []
