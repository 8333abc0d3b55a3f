"""What a look at folders tells without opening their runs: where they are, how far they are, what a sweep lists."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mnistspec.errors import UsageError
from mnistspec.runs.documents import FORMAT, read_json
from mnistspec.runs.models import Count, Figures, Model, parse, without
from mnistspec.training.metrics import Duration, Percent  # noqa: TC001 - pydantic reads them when it runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class SweepRow(Figures):
    """A run of a sweep."""

    named: ClassVar[tuple[str, ...]] = ("accuracy", "best_accuracy")

    id: str
    spec: str
    settings: dict[str, str]
    seed: Count
    data_digest: str | None = None
    status: str
    accuracy: Percent | None
    best_accuracy: Percent | None
    epochs: Count
    seconds: Duration | None
    folder: str | None
    message: str

    def as_row(self) -> dict[str, Any]:
        """Return the row as it stands in the table, which has the format."""
        return without(self.as_data(), "format")


class SweepTable(Model):
    """sweep.json: the runs of all grids that were trained in a folder."""

    runs: list[SweepRow]

    @classmethod
    def from_data(cls, content: Mapping[str, Any]) -> Self:
        """Return the table, each row with the figures that it was measured by."""
        rows = content.get("runs")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return super().from_data(content)
        return super().from_data({**content, "runs": [SweepRow.from_data(row) for row in rows]})

    def as_data(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {"format": FORMAT, "runs": [row.as_row() for row in self.runs]}

    def as_csv(self) -> str:
        """Return the rows as CSV, settings in one column."""
        rows = [row.as_row() for row in self.runs]
        columns = dict.fromkeys(key for row in rows for key in row)  # some may be of the test set, others held-out
        text = io.StringIO()
        writer = csv.DictWriter(text, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {**row, "settings": "; ".join(f"{key}={value}" for key, value in row["settings"].items())} for row in rows
        )
        return text.getvalue()


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
        what = "not a folder" if path.exists() else "no such folder"
        raise UsageError(f"{path}: {what}; give a run, a sweep or a folder of runs")
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
