"""The README shows what the program prints: its outputs are made by the commands that it names, its specs are valid.

``pytest tests/test_readme.py --regenerate`` writes the outputs anew.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mnistspec import load_spec
from mnistspec.runs.result import count_params
from tests.benchmarks.report import BLOCK, describe_machine, to_markdown
from tests.benchmarks.rows import ROWS, Measurement
from tests.places import ROOT

README = ROOT / "README.md"
MISTAKES = ROOT / "tests" / "readme" / "mistakes.yaml"
OUTPUT = re.compile(
    r"<!-- output of: (?P<command>mnistspec .*?) -->\n(?P<body>.*?)(?P<end>^```$|<!-- end -->)",
    re.DOTALL | re.MULTILINE,
)
_FENCE = "```console\n"


def read_specs() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def run(command: str, folder: Path) -> str:
    """Return what a command prints in a folder, both streams."""
    arguments = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return (done.stdout + done.stderr).strip() + "\n"


def expected_body(match: re.Match[str], folder: Path) -> str:
    command = match["command"]
    if match["end"] == "```":
        return f"{_FENCE}$ {command}\n{run(command, folder)}"
    return f"\n{run(command, folder)}\n"


def test_outputs_are_what_the_program_prints(regenerate: bool, tmp_path: Path) -> None:
    (tmp_path / "quick.yaml").write_text(read_specs()[0], encoding="utf-8")
    shutil.copy(MISTAKES, tmp_path)
    text = README.read_text(encoding="utf-8")
    matches = list(OUTPUT.finditer(text))
    assert len(matches) >= 3
    if regenerate:
        fresh = OUTPUT.sub(
            lambda m: f"<!-- output of: {m['command']} -->\n{expected_body(m, tmp_path)}{m['end']}", text
        )
        README.write_text(fresh, encoding="utf-8")
        return
    for match in matches:
        assert match["body"] == expected_body(match, tmp_path), match["command"]


@pytest.mark.parametrize("index", range(2))
def test_specs_are_valid(index: int, tmp_path: Path) -> None:
    specs = read_specs()
    assert len(specs) == 2
    path = tmp_path / "readme.yaml"
    path.write_text(specs[index], encoding="utf-8")
    assert load_spec(path).layers


def test_python_names_exist() -> None:
    import mnistspec  # noqa: PLC0415 - the module itself is looked at

    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names = re.search(r"from mnistspec import (.*)", code)
    assert names
    for name in names[1].split(", "):
        assert getattr(mnistspec, name) is not None
    before_training = code.split("for epoch")[0]
    assert before_training.count("\n") >= 5
    exec(compile(before_training, "README.md", "exec"), {})  # noqa: S102 - the README's own code


def test_every_command_is_in_the_readme() -> None:
    from mnistspec.cli.app import app  # noqa: PLC0415 - typer's application

    text = README.read_text(encoding="utf-8")
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names
    for name in names:
        assert f"| `mnistspec {name}" in text, name


def test_the_speed_table_is_that_of_the_benchmark() -> None:
    """What can be checked without measuring: date, machine and versions, and each row with its limits."""
    text = README.read_text(encoding="utf-8")
    (block,) = BLOCK.findall(text)
    assert re.match(r"\n\d{4}-\d\d-\d\d, .+ cores?, .+torch [\d.]+", block)
    lines = [line.split("|")[1:4] for line in block.splitlines() if line.startswith("| ")]
    expected = to_markdown([Measurement(row) for row in ROWS], describe_machine(), 0)
    assert lines == [line.split("|")[1:4] for line in expected.splitlines() if line.startswith("| ")]


def test_results_are_those_of_the_kept_runs(regenerate: bool) -> None:
    """The table is what ``compare`` makes of docs/results, whose runs are of the specs as they are shipped."""
    text = README.read_text(encoding="utf-8")
    before, _, block = text.partition("<!-- results: ")
    head, _, block = block.partition(" -->\n")
    _, end, after = block.partition("<!-- end of results -->")
    command = head.split(" && ")[-1]
    assert command == "mnistspec compare docs/results --markdown --sort params"
    table = run(command, ROOT)
    fresh = f"{before}<!-- results: {head} -->\n\n{table}\n{end}{after}"
    if regenerate:
        README.write_text(fresh, encoding="utf-8")
        return
    assert text == fresh
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")]
    assert {f"step{step}" for step in range(1, 7)} <= {row[0] for row in rows}
    for name, params, _macs, _field, _seeds, last, _min, _max, best, *_rest in rows[2:]:
        assert f"{count_params(load_spec(ROOT / 'specs' / f'{name}.yaml')):,}" == params
        assert 97 < float(last.split()[0]) <= float(best.split()[0]) < 100
