"""-o: the same words, the same checks and the same sentence in every command that writes a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from mnistspec.cli.app import find_commands
from mnistspec.cli.commands.compare import SortKey
from tests.cli.test_help import run as run_help

if TYPE_CHECKING:
    from tests.command_line import CommandLine

# What each command writes: its arguments, the endings that it takes, what it calls the file, its name without -o.
CALLS = {
    "code": (["s.yaml"], [".py"], "code", None),
    "data": (["mnist", "--data-dir", "DATA"], [".png"], "picture", "mnist.png"),
    "export": (["RUN"], [".onnx", ".safetensors", ".html"], "safetensors", None),
    "graph": (["s.yaml"], [".png", ".svg"], "picture", "s.svg"),
    "inspect": (["RUN", "i.png"], [".png", ".svg"], "picture", "i-seen.png"),
    "lr-find": (["s.yaml", "--data-dir", "DATA", "--steps", "100"], [".png", ".svg"], "picture", None),
    "report": (["RUN"], [".html", ".md"], "report", "report.html"),
    "schema": ([], [".json"], "schema", None),
}
SPEC = """\
layers: [flatten, {fc: 64}, relu, {fc: 10}]
train: {batch_size: 50, optimizer: {adam: 0.01}}
"""


@pytest.fixture
def call(
    mnistspec: CommandLine, tmp_path: Path, quick_run: Path, small_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """The command line in a folder with a spec and a picture; RUN and DATA stand for a run and its data."""
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SPEC, encoding="utf-8")
    image = Image.new("L", (60, 60), 255)
    image.paste(0, (27, 8, 33, 52))
    image.save("i.png")
    places = {"RUN": quick_run, "DATA": small_mnist}
    return lambda *words: mnistspec(*(places.get(str(word), word) for word in words))


def test_every_command_with_the_option_is_here() -> None:
    shown = {command.name for command in find_commands() if "--output" in run_help(command.name, "-h")}
    assert shown == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_help(name: str) -> None:
    words = " ".join(re.sub("[│╭╰─╮╯]", " ", run_help(name, "-h")).split())
    *others, last = CALLS[name][1]
    assert f"--output -o FILE Write to this file, {' or '.join(filter(None, [', '.join(others), last]))}." in words


@pytest.mark.parametrize("name", CALLS)
def test_checks(name: str, call: CommandLine) -> None:
    words, endings, _, _ = CALLS[name]
    Path(f"folder{endings[0]}").mkdir()
    *others, last = endings
    wanted = " or ".join(filter(None, [", ".join(others), last]))
    for path, message in {
        "file.txt": f"file.txt: give it a name that ends with {wanted}",
        "file": f"file: give it a name that ends with {wanted}",
        f"none/file{last}": f"none/file{last}: there is no folder none",
        f"folder{endings[0]}": f"folder{endings[0]}: this is a folder; give the name of a file",
    }.items():
        for option in ("-o", "--output"):
            done = call(name, *words, option, path)
            assert (done.code, done.out, done.err) == (2, "", f"mnistspec: {message}\n")


@pytest.mark.parametrize("name", CALLS)
def test_what_is_written_is_said(name: str, call: CommandLine) -> None:
    """With -o this file and no other is written; without it none, or the one that the help names; it is said."""
    words, endings, what, default = CALLS[name]
    path = "out.safetensors" if name == "export" else f"out{endings[0]}"
    before = set(Path().iterdir())
    done = call(name, *words, "-o", path)
    assert done.code == 0, done.err
    assert {file.name for file in set(Path().iterdir()) - before} == {path}
    assert [line for line in done.out.splitlines() if line.startswith(f"{what}: {path}")]
    Path(path).unlink()
    if name != "export":
        done = call(name, *words)
        assert done.code == 0, done.err
        assert {file.name for file in set(Path().iterdir()) - before} == ({default} if default else set())
        assert (f"{what}: {default}" in done.out) == bool(default)
    if default:
        Path(default).unlink()
        assert default in json.dumps(json.loads(call(name, *words, "--json").out))
        named = {"mnist.png": "NAME.png", "s.svg": "NAME.svg", "i-seen.png": "IMAGE-seen.png"}.get(default, default)
        words = [word.strip("│") for word in run_help(name, "-h").split()]
        assert f"default: ({named})]" in " ".join(filter(None, words))


def test_export_takes_one_file_of_a_form(call: CommandLine) -> None:
    done = call("export", "RUN", "-o", "a.onnx", "--onnx", "b.onnx")
    assert (done.code, done.err) == (
        2, "mnistspec: --output a.onnx: --onnx b.onnx asks for the same; give one of them\n",
    )  # fmt: skip
    done = call("export", "RUN", "-o", "a.safetensors", "--safetensors", "b.safetensors", "--json")
    assert done.code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--epochs"], "--epochs: its value is missing"),
        (["train", "s.yaml", "--seed", "x"], "--seed x: must be a whole number"),
        (["train", "s.yaml", "--seed", "1.5"], "--seed 1.5: must be a whole number"),
        (["train", "s.yaml", "--threads", "0"], "--threads 0: must be at least 1"),
        (["lr-find", "s.yaml", "--highest", "x"], "--highest x: must be a number"),
        (["demo", "RUN", "--port", "65536"], "--port 65536: must be at most 65535"),
        (["build"], "SPEC is missing; mnistspec build -h shows what it takes"),
        (["predict", "RUN"], "IMAGE is missing; mnistspec predict -h shows what it takes"),
        (["build", "a", "b"], "too many arguments: b; mnistspec build -h shows what it takes"),
        (["build", "--sumary", "s.yaml"], 'no such option "--sumary"; did you mean "--summary"?'),
        (["build", "--x", "s.yaml"], 'no such option "--x"; mnistspec build -h shows what it takes'),
        (["--x"], 'no such option "--x"; mnistspec -h shows what it takes'),
        (["buidl"], 'no such command "buidl"; did you mean "build"?'),
        (["xyz"], 'no such command "xyz"; mnistspec -h shows what it takes'),
        (["train", "s.yaml", "--json=3"], "--json takes no value"),
        (
            ["compare", "RUN", "--sort", "luck"],
            f"--sort luck: must be one of {', '.join(SortKey)}",
        ),
        (
            ["inspect", "RUN", "i.png", "--position", "x"],
            "--position x: write row and column, counted from 0, such as 4,5",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_calls_have_one_form(words: list[str], message: str, call: CommandLine) -> None:
    done = call(*words)
    assert (done.code, done.out, done.err) == (2, "", f"mnistspec: {message}\n")
