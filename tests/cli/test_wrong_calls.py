"""A command that fails on its arguments says so in one sentence, with exit code 2, before torch is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT, SPECS

STEP1 = str(SPECS / "step1.yaml")
RUN = str(next(iter(sorted((ROOT / "docs" / "results" / "step6").iterdir()))))
PROGRAM = """\
import sys
from mnistspec.cli.app import main
try:
    main()
finally:
    print('torch' in sys.modules)
"""
CALLS = {
    "blocks": [["cov"]],
    "build": [["none.yaml"], [STEP1, "--set", "epochs"], [STEP1, "--sumary"]],
    "code": [["none.yaml"], [STEP1, "-o", "code.txt"], [STEP1, "-o", "none/code.py"]],
    "compare": [["none"], [RUN, "--csv", "--json"], [RUN, "--sort", "luck"]],
    "data": [["mnits"], ["--data-dir", "none"], ["--augment", "none.yaml"]],
    "demo": [["none"], [RUN, "--port", "65536"]],
    "diff": [[STEP1, "none.yaml"], [STEP1, "."]],
    "evaluate": [["none"], [RUN, "--device", "tpu"], [RUN, "--data", "mnits"], [RUN, "--data-dir", "none"]],
    "explain": [["E999"]],
    "export": [[RUN], ["none", "--onnx", "a.onnx"], [RUN, "--page", "page.txt"], [RUN, "--onnx", "none/a.onnx"]],
    "graph": [["none.yaml"], [STEP1, "-o", "graph.gif"]],
    "inspect": [
        ["none", "a.png", "-o", "b.png"],
        [RUN, "none.png", "-o", "b.png"],
        [RUN, "a.png", "-o", "b.gif"],
        [RUN, "a.png", "-o", "b.png", "--position", "4"],
    ],
    "lr-find": [["none.yaml"], [STEP1, "--threads", "0"], [STEP1, "--lowest", "1", "--highest", "0.1"]],
    "new": [["a b"], ["mine", "--like", "step9"]],
    "predict": [["none", "a.png"], [RUN, "none.png"]],
    "report": [["none"], [RUN, "-o", "report.txt"]],
    "schema": [["mnist"]],
    "show": [["none.yaml"]],
    "sweep": [
        ["none.yaml"],
        [STEP1, "--seeds", "9-0"],
        [STEP1, "--threads", "0"],
        [STEP1, "--device", "tpu"],
        [STEP1, "--retries", "1"],
        [STEP1, "--data-dir", "none"],
    ],
    "train": [
        [],
        ["none.yaml"],
        [STEP1, "--threads", "0"],
        [STEP1, "--device", "tpu"],
        [STEP1, "--data-dir", "none"],
        ["--resume", "none"],
        [STEP1, "--resume", RUN],
        ["--resume", RUN],
    ],
    "validate": [["none.yaml"], []],
    "worker-check": [["--device", "tpu"], ["--data", "mnits"], ["here"], ["no://one:1"]],
}


def test_each_command_is_called_wrongly() -> None:
    from mnistspec.cli.app import find_commands  # noqa: PLC0415 - typer's application

    assert set(CALLS) == {command.name for command in find_commands()}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_call(name: str, tmp_path: Path) -> None:
    for arguments in CALLS[name]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, name, *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2, (arguments, done.stderr)
        assert done.stdout == "False\n", (arguments, done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("mnistspec explain ")]
        assert len(lines) == 1, (arguments, done.stderr)
        assert lines[0].startswith("mnistspec: "), lines
    assert not list(tmp_path.iterdir())
