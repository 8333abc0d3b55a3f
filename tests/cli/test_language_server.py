"""Editors: the real yaml-language-server completes, explains and checks specs by the schema line in their first line.

It is looked for on the PATH and where .ci/run installs it: npm install --prefix .venv/node yaml-language-server
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistspec.language.manual.starter import draft_spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.optimizers import Optimizer
from tests.cli.language_server import LanguageServer
from tests.language.corpus_files import GOOD, settings_of
from tests.needs import need
from tests.places import SPECS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

_INSTALLED = SPECS.parent / ".venv" / "node" / "node_modules" / ".bin"
LINE = "# yaml-language-server: $schema=spec.schema.json\n"


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    """The server, for files in specs/."""
    command = shutil.which("yaml-language-server") or shutil.which("yaml-language-server", path=_INSTALLED)
    need(command, "yaml-language-server: npm install --prefix .venv/node yaml-language-server", "npm")
    need(shutil.which("node"), "node", "npm")
    assert command
    started = LanguageServer(Path(command), SPECS)
    yield started
    started.close()


def test_completes_blocks(server: LanguageServer) -> None:
    offered = server.completions(f"{LINE}layers:\n  - |")
    assert set(offered) == {*Block.members, "repeat"}
    assert offered["conv"] == "conv: "
    assert offered["relu"] == "relu"
    keys = server.completions(f"{LINE}layers:\n  - conv:\n      |")
    assert set(keys) == set(Block.members["conv"].model_fields)
    assert keys["kernel_size"] == "kernel_size: ${1:3}"


def test_completes_optimizers(server: LanguageServer) -> None:
    assert set(server.completions(f"{LINE}layers: [gap]\ntrain:\n  optimizer: |")) == set(Optimizer.members)
    keys = server.completions(f"{LINE}layers: [gap]\ntrain:\n  optimizer:\n    sgd:\n      |")
    assert set(keys) == set(Optimizer.members["sgd"].model_fields)


def test_completes_sections_and_data_sets(server: LanguageServer) -> None:
    assert {"layers", "train", "extends", "targets"} <= set(server.completions(f"{LINE}|"))
    assert {"epochs", "optimizer", "augment"} <= set(server.completions(f"{LINE}layers: [gap]\ntrain:\n  |"))
    assert "kmnist" in server.completions(f"{LINE}layers: [gap]\ndata: |")


@pytest.mark.parametrize("form", ["co|nv: 8", "co|nv: {out_channels: 8, bias: false}"])
def test_explains_a_block(server: LanguageServer, form: str) -> None:
    shown = server.hover(f"{LINE}layers:\n  - {form}\n")
    for part in ("#### conv", Block.members["conv"].summary(), "Shape: CxHxW becomes", "`out_channels`: whole number"):
        assert part in shown


@pytest.mark.parametrize("form", ["{s|gd: 0.1}", "{s|gd: {lr: 0.1}}"])
def test_explains_an_optimizer(server: LanguageServer, form: str) -> None:
    shown = server.hover(f"{LINE}layers: [gap]\ntrain: {{optimizer: {form}}}\n")
    assert "#### sgd" in shown
    assert Optimizer.members["sgd"].summary() in shown
    key = server.hover(f"{LINE}layers: [gap]\ntrain: {{optimizer: {{sgd: {{m|omentum: 0.9}}}}}}\n")
    assert "number from 0 below 1; default: 0" in key


def test_marks_what_is_wrong(server: LanguageServer) -> None:
    text = f"{LINE}layers:\n  - conb: 8\n  - relo\n  - conv\n  - conv: {{kernal_size: 5}}\ntrain: {{epochs: ten}}\n"
    problems = server.problems(text)
    assert {problem.split(":")[0] for problem in problems} == {"3", "4", "5", "6", "7"}
    assert "5: This block needs a value, such as conv: 16." in problems


@pytest.mark.parametrize("path", [*SPECS.glob("*.yaml"), *GOOD], ids=lambda path: path.stem)
def test_finds_nothing_wrong_with_good_specs(server: LanguageServer, path: Path) -> None:
    text = path.read_bytes().decode("utf-8-sig")
    if path in GOOD and (text.startswith(("%", "---")) or settings_of(path)):
        pytest.skip("the schema's line has to come first")
    assert server.problems(text if path.parent == SPECS else LINE + text) == []


@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_finds_the_schema_of_a_new_spec(server: LanguageServer, tmp_path: Path, folder: str) -> None:
    path = tmp_path / "mine.yaml" if folder else SPECS / "mine.yaml"
    text = draft_spec(path)
    assert server.problems(text) == []
    assert server.problems(text.replace("- conv: 8", "- conb: 8")) != []
