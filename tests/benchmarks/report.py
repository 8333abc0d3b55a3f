"""The measurements as a table with what they were measured on, as JSON, and in docs/speed.md."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mnistspec.wording import plural
from tests.benchmarks.measurement import count_cores
from tests.benchmarks.rows import Measurement, Row
from tests.places import ROOT

SPEED = ROOT / "docs" / "speed.md"
BLOCK = re.compile(r"(?<=<!-- benchmark: python -m tests\.benchmarks -->\n).*?(?=<!-- end of benchmark -->)", re.DOTALL)
_PACKAGES = ("mnistspec", "torch", "torchvision", "lightning")


def name_processor() -> str:
    """Return the processor's name as the system gives it."""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    info = Path("/proc/cpuinfo")
    names = (
        re.findall(r"^model name\s*: (.*)$", info.read_text(encoding="utf-8"), re.MULTILINE) if info.exists() else []
    )
    return names[0].strip() if names else platform.processor() or platform.machine()


def describe_machine() -> dict[str, Any]:
    """Return date, processor, cores and versions."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": name_processor(),
        "cores": count_cores(),
        "system": platform.system(),
        "versions": {"Python": platform.python_version(), **versions},
    }


def to_markdown(measurements: Sequence[Measurement], machine: dict[str, Any], rounds: int, note: str = "") -> str:
    """Return the table, and above it what it was measured on."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    cores = plural(machine["cores"], "core")
    lines = [
        f"{machine['date']}, {machine['processor']}, {cores}, {machine['system']}; {versions}.",
        f"Rounds: {rounds}; medians, lowest and highest in brackets.{note and ' ' + note}",
        "",
        "| what | reach | stretch | measured | figures |",
        "| :-- | --: | --: | --: | :-- |",
        *(_line(measurement) for measurement in measurements),
    ]
    return "\n".join(lines) + "\n"


def _line(measurement: Measurement) -> str:
    row, figures, median = measurement.row, measurement.figures, measurement.median
    measured = "not measured"
    if median is not None:
        measured = f"{_number(row, median)} ({_number(row, min(figures))} to {_number(row, max(figures))})"
    cells = (row.what, _limit(row, row.reach), _limit(row, row.stretch), measured, measurement.details)
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def _number(row: Row, figure: float) -> str:
    return f"{figure:.{row.digits}f}{row.unit}"


def _limit(row: Row, limit: float | None) -> str:
    return "" if limit is None else f"{'at most ' if row.smaller_is_better else ''}{limit:g}{row.unit}"


def to_data(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Return a mapping for each row; ``rounds`` has the figure of each round."""
    return [
        {
            "row": measurement.row.key,
            "what": measurement.row.what,
            "reach": measurement.row.reach,
            "stretch": measurement.row.stretch,
            "measured": measurement.median,
            "rounds": list(measurement.figures),
            "meets": measurement.meets,
            "figures": measurement.details,
        }
        for measurement in measurements
    ]


def write_page(table: str, path: Path = SPEED) -> None:
    """Put the table between the page's marks."""
    text = path.read_text(encoding="utf-8")
    fresh, count = BLOCK.subn(lambda _: f"\n{table}\n", text)
    if count != 1:
        raise ValueError(f"{path}: it has no place for the benchmark's table")
    path.write_text(fresh, encoding="utf-8")
