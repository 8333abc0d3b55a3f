"""A short run of tests/fuzz/fuzz_folders.py."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzz_folders import fuzz


@pytest.mark.slow
def test_mutated_run_folders() -> None:
    assert fuzz(60, seed=0) > 20
