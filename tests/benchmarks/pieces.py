"""What the measured programs share: their data, and the figures that they print."""

from __future__ import annotations

import gzip
import json
import resource
import sys
from typing import TYPE_CHECKING

from mnistspec.data.store import find_shipped
from mnistspec.language.vocabulary.datasets import MNIST

if TYPE_CHECKING:
    from pathlib import Path


def peak_memory() -> float:
    """Return the largest memory that this process has had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # macOS counts bytes, Linux kilobytes


def print_figures(**figures: float) -> None:
    """Print one JSON line, the program's whole output, with its peak memory."""
    sys.stdout.write(json.dumps({**figures, "peak_mb": peak_memory()}) + "\n")


def unpack(data_dir: Path | None, folder: Path) -> None:
    """Put MNIST's four files, unpacked, where torchvision looks for them; those that ship with mnistspec by default."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in sorted((data_dir or find_shipped(MNIST())[0].parent).glob("*-ubyte*")):
        content = file.read_bytes()
        (raw / file.name.removesuffix(".gz")).write_bytes(gzip.decompress(content) if file.suffix == ".gz" else content)
