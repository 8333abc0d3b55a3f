"""Help: every command is found by its file, has its place, an example, and says what it takes without types."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from mnistspec.cli import commands
from mnistspec.cli.app import find_commands, make_app
from mnistspec.cli.registration import Panel

COMMANDS = find_commands()
ADDED = '''"""``mnistspec count-words``."""

from mnistspec.cli.console import print_result
from mnistspec.cli.registration import Panel, command


@command(Panel.CHECK, 99, "Count the words of a text.", example="mnistspec count-words 'a b c'")
def count_words(text: str) -> None:
    print_result(str(len(text.split())))
'''


def run(*arguments: str, interpreter: tuple[str, ...] = (), **environment: str) -> str:
    """Return what a call prints that ends well, in a pipe of 80 columns."""
    done = subprocess.run(
        [sys.executable, *interpreter, "-m", "mnistspec", *arguments],
        capture_output=True, text=True, check=True, timeout=60, env=os.environ | {"COLUMNS": "80"} | environment,
    )  # fmt: skip
    assert not done.stderr
    return done.stdout


def test_each_file_is_one_command() -> None:
    files = {path.stem for path in Path(*commands.__path__).glob("*.py")} - {"__init__"}
    assert {command.name.replace("-", "_") for command in COMMANDS} == files
    assert len(COMMANDS) == len(files) == 22
    assert len({(command.panel, command.order) for command in COMMANDS}) == 22


def test_help_groups_the_commands() -> None:
    text = run("--help")
    panels = re.split(r"─ (\w+) ─", text)[1:]
    shown = dict(zip(panels[::2], panels[1::2], strict=True))
    assert list(shown) == ["Options", *Panel]
    for panel in Panel:
        names = re.findall(r"^│ ([a-z-]+) ", shown[panel], re.MULTILINE)
        assert names == [command.name for command in COMMANDS if command.panel == panel]
    assert "<" not in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command(command: Any) -> None:
    text = run(command.name, "-h")
    words = " ".join(text.split())
    assert words.startswith(f"Usage: mnistspec {command.name} ")
    assert " ".join(command.summary.split()) in words
    assert f"Example: {command.example} " in words
    assert not re.search(r"<[a-z]|BOOLEAN|INTEGER|PATH\b", text)
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_example_parses(command: Any) -> None:
    """The example calls this command with arguments and options that it has."""
    words = shlex.split(re.split(r" && | > ", command.example)[0])
    assert words[:2] == ["mnistspec", command.name]
    group: Any = typer.main.get_command(make_app())
    context = group.commands[command.name].make_context(command.name, words[2:])
    assert context.command.name == command.name


@pytest.mark.parametrize("arguments", [["-h"], ["train", "-h"], ["explain", "E204"]], ids=" ".join)
def test_help_without_docstrings(arguments: list[str]) -> None:
    assert run(*arguments, interpreter=("-OO",)) == run(*arguments)


def test_one_file_adds_a_command(tmp_path: Path) -> None:
    """It is called, helped for, completed and documented without another edit."""
    (tmp_path / "count_words.py").write_text(ADDED, encoding="utf-8")
    program = (
        "import sys; from mnistspec.cli import commands; commands.__path__.append(sys.argv.pop(1))\n"
        "if sys.argv[1] == 'docs':\n    from tests.docs.commands import main\n"
        "else:\n    from mnistspec.cli.app import main\n"
        "main()"
    )

    def call(*arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), *arguments],
            capture_output=True, text=True, check=False, timeout=60, env=os.environ | environment,
        )  # fmt: skip
        return done.stdout

    assert call("count-words", "a b c") == "3\n"
    assert "count-words" in call("-h")
    assert "Example: mnistspec count-words 'a b c'" in call("count-words", "-h")
    assert "### count-words\n\nCount the words of a text.\n" in call("docs")
    completed = call("x", _MNISTSPEC_COMPLETE="complete_bash", COMP_WORDS="mnistspec count", COMP_CWORD="1")
    assert completed.split() == ["count-words"]
