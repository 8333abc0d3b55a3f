"""Where editors find the JSON Schema: relative within a checkout, by its address elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.manual import shipped
from mnistspec.language.manual.shipped import list_shipped, refer_to_schema
from tests.places import SPECS

LINE = "# yaml-language-server: $schema="


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout somewhere, with its schema."""
    (tmp_path / "here" / "specs").mkdir(parents=True)
    monkeypatch.setattr(shipped, "_CHECKOUT", tmp_path / "here" / "specs")
    monkeypatch.setattr(shipped, "_INSTALLED", tmp_path / "here" / "package" / "specs")
    return tmp_path / "here"


def test_within_a_checkout_it_is_relative(checkout: Path) -> None:
    for path, where in (
        ("specs/a.yaml", "spec.schema.json"),
        ("a.yaml", "specs/spec.schema.json"),
        ("specs/mine/deep/a.yaml", "../../spec.schema.json"),
        ("docs/a.yaml", "../specs/spec.schema.json"),
    ):
        assert refer_to_schema(checkout / path) == f"{LINE}{where}"


def test_elsewhere_it_is_an_address(checkout: Path) -> None:
    outside = checkout.parent / "elsewhere" / "a.yaml"
    assert refer_to_schema(outside) == f"{LINE}{(checkout / 'specs' / 'spec.schema.json').as_uri()}"
    (checkout / "package" / "specs").mkdir(parents=True)
    installed = checkout / "package" / "specs" / "spec.schema.json"
    for path in (outside, checkout / "specs" / "a.yaml"):
        assert refer_to_schema(path) == f"{LINE}{installed.as_uri()}"


def test_the_shipped_specs_are_those_of_the_folder() -> None:
    assert list_shipped() == {path.stem: path for path in SPECS.glob("*.yaml")}
