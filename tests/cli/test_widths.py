"""What fits into 80 columns, what a wide terminal gets, and that the path of a run is never broken."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console, RenderableType

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.comparison import compare_runs
from mnistspec.views.terminal.classes import predictions_table
from mnistspec.views.terminal.labels import fold_setting
from mnistspec.views.terminal.leaderboard import leaderboard_table
from mnistspec.views.terminal.tables import Printable, render_text
from mnistspec.wording import fold_line, place_path
from tests.places import ROOT, SPECS
from tests.sweeps.fakes import make_seeds, write_spec

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


NAMES = "photographs-of-the-summer/a-picture-with-a-rather-long-name-that-somebody-has-chosen-2026-07-31.png"


def draw_table(renderable: RenderableType, width: int) -> list[str]:
    """Return what a terminal of that width is sent, a line each."""
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, force_terminal=True, highlight=False)
    console.print(Printable(renderable), crop=False)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 160])
def test_the_path_of_a_picture_is_whole(width: int) -> None:
    """In a terminal, and in a pipe, which takes 80 columns."""
    table = predictions_table([NAMES, "b.png"], [[0.9, 0.1], [0.2, 0.8]], ["zero", "one"])
    for lines in (draw_table(table, width), render_text(table).splitlines()):
        (line,) = [line for line in lines if NAMES in line]
        assert line.split() == [NAMES, "zero", "90.00", "%", "one", "10.0", "%"]


@pytest.mark.parametrize("width", [20, 80, 160])
@pytest.mark.parametrize(
    ("line", "indent"),
    [
        ("  conv     Convolution with a square kernel; depthwise with as many `groups` as channels come in.", 11),
        ("a sentence that is longer than the narrowest of these terminals by a word, or more than one word", 2),
        ("  an indented sentence that is longer than the narrowest of these terminals by more than a word", 4),
        (f"picture: {NAMES}, 18 lines", 2),
        ("", 0),
    ],
)
def test_lines_are_broken_between_words(line: str, indent: int, width: int) -> None:
    first, *rest = fold_line(line, width).split("\n")
    assert " ".join([first, *rest]).split() == line.split()
    assert all(more.startswith(" " * indent) and more[indent] != " " for more in rest)
    assert all(len(part) <= width or len(part.split()) == 1 for part in (first, *rest))
    assert bool(rest) == (len(line) > width)


def test_a_terminal_gets_lines_that_it_can_show(tmp_path: Path) -> None:
    """Nothing of what these commands print runs over the edge of a real terminal; a pipe gets whole lines."""
    run = min((ROOT / "docs" / "results" / "step6").iterdir())
    for words in (["blocks"], ["blocks", "conv"], ["new", "mine"], ["evaluate", str(run)]):
        command = [sys.executable, "-m", "mnistspec", *words]
        piped = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        (tmp_path / "mine.yaml").unlink(missing_ok=True)
        shown = show(command, tmp_path, columns=70)
        (tmp_path / "mine.yaml").unlink(missing_ok=True)
        assert shown.split() == piped.split()
        assert max(map(len, shown.splitlines())) <= 70
        assert max(map(len, piped.splitlines())) > 70


def show(command: list[str], folder: Path, columns: int) -> str:
    """Return what a command prints in a terminal of that many columns, without its colours."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | {"TERM": "dumb"}
    with subprocess.Popen(command, cwd=folder, stdout=side, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(side)
        text = b""
        with suppress(OSError):  # the terminal is closed once the command has ended
            while piece := os.read(main, 65_536):
                text += piece
    os.close(main)
    assert process.returncode == 0
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", range(12, 30))
@pytest.mark.parametrize(
    "setting", ["  sgd.weight_decay=0.00025", "  onecycle.max_lr=0.25", "  layers=bn/relu/dropout/relu"]
)
def test_a_setting_is_broken_at_its_joints(setting: str, width: int) -> None:
    """Behind a dot, an underscore, the sign before the value or a slash between words: never in a number."""
    first, *rest = fold_setting(setting, width)
    assert first + "".join(line.removeprefix("    ") for line in rest) == setting
    assert all(len(line) <= width for line in (first, *rest))
    assert all(line[-1] in "._=/" for line in [first, *rest][:-1])
    assert "0." not in {line.strip() for line in rest}


def test_a_long_setting_in_a_narrow_table(tmp_path: Path) -> None:
    path = write_spec(tmp_path)
    for rate in ("0.1", "0.25"):
        settings = (
            f"train.scheduler={{onecycle: {{max_lr: {rate}}}}}",
            f"train.optimizer.sgd.weight_decay=0.000{rate[2:]}",
        )
        make_seeds(tmp_path / "runs", path, {0: 90.0, 1: 91.0}, *settings)
    lines = draw_table(leaderboard_table(compare_runs(collect_runs([tmp_path / "runs"]).runs)), 80)
    words = {line.split()[0] for line in lines if line.startswith("    ") and line.strip()}
    assert {"0.0001", "0.00025", "lr=0.1", "lr=0.25"} <= words
    assert all(len(line) <= 80 for line in lines)
