"""``mnistspec graph``: pictures of networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.command_line import CommandLine

if TYPE_CHECKING:
    import pytest


def test_png(mnistspec: CommandLine, quick_spec: Path, tmp_path: Path) -> None:
    path = tmp_path / "quick.png"
    outcome = mnistspec("graph", quick_spec, "-o", path)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"picture: {path}\n", "")
    with Image.open(path) as image:
        size = image.size
    report = json.loads(mnistspec("graph", quick_spec, "-o", path, "--json").out)
    assert report == {"name": "quick", "file": str(path), "width": size[0], "height": size[1]}


def test_svg_by_default(
    mnistspec: CommandLine, quick_spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = mnistspec("graph", quick_spec)
    assert (outcome.code, outcome.out) == (0, "picture: quick.svg\n")
    content = (tmp_path / "quick.svg").read_bytes()
    assert b"<svg" in content
    assert mnistspec("graph", quick_spec).code == 0
    assert (tmp_path / "quick.svg").read_bytes() == content


def test_refusals(mnistspec: CommandLine, quick_spec: Path, tmp_path: Path) -> None:
    for name, words in (("a.pdf", "ends with .png or .svg"), ("no/a.png", "there is no folder")):
        outcome = mnistspec("graph", quick_spec, "-o", tmp_path / name)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err
