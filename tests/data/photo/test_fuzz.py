"""A short run of tests/fuzz/fuzz_pictures.py."""

from __future__ import annotations

from tests.fuzz.fuzz_pictures import fuzz


def test_mutated_files_are_prepared_or_refused() -> None:
    assert fuzz(5, seed=0) > 20
