"""Plain scalars by YAML 1.2's core schema."""

from __future__ import annotations

import math

import pytest

from mnistspec.language.yaml.scalars import ambiguity, resolve
from mnistspec.language.yaml.tree import Value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("FALSE", False), ("yes", "yes"), ("on", "on"), ("No", "No"), ("y", "y"),
        ("0", 0), ("-0", 0), ("+12", 12), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11"),
        ("1_000", "1_000"), ("1,0", "1,0"),
        ("1e-3", 1e-3), ("5e-4", 5e-4), ("1E3", 1000.0), ("1.", 1.0), (".5", 0.5), ("-1.5", -1.5), ("1e", "1e"),
        (".", "."),
        (".inf", math.inf), ("-.Inf", -math.inf), ("inf", "inf"), ("nan", "nan"), ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"), ("0x", "0x"), ("\u0661", "\u0661"), ("<<", "<<"), ("=", "="),
    ],
)  # fmt: skip
def test_resolve(text: str, value: Value) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_not_a_number() -> None:
    value = resolve(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["010", "-07", "00", "9" * 101, "1." + "0" * 100, "0x" + "f" * 100, "0" * 5000])
def test_ambiguous(text: str) -> None:
    assert ambiguity(text)


@pytest.mark.parametrize("text", ["0", "10", "0.5", "0x10", "0o10", "a" * 200, "", "00.5", "1e05"])
def test_not_ambiguous(text: str) -> None:
    assert ambiguity(text) is None
