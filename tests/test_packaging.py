"""What a user gets who installs the package, or takes the hook: nothing is forgotten."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.places import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_every_package_is_named_and_the_specs_go_with_them() -> None:
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "mnistspec").rglob("__init__.py")}
    assert {*SETTINGS["packages"]} == found | {"mnistspec.specs"}
    assert SETTINGS["package-dir"]["mnistspec.specs"] == "specs"


def test_every_file_beside_the_code_is_packed() -> None:
    for name, patterns in SETTINGS["package-data"].items():
        folder = ROOT / SETTINGS["package-dir"][name]
        packed = {path for pattern in patterns for path in folder.glob(pattern)}
        others = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
        assert packed == others


def test_the_hook_of_pre_commit(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["types"]) == ("mnistspec-validate", ["yaml"])
    program, *arguments = shlex.split(hook["entry"])
    (tmp_path / "bad.yaml").write_text("layers: [conb: 8, gap, fc: 10]\n", encoding="utf-8")
    (tmp_path / "good.yaml").write_text("layers: [conv: 8, gap, fc: 10]\n", encoding="utf-8")
    for name, code in (("good.yaml", 0), ("bad.yaml", 2)):
        command = [sys.executable, "-m", program, *arguments, name]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == code
