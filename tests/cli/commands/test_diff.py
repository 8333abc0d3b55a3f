"""``mnistspec diff``: its exit codes, its text, its data, specs and runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mnistspec.language.loader import load_document
from tests.command_line import CommandLine
from tests.places import SPECS


def test_the_courses_own_sentence(mnistspec: CommandLine) -> None:
    outcome = mnistspec("diff", SPECS / "step2.yaml", SPECS / "step3.yaml")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.startswith("step2 -> step3\n")
    assert re.search(r"\+ dropout [\d.]+ after each bn \(6 times\)\n", outcome.out)
    assert "parameters      5,088, unchanged" in outcome.out


def test_equal_specs(mnistspec: CommandLine, tmp_path: Path) -> None:
    text = (SPECS / "step2.yaml").read_text()
    (tmp_path / "other.yaml").write_text(text.replace("name: step2", "name: other").replace("title: ", "title: My "))
    outcome = mnistspec("diff", SPECS / "step2.yaml", tmp_path / "other.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "no difference in layers (20 blocks, 5,088 parameters)" in outcome.out
    assert json.loads(mnistspec("diff", SPECS / "step2.yaml", tmp_path / "other.yaml", "--json").out)["equal"]


def test_data(mnistspec: CommandLine) -> None:
    outcome = mnistspec("diff", SPECS / "step5.yaml", SPECS / "step6.yaml", "--json")
    assert outcome.code == 1
    data = json.loads(outcome.out)
    assert (data["before"]["name"], data["after"]["name"], data["equal"]) == ("step5", "step6", False)
    assert data["totals"]["before"]["params"] == 6124
    assert data["totals"]["after"]["params"] == 6720
    document = load_document(SPECS / "step6.yaml")
    assert [b["after"]["line"] for b in data["blocks"] if b["after"]] == list(document.lines)
    settings = {change["key"]: change["after"] for change in data["settings"]}
    assert settings["train.scheduler"] == {"onecycle": document.spec.train.scheduler.model_dump()}


def test_runs(mnistspec: CommandLine, quick_run: Path) -> None:
    outcome = mnistspec("diff", quick_run, quick_run / "spec.yaml")
    assert outcome.code == 0
    assert "test accuracy, last epoch" in outcome.out
    data = json.loads(mnistspec("diff", quick_run, quick_run, "--json").out)
    assert data["before"]["result"]["epochs"] == 2
    assert data["equal"]


def test_refusals(mnistspec: CommandLine, tmp_path: Path, quick_spec: Path) -> None:
    (tmp_path / "bad.yaml").write_text("layers: [convv: 8]\n")
    for other, words in (
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path / "bad.yaml", 'did you mean "conv"?'),
        (tmp_path, "not a run folder"),
    ):
        outcome = mnistspec("diff", quick_spec, other)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err


@pytest.mark.parametrize("command", ["diff", "train", "sweep"])
def test_mistakes_of_several_specs_are_told_together(mnistspec: CommandLine, tmp_path: Path, command: str) -> None:
    specs = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for spec, word in zip(specs, ("convv", "reluu"), strict=True):
        spec.write_text(f"data: mnist\nlayers: [{word}: 8]\n")
    outcome = mnistspec(command, *specs)
    assert (outcome.code, outcome.out) == (2, "")
    assert "a.yaml:2:10: " in outcome.err
    assert "b.yaml:2:10: " in outcome.err


def test_specs_are_compared_without_torch() -> None:
    code = (
        "import sys; from mnistspec.cli.app import app; sys.argv = ['mnistspec', 'diff', *sys.argv[1:]]\n"
        "try: app()\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    arguments = [sys.executable, "-c", code, str(SPECS / "step0.yaml"), str(SPECS / "step1.yaml")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
