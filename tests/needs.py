"""What a test needs beside the package: where it is missing the test is skipped, and in CI it fails."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

IN_CI = "CI" in os.environ
# What .ci/run could not install, as a machine without npm cannot, say: of npm, debian.
_LACKS = os.environ.get("CI_WITHOUT", "").split()
EXTRAS = {
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "cluster": ("distributed",),
    "demo": ("uvicorn",),
    "tensorboard": ("tensorboard",),
    "benchmark": ("lightning", "tqdm"),
    "dev": ("ruff",),
}


def skips(found: object, source: str) -> bool:
    """Return whether a test is skipped for what was not found; ``source`` is pip, npm or debian."""
    return not found and (not IN_CI or source in _LACKS)


FASHION = Path("/usr/share/datasets/fashion-mnist")
needs_fashion = pytest.mark.skipif(
    skips(FASHION.is_dir(), "debian"), reason="needs Debian's package dataset-fashion-mnist"
)


STAMPS = Path("/usr/share/tuxpaint/stamps")
needs_stamps = pytest.mark.skipif(
    skips(STAMPS.is_dir(), "debian"), reason="needs Debian's package tuxpaint-stamps-default"
)


def need(found: object, what: str, source: str) -> None:
    """Go on if something was found; otherwise skip the test, or the file that is collected, or fail in CI."""
    if skips(found, source):
        pytest.skip(f"needs {what}", allow_module_level=True)
    if not found:
        pytest.fail(f"needs {what}, which {source} installs in CI")


def need_module(name: str) -> Any:
    """Return a module of an extra."""
    (extra,) = (extra for extra, modules in EXTRAS.items() if name in modules)
    need(find_spec(name), f"mnistspec[{extra}]", "pip")
    return import_module(name)


def missing_extras() -> list[str]:
    """Return the extras that are not installed."""
    return [extra for extra, modules in EXTRAS.items() if not all(map(find_spec, modules))]
