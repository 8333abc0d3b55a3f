"""docs/own-pictures.md is followed from top to bottom: its Python makes pictures, its commands run in their order."""

from __future__ import annotations

import csv
import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import read_blocks
from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

PAGE = ROOT / "docs" / "own-pictures.md"
COMMAND = re.compile(r"^\$ mnistspec (?P<arguments>.*)\n(?P<printed>(?:(?!\$ ).*\n)*)", re.MULTILINE)
COMMANDS = [match for block in read_blocks(PAGE, "console") for match in COMMAND.finditer(block)]
CHEAP = ("data", "new")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with the pictures that the page makes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNISTSPEC_CACHE", str(tmp_path / "cache"))
    (code,) = read_blocks(PAGE, "python")
    exec(compile(code, PAGE.name, "exec"), {})  # noqa: S102 - the page's own code
    return tmp_path


def follow(mnistspec: CommandLine, match: re.Match[str]) -> None:
    """Run a command of the page; it prints what the page shows, where ``...`` stands for anything."""
    done = mnistspec(*shlex.split(match["arguments"]))
    assert done.code == 0, done.err
    pattern = re.escape(match["printed"].strip()).replace(r"\.\.\.", "(?s:.*)")
    printed = "\n".join(line.rstrip() for line in done.out.splitlines()).strip()
    assert re.fullmatch(pattern, printed), printed


@pytest.mark.usefixtures("place")
def test_the_check_and_the_new_spec_are_what_the_page_shows(mnistspec: CommandLine) -> None:
    words = [match["arguments"].split()[0] for match in COMMANDS]
    assert words == ["data", "new", "train", "evaluate", "predict", "report", "export"]
    for match in COMMANDS[: len(CHEAP)]:
        follow(mnistspec, match)


@pytest.mark.slow
def test_the_page_from_the_folder_to_onnx(mnistspec: CommandLine, place: Path) -> None:
    pytest.importorskip("onnxruntime")
    for match in COMMANDS:
        follow(mnistspec, match)
    (run,) = (place / "runs" / "shapes").iterdir()
    assert json.loads((run / "result.json").read_text(encoding="utf-8"))["test_accuracy"] > 90
    with (place / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 120
    assert (place / "report.html").exists()
    assert (place / "shapes.onnx").exists()


@pytest.mark.usefixtures("place")
def test_the_keys_that_the_page_lists_are_right(mnistspec: CommandLine, place: Path) -> None:
    """The folder of the example has what its keys speak of."""
    (place / "shapes").rename(place / "leaves")
    for shape, tree in (("cross", "oak"), ("disc", "birch")):
        (place / "leaves" / shape).rename(place / "leaves" / tree)
    for name in ("oak", "birch"):
        for number, path in enumerate(sorted((place / "leaves" / name).iterdir())):
            path.rename(path.with_name(f"{name}{number // 2}_{number}.png"))
    (data,) = read_blocks(PAGE, "yaml")
    (place / "keys.yaml").write_text(f"{data}layers: [conv: 8, gap, fc: 2]\n", encoding="utf-8")
    done = mnistspec("validate", "keys.yaml")
    assert done.code == 0, done.err
