"""A cache of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache."""
    folder = tmp_path_factory.mktemp("cache") / "mnistspec"
    monkeypatch.setenv("MNISTSPEC_CACHE", str(folder))
    return folder
