"""Output to streams of any encoding, closed, full or cut off; names that are not UTF-8; a folder that has gone."""

from __future__ import annotations

import codecs
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mnistspec.cli.app import find_commands
from mnistspec.cli.streams import prepare_streams
from tests.command_line import run_main
from tests.places import ROOT, SPECS

if TYPE_CHECKING:
    from tests.command_line import CommandLine

ENCODINGS = ("ascii", "latin-1", "cp1252", "cp437", "koi8-r", "utf-8")
SPEC = """\
title: "Größe ± 测试 → “x”"
notes: {target: "½ … 💡"}
layers: [{conv: 4}, relu, gap, {fc: 10}]
train: {epochs: 1, batch_size: 500}
"""
# The code with which each command ends, where it is not 0. A demo would not end at all.
CALLS = {
    "blocks": [],
    "build": ["s.yaml", "--summary"],
    "code": ["s.yaml"],
    "compare": ["RUN"],
    "data": ["mnist", "--data-dir", "DATA", "-o", "d.png"],
    "demo": ["none"],
    "diff": ["s.yaml", str(SPECS / "step2.yaml")],
    "evaluate": ["RUN", "--data-dir", "DATA"],
    "explain": ["E204"],
    "export": ["RUN", "--safetensors", "e.safetensors"],
    "graph": ["s.yaml", "-o", "g.svg"],
    "inspect": ["RUN", "i.png", "-o", "n.png"],
    "lr-find": ["s.yaml", "--steps", "20", "--data-dir", "DATA"],
    "new": ["mine"],
    "predict": ["RUN", "i.png"],
    "report": ["RUN", "-o", "r.md"],
    "schema": [],
    "show": ["s.yaml"],
    "sweep": ["s.yaml", "--data-dir", "DATA", "--runs", "w"],
    "train": ["s.yaml", "--data-dir", "DATA", "--runs", "t"],
    "validate": ["s.yaml", "wrong.yaml"],
    "worker-check": [],
}
CODES = {"demo": 2, "diff": 1, "lr-find": 1, "validate": 2}
TABLES = {"build", "compare", "data", "evaluate", "predict", "sweep"}
BAD = os.fsdecode(b"\xff\xfe")


def stream(encoding: str) -> io.TextIOWrapper:
    """Return what Python makes of PYTHONIOENCODING=encoding."""
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


def text_of(written: io.TextIOWrapper) -> str:
    assert isinstance(written.buffer, io.BytesIO)
    return written.buffer.getvalue().decode(written.encoding)


def draw_one(path: Path) -> None:
    """Write a picture of a 1."""
    image = Image.new("L", (60, 60), 255)
    image.paste(0, (27, 8, 33, 52))
    image.save(path)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with specs and a picture."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(SPEC.replace("relu", "relü"), encoding="utf-8")
    draw_one(tmp_path / "i.png")
    return tmp_path


def test_each_command_is_called() -> None:
    assert set(CALLS) == {command.name for command in find_commands()}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.usefixtures("work")
