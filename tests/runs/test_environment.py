"""Nothing in a run folder names the user, the host, its kernel's build or a folder that the user did not give."""

from __future__ import annotations

import getpass
import json
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mnistspec.files import strip_places
from tests.places import ROOT
from tests.small_mnist import write_mnist
from tests.sweeps.fakes import TINY, write_spec

RESULTS = ROOT / "docs" / "results"
FIXTURES = ROOT / "tests" / "robustness" / "fixtures"


def names_of_this_machine() -> set[str]:
    """Return what may stand in no file of a run; a host that is called "vm" or the like would be found by chance."""
    names = {str(Path.home()), socket.gethostname(), getpass.getuser(), platform.release(), platform.version()}
    return {name for name in names if len(name) > 4}


def find_names(folder: Path, names: set[str]) -> list[str]:
    """Return the files below a folder in which one of the names stands, with the name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [f"{path}: {name}" for path in files for name in names if name.encode() in path.read_bytes()]


@pytest.mark.parametrize("command", [("train",), ("sweep", "--seeds", "0"), ("train", "--set", "train.holdout=8")])
def test_a_run_names_no_machine(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With all paths absolute: below the working folder, below the home, and outside of both."""
    home, work, runs = (tmp_path / name for name in ("homeofalice", "workhere", "elsewhere"))
    for folder in (home, work, runs):
        folder.mkdir()
    data, spec = write_mnist(home, 64, 20), write_spec(work, text=TINY.replace("epochs: 3", "epochs: 1"))
    done = subprocess.run(
        [sys.executable, "-m", "mnistspec", *command, f"--data-dir={data}", f"--runs={runs}", str(spec)],
        cwd=work, env={**os.environ, "HOME": str(home), "USER": "alice", "LOGNAME": "alice", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert find_names(runs, {str(tmp_path), "alice", *names_of_this_machine()}) == []
    (file,) = runs.glob("tiny/*/env.json")
    words = json.loads(file.read_text(encoding="utf-8"))["command"]
    assert {"--data-dir=~", "--runs=elsewhere", "./tiny.yaml"} < set(words)
    assert json.loads(file.with_name("result.json").read_text(encoding="utf-8"))["data"]["path"] == "~"


@pytest.mark.parametrize("folder", [RESULTS, FIXTURES])
def test_what_is_kept_here_names_no_machine(folder: Path) -> None:
    assert find_names(folder, {str(ROOT), *names_of_this_machine()}) == []
    for path in folder.rglob("env.json"):
        environment = json.loads(path.read_text(encoding="utf-8"))
        assert environment["platform"] in {"Linux-x86_64-glibc-2.36", "Linux"}, path
        values = [word.rpartition("=")[2] for word in environment["command"]]
        assert not [value for value in values if Path(value).is_absolute()], path


def test_places_in_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, work, place = tmp_path / "home", tmp_path / "home" / "work", tmp_path / "place"
    work.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    words = {
        str(work): ".",
        f"{work}/s.yaml": "./s.yaml",
        f"--data-dir={home}/mnist": "--data-dir=~/mnist",
        f"{home}s": f"{home}s",  # another folder, whose name begins alike
        f"--set=notes={home}": "--set=notes=~",
        f"--runs={place}": "--runs=place",
        f"{place}/x": "place/x",
        "/data/mnist": "/data/mnist",  # as the user gave it
        f"see {home}": f"see {home}",
        "../other": "../other",
        os.fsdecode(b"r\xff"): "r\ufffd",
    }
    assert strip_places(words, place) == list(words.values())
    assert strip_places([str(place)]) == [str(place)]
    assert strip_places(["/", "/x"], Path("/")) == ["/", "/x"]
    assert strip_places(["runs"], Path("runs")) == ["runs"]
