"""What a user gets who installs the package, or takes the hook: nothing is forgotten."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.places import ROOT

CONTENT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, SETTINGS = CONTENT["project"], CONTENT["tool"]["setuptools"]


def test_every_folder_is_packed_and_the_specs_go_with_them() -> None:
    """Folders without code are packages, too: otherwise setuptools warns that it leaves them out."""
    found = {path.parent for path in (ROOT / "mnistspec").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {*SETTINGS["packages"]} == {".".join(path.relative_to(ROOT).parts) for path in found} | {"mnistspec.specs"}
    assert SETTINGS["package-dir"]["mnistspec.specs"] == "specs"
    assert SETTINGS["package-data"] == {"*": ["*"]}


def test_the_licences_of_program_and_data_are_named() -> None:
    assert PROJECT["license"] == "MIT AND CC-BY-SA-3.0"
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in PROJECT["license-files"]]
    assert "MIT License" in texts[0]
    assert "CC BY-SA 3.0" in texts[1]


def test_every_extra_is_explained() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert {f"`{extra}`" for extra in PROJECT["optional-dependencies"]} <= {*re.findall(r"`\w+`", page)}


def test_the_hook_of_pre_commit(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["types"]) == ("mnistspec-validate", ["yaml"])
    program, *arguments = shlex.split(hook["entry"])
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "bad.yaml").write_text("layers: [conb: 8, gap, fc: 10]\n", encoding="utf-8")
    (repository / "good.yaml").write_text("layers: [conv: 8, gap, fc: 10]\n", encoding="utf-8")
    (repository / "child.yaml").write_text("extends: good.yaml\n", encoding="utf-8")
    (tmp_path / "private.yaml").write_text("layers: [conv: 8, gap, fc: 10]\n", encoding="utf-8")
    (repository / "outside.yaml").write_text("extends: ../private.yaml\n", encoding="utf-8")
    for name, code in (("good.yaml", 0), ("child.yaml", 0), ("bad.yaml", 2), ("outside.yaml", 2)):
        command = [sys.executable, "-m", program, *arguments, *hook["args"], name]
        assert subprocess.run(command, cwd=repository, capture_output=True, check=False).returncode == code
