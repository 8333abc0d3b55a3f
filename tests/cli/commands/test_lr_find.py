"""``mnistspec lr-find``: a suggestion, its picture, the line to paste; nothing else is left behind."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from PIL import Image

from mnistspec.language.loader import load_spec
from tests.command_line import CommandLine


def test_a_suggestion(mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    options = ("--data-dir", small_mnist, "--steps", "60", "--lowest", "1e-3", "--highest", "1")
    outcome = mnistspec("lr-find", quick_spec, *options)
    assert outcome.code == 0
    assert outcome.err.startswith("quick: 60 steps of 50 images on ")
    assert outcome.out.startswith("valley ")
    option, setting = shlex.split(outcome.out.splitlines()[-1])
    assert option == "--set"
    again = mnistspec("lr-find", quick_spec, *options, "--json")
    report = json.loads(again.out)
    assert report["setting"] == setting
    assert load_spec(quick_spec, [setting]).train.optimizer.lr == report["suggested"]
    assert [point["step"] for point in report["points"]] == list(range(1, len(report["points"]) + 1))
    assert sorted(tmp_path.iterdir()) == before


def test_a_picture_and_no_suggestion(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path
) -> None:
    options = ("--lowest", "1e-7", "--highest", "1e-6", "--steps", "20", "-o", tmp_path / "lr.png")
    outcome = mnistspec("lr-find", quick_spec, "--data-dir", small_mnist, *options)
    assert (outcome.code, outcome.out) == (1, f"picture: {tmp_path / 'lr.png'}\n")
    assert "no suggestion: the loss does not fall by a tenth between 1e-07 and 1e-06; try --steps 80" in outcome.err
    with Image.open(tmp_path / "lr.png") as image:
        assert image.format == "PNG"


def test_refusals(mnistspec: CommandLine, quick_spec: Path) -> None:
    for options, words in (
        (("--lowest", "1", "--highest", "0.1"), "--lowest below --highest"),
        (("--highest", "1000"), "at most 100"),
        (("--highest", "nan"), "at most 100"),
        (("-o", "curve.pdf"), "ends with .png or .svg"),
    ):
        outcome = mnistspec("lr-find", quick_spec, *options)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err
