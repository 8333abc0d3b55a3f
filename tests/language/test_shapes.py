"""What is too large to be built, at its boundary."""

from __future__ import annotations

import pytest

from mnistspec.language.shapes import MAX_PARAMS, TooLargeError, trace
from tests.language.strategies import block


def test_as_many_parameters_as_are_allowed_and_one_input_more() -> None:
    layer = block("fc", out_features=50_000, bias=False)
    (largest,) = trace((layer,), (1000,))
    assert largest.params == MAX_PARAMS
    with pytest.raises(TooLargeError, match="would have 50,050,000 parameters"):
        list(trace((layer,), (1001,)))