def test_encodings(
    name: str, encoding: str, quick_run: Path, small_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "sweep" and encoding != "ascii":
        pytest.skip("it starts a process for each run; what it prints is made like the others'")
    out, err = stream(encoding), stream(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    places = {"RUN": quick_run, "DATA": small_mnist}
    code = run_main(name, *(places.get(word, word) for word in CALLS[name]))
    assert code == CODES.get(name, 0), text_of(err)
    text = text_of(out)
    assert bool(text) == (name != "demo" and not (name == "lr-find" and code))
    if name in TABLES:
        assert "-----" in text
        assert "?" not in text
    if name == "validate":
        shown = "rel?" if encoding == "ascii" else "relü"
        assert f'unknown block "{shown}"; did you mean "relu"?' in text_of(err)


@given(text=st.text(max_size=30), encoding=st.sampled_from(ENCODINGS))
def test_every_text_can_be_written(text: str, encoding: str) -> None:
    """What an encoding has is kept, each other character is replaced by one, so that columns stay."""
    prepare_streams()
    written = text.encode(encoding, "mnistspec.plain").decode(encoding)
    if "± " not in text:
        assert len(written) == len(text)
    kept = text.encode(encoding, "ignore").decode(encoding)
    if kept == text:
        assert written == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [("─┼│├━", "-+|+-"), ("99.40 ± 0.05", "99.40 +-0.05"), ("±", "?"), ("…“”→█", '."">#'), ("é", "?")],
)
def test_plain_characters(text: str, plain: str) -> None:
    prepare_streams()
    assert codecs.encode(text, "ascii", "mnistspec.plain") == plain.encode()


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which ``mnistspec`` is the command line."""
    line = command.replace("mnistspec", f"{sys.executable} -m mnistspec")
    # Empty as if it was not set: output that Python does not keep back cannot fail when the interpreter ends.
    there = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", "STEP": str(SPECS / "step1.yaml")}
    there |= environment
    return subprocess.run(
        ["/bin/bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=60, env=there
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        ("mnistspec build $STEP --summary > /dev/full", 1, "", "cannot write the output: No space left on device"),
        ("mnistspec -h > /dev/full", 1, "", "cannot write the output: No space left on device"),
        ("mnistspec build -h > /dev/full", 1, "", "cannot write the output: No space left on device"),
        ("mnistspec schema | head -1", 0, "{", ""),
        ("mnistspec -h | head -c 1", 0, " ", ""),
        ("mnistspec schema >&-", 0, "", ""),
        ("mnistspec buidl 2>&-", 2, "", ""),
        ("mnistspec buidl 2> /dev/full", 2, "", ""),
        ("mnistspec compare none >&- 2>&-", 2, "", ""),
        ("mkdir d; cd d; rmdir ../d; mnistspec train $STEP", 2, "", "the working folder: No such file or directory"),
        ("mkdir d; cd d; rmdir ../d; mnistspec new mine", 2, "", "the working folder: No such file or directory"),
    ],
)
def test_streams_that_fail(command: str, code: int, out: str, err: str, tmp_path: Path) -> None:
    done = shell(command, tmp_path)
    assert (done.returncode, done.stdout.rstrip("\n")) == (code, out), done.stderr
    assert err in done.stderr
    assert len(done.stderr.splitlines()) == bool(err), done.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "dumb"},
        {"TERM": ""},
        {"COLUMNS": "40"},
        {"COLUMNS": "200"},
        {"COLUMNS": "0"},
        {"COLUMNS": "x"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_surroundings(environment: dict[str, str], tmp_path: Path) -> None:
    """A pipe has 80 columns, whatever the terminal was said to have."""
    table, plain = (shell("mnistspec build $STEP --summary", tmp_path, **more) for more in (environment, {}))
    assert (table.returncode, table.stderr) == (0, "")
    assert table.stdout == (plain.stdout.replace("─", "-") if "LC_ALL" in environment else plain.stdout)
    assert shell("mnistspec train -h", tmp_path, **environment).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [BAD],
        [f"--{BAD}"],
        ["blocks", BAD],
        ["build", BAD],
        ["build", "s.yaml", "--set", f"{BAD}=1"],
        ["build", "s.yaml", "--set", f"name={BAD}"],
        ["code", "s.yaml", "-o", f"{BAD}/c.py"],
        ["compare", BAD],
        ["compare", "RUN", "--sort", BAD],
        ["data", BAD],
        ["data", "--data-dir", BAD],
        ["data", "--augment", BAD],
        ["demo", BAD],
        ["diff", "s.yaml", BAD],
        ["evaluate", BAD],
        ["evaluate", "RUN", "--data", BAD],
        ["evaluate", "RUN", "--device", BAD],
        ["explain", BAD],
        ["export", BAD, "--onnx", "a.onnx"],
        ["graph", "s.yaml", "-o", BAD],
        ["inspect", "RUN", BAD, "-o", "n.png"],
        ["inspect", "RUN", "i.png", "-o", "n.png", "--position", BAD],
        ["lr-find", "s.yaml", "--steps", BAD],
        ["new", BAD],
        ["new", "mine", "--like", BAD],
        ["predict", "RUN", BAD],
        ["report", "RUN", "-o", BAD],
        ["schema", BAD],
        ["show", BAD],
        ["sweep", "s.yaml", "--seeds", BAD],
        ["sweep", "s.yaml", "--cluster", BAD],
        ["train", "s.yaml", "--name", BAD],
        ["train", "--resume", BAD],
        ["validate", BAD],
        ["worker-check", BAD],
    ],
    ids=lambda words: " ".join(words).replace(BAD, "BAD"),
)
def test_wrong_words_that_are_not_utf8(
    mnistspec: CommandLine, arguments: list[str], work: Path, quick_run: Path
) -> None:
    done = mnistspec(*(str(quick_run) if word == "RUN" else word for word in arguments))
    assert (done.code, done.out) == (2, "")
    assert done.err
    assert BAD not in done.err
    assert sorted(path.name for path in work.iterdir()) == ["i.png", "s.yaml", "wrong.yaml"]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take names in UTF-8 only")
def test_files_whose_names_are_not_utf8(mnistspec: CommandLine, work: Path, quick_run: Path, small_mnist: Path) -> None:
    spec, picture, run = f"{BAD}.yaml", f"{BAD}.png", str(quick_run)
    (work / spec).write_text(f"name: named\n{SPEC}", encoding="utf-8")
    draw_one(work / picture)
    (work / f"{BAD}-data").symlink_to(small_mnist)
    for arguments in (
        ["build", spec],
        ["validate", spec],
        ["show", spec],
        ["code", spec, "-o", f"{BAD}.py"],
        ["graph", spec, "-o", f"{BAD}.svg"],
        ["predict", run, picture],
        ["inspect", run, picture, "-o", f"{BAD}-seen.png"],
        ["evaluate", run, "--data-dir", f"{BAD}-data"],
        ["export", run, "--safetensors", f"{BAD}.safetensors"],
        ["compare", run],
        ["report", run, "-o", f"{BAD}.md"],
        ["data", "mnist", "--data-dir", f"{BAD}-data", "-o", f"{BAD}-data.png"],
    ):
        done = mnistspec(*arguments)
        assert done.code == 0, (arguments, done.err)
        assert BAD not in done.out + done.err
    assert "(%FF%FE-pictures/" in (work / f"{BAD}.md").read_text(encoding="utf-8")
