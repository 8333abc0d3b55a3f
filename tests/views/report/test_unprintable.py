"""What is no text, or steers a terminal or the direction of writing, reaches no report, table or picture."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.history import HistoryReader
from mnistspec.language.loader import load_spec
from mnistspec.runs.documents import seal
from mnistspec.views.report import make_report, render_html, render_markdown
from mnistspec.views.terminal.tables import Printable, render_text
from mnistspec.wording import html_table, printable
from tests.sweeps.fakes import TINY, make_run, write_spec

# Escape, bell, C1's CSI and NEL, overrides and isolates of direction, marks, separators of lines, half of a pair.
STEERING = (
    "\x1b[31m \x07 \x9b31m \x85 \u202e \u202a \u2066 \u2069 \u200e \u061c \u2028 \u2029 \x00 \x7f \ufeff \U000e0041"
)
HALF = "\ud800"
PLAIN = "é 数字 \u3000 \u00a0 ± → 🙂"


def unprintable(text: str) -> set[str]:
    """The characters of a text that are controls, invisible marks, halves of pairs or separators of lines."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


def test_printable_text_has_none_and_keeps_its_length_and_the_rest() -> None:
    text = STEERING + HALF + "\t" + PLAIN
    assert unprintable(printable(text)) == set()
    assert len(printable(text)) == len(text)
    assert printable(PLAIN) == PLAIN


def read_report(folder: Path, title: str = "") -> tuple[str, str]:
    """The report of runs in both its forms."""
    reader = HistoryReader(collect_runs([folder]))
    report = make_report(reader.finish(list(reader.read())), title)
    return render_html(report), render_markdown(report, "pictures")[0]


def make_hostile(folder: Path, text: str) -> Path:
    """Make a run whose title, notes and environment hold a text."""
    escaped = "".join(f"\\U{ord(char):08x}" for char in text)
    spec = write_spec(folder, "hostile", f'title: "{escaped}"\nnotes: {{target: "{escaped}"}}\n{TINY}')
    run = make_run(folder / "runs", load_spec(spec), 90.0, 91.0, 92.0)
    environment = {"python": text, "packages": {"torch": text, text: "1"}, "command": ["mnistspec", text], "cpu": text}
    (run / "env.json").write_text(json.dumps(seal(environment)), encoding="utf-8")
    return run


def test_both_forms_of_a_report_are_printable(tmp_path: Path) -> None:
    make_hostile(tmp_path, STEERING.replace("\x00", "") + PLAIN)
    for form in read_report(tmp_path / "runs", STEERING):
        assert "数字" in form
        assert "mnistspec" in form
        assert "\ufffd" in form
        assert unprintable(form) == set()


@pytest.mark.parametrize("name", ["env.json", "result.json"])
@pytest.mark.parametrize("text", [HALF, STEERING])
def test_a_bad_file_costs_its_run_alone(tmp_path: Path, name: str, text: str) -> None:
    other = make_run(tmp_path / "runs", load_spec(write_spec(tmp_path, "other")), 90.0)
    run = make_hostile(tmp_path, "plain")
    content = {**json.loads((run / name).read_text()), "python" if name == "env.json" else "problem": text}
    content.pop("sha256")
    (run / name).write_text(json.dumps(seal(content)), encoding="utf-8")
    for form in read_report(tmp_path / "runs"):
        form.encode()
        assert "other" in form
        assert other.name in form
        assert run.name.split("-")[0] in form
        assert unprintable(form) == set()


def test_tables_of_the_terminal_are_printable_in_colour_too() -> None:
    table = Table(title=Text(STEERING + PLAIN))
    table.add_column("name")
    table.add_row(Text(STEERING + PLAIN, style="red"))
    assert unprintable(render_text(table)) == set()
    console = Console(force_terminal=True, color_system="standard", width=200)
    with console.capture() as captured:
        console.print(Printable(table))
    assert "\x1b[31m" in captured.get()  # rich's own colour
    assert unprintable(re.sub(r"\x1b\[[0-9;]*m", "", captured.get())) == set()
    assert "[31m" in re.sub(r"\x1b\[[0-9;]*m", "", captured.get())  # what is left of the one in the text


def test_tables_of_notebooks_are_printable() -> None:
    html = html_table([STEERING], [[HALF + STEERING]], STEERING)
    html.encode()
    assert unprintable(html) == set()
