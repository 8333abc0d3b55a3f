"""What fits into 80 columns, what a wide terminal gets, and that the path of a run is never broken."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import compare_runs
from mnistspec.views.terminal.leaderboard import leaderboard_table
from mnistspec.wording import place_path
from tests.places import ROOT, SPECS

if TYPE_CHECKING:
    from tests.command_line import CommandLine

LONG = "a-folder-of-a-student-with-a-rather-long-name/and-another-one-below"
# It ends at the moment at which torch would be loaded, and prints the processor's seconds until then.
FIRST = """\
import os, sys, time
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(time.process_time(), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Stop())
from mnistspec.cli.app import main
main()
"""


@pytest.mark.parametrize("words", [["step6"], ["step5", "step6"]])
def test_train_says_at_once_what_it_loads(words: list[str], tmp_path: Path) -> None:
    """The first line comes within half a second of the processor's time, before torch, which takes many."""
    specs = [str(SPECS / f"{word}.yaml") for word in words]
    call = [sys.executable, "-c", FIRST, "train", *specs]
    done = [
        subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60) for _ in range(2)
    ]
    assert {run.stderr for run in done} == {f"{', '.join(words)}: loading torch ...\n"}
    assert min(float(run.stdout) for run in done) < 0.5


def test_the_path_of_a_run_is_whole(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ("--data-dir", small_mnist, "--runs", LONG, "--epochs", "1", "--name", "a-name-that-is-long-as-well")
    done = mnistspec("train", quick_spec, *common)
    (run,) = (Path(LONG) / "a-name-that-is-long-as-well").iterdir()
    assert [line for line in done.err.splitlines() if LONG in line] == [f"  {run}"]
    assert [line for line in done.out.splitlines() if LONG in line] == [f"  {run}"]
    shutil.copytree(run, run.with_name("20260101T000000Z-aaaaaa"))
    other = run.with_name("20260101T000000Z-aaaaaa")
    assert mnistspec("diff", run, other).out.startswith(f"{run} ->\n{other}\n")
    for command in (["evaluate", LONG], ["compare", LONG], ["report", LONG, "-o", "r.md"]):
        done = mnistspec(*command)
        assert LONG in done.err
        for line in done.err.splitlines():
            paths = [word.rstrip(":") for word in line.split() if LONG in word]
            assert all(Path(path).is_dir() for path in paths), line


@pytest.mark.parametrize("length", [60, 80, 81, 200])
def test_a_path_stands_where_it_fits(length: int) -> None:
    path = "x" * (length - len("a sentence: "))
    lines = place_path("a sentence:", path).splitlines()
    assert lines == ([f"a sentence: {path}"] if length <= 80 else ["a sentence:", f"  {path}"])


def draw(width: int) -> list[str]:
    """Return the leaderboard of the kept runs as a terminal of that width shows it."""
    comparison = compare_runs(collect_runs([ROOT / "docs" / "results"]).runs)
    file = io.StringIO()
    Console(file=file, width=width, color_system=None, force_terminal=True, highlight=False).print(
        leaderboard_table(comparison)
    )
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_no_heading_is_broken() -> None:
    lines = draw(80)
    rule = next(index for index, line in enumerate(lines) if "───" in line)
    headings = " ".join(lines[:rule])
    assert "-" not in headings.replace("min-max", "")
    assert {"time", "s", "targets", "met"} <= set(headings.split())
    assert all(len(line) <= 80 for line in lines)


def test_a_wide_terminal_is_used() -> None:
    """Prose is as wide as the terminal; a table takes what its columns need."""
    narrow, wide = draw(80), draw(160)
    assert len(wide) < len(narrow)
    assert max(map(len, wide)) > 80
