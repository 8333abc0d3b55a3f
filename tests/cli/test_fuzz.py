"""A short run of tests/fuzz/fuzz_streams.py."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzz_streams import fuzz


@pytest.mark.slow
def test_odd_streams_and_locales() -> None:
    assert fuzz(20, seed=0) > 0
