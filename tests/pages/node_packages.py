"""Packages of npm for tests: in a folder of NODE_PATH, or where .ci/run installs them (.venv/node)."""

from __future__ import annotations

import os
from pathlib import Path

from tests.needs import need
from tests.places import ROOT

_INSTALLED = ROOT / ".venv" / "node" / "node_modules"
_FOLDERS = [*map(Path, filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep))), _INSTALLED]


def find_package(name: str) -> Path:
    """Return the folder of a package."""
    found = next((folder / name for folder in _FOLDERS if (folder / name).is_dir()), None)
    need(found, f"{name}: npm install --prefix .venv/node {name}", "npm")
    assert found
    return found
