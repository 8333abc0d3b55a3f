"""What Tab completes: through the shells' protocol, and in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mnistspec.language.manual.explanations import list_codes
from mnistspec.language.vocabulary.datasets import list_named
from tests.cli.terminal import Terminal
from tests.needs import need

PROGRAM = Path(sys.executable).with_name("mnistspec")
PROMPT = "@@ "
SHELLS = {"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="the command mnistspec is not installed beside Python")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with specs and runs, and things that are neither."""
    for path in ("mine.yaml", "other.yml", "specs/step1.yaml", "specs/step2.yaml", ".hidden/x.yaml", "notes.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    for run in ("step1/20260101T000000Z-aaaaaa", "step1/20260102T000000Z-bbbbbb"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "resolved.yaml").touch()
    (tmp_path / "runs" / "step1" / "unfinished").mkdir()
    return tmp_path


def completed(folder: Path, *words: str) -> list[str]:
    """Return what bash is offered for the last word."""
    environment = {
        **os.environ,
        "_MNISTSPEC_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(["mnistspec", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run([PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("command", ["validate", "train", "build", "show", "explain"])
def test_spec_files(folder: Path, command: str) -> None:
    assert completed(folder, command, "s") == ["specs/step1.yaml", "specs/step2.yaml"]


def test_all_spec_files_and_none_that_are_hidden_or_of_runs(folder: Path) -> None:
    assert completed(folder, "validate", "") == ["mine.yaml", "other.yml", "specs/step1.yaml", "specs/step2.yaml"]
    assert completed(folder, "validate", f"{folder}/mi") == [f"{folder}/mine.yaml"]
    for nothing in ("n", "["):
        assert completed(folder, "validate", nothing) == []


@pytest.mark.parametrize("words", [("evaluate",), ("predict",), ("train", "--resume"), ("compare",)])
def test_run_folders(folder: Path, words: tuple[str, ...]) -> None:
    runs = ["runs/step1/20260101T000000Z-aaaaaa", "runs/step1/20260102T000000Z-bbbbbb"]
    assert completed(folder, *words, "ru") == runs


def test_words_codes_data_sets_and_models(folder: Path) -> None:
    assert completed(folder, "blocks", "conv") == ["conv"]
    assert {"conv", "sgd", "train", "mnist"} <= set(completed(folder, "blocks", ""))
    assert completed(folder, "explain", "E3") == [code for code in list_codes() if code.startswith("E3")]
    assert completed(folder, "data", "m") == ["mnist", "mine.yaml"]
    assert set(list_named()) < set(completed(folder, "data", ""))
    assert completed(folder, "data", "--augment", "m") == ["mine.yaml"]
    assert completed(folder, "evaluate", "x", "--data", "km") == ["kmnist"]
    assert completed(folder, "new", "x", "--like", "step") == [f"step{n}" for n in range(7)]


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_in_a_real_shell(folder: Path, tmp_path_factory: pytest.TempPathFactory, shell: str) -> None:
    need(shutil.which(shell), shell, "debian")
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": PROMPT}
    terminal = Terminal(SHELLS[shell], folder, environment)
    try:
        terminal.type("", PROMPT)
        assert "completion installed" in terminal.type("mnistspec --install-completion\n", PROMPT)
        terminal.type(f"source ~/.{shell}rc\n", PROMPT)
        if shell == "zsh":  # the first Tab of a session loads the completion and offers nothing
            terminal.type("mnistspec \t\x15true\n", PROMPT)
        terminal.type("mnistspec blocks onecy\t", "onecycle")
        assert "example: onecycle: 0.1" in terminal.type("\n", PROMPT)
        terminal.type("mnistspec validate mi\t", "mine.yaml")
        terminal.type("\x15mnistspec evaluate runs/step1/20260102\t", "20260102T000000Z-bbbbbb")
        terminal.type("\x15mnistspec explain E10\t\t", "E103")
    finally:
        terminal.close()
