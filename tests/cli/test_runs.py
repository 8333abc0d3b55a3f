"""The run that a path stands for, and the data that it was made with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from mnistspec import RunDir
from mnistspec.cli.runs import Need, choose_run
from mnistspec.errors import UsageError
from tests.small_mnist import write_mnist

if TYPE_CHECKING:
    from tests.command_line import CommandLine


@pytest.fixture
def runs(tmp_path: Path, quick_run: Path) -> Path:
    """A folder with three runs below, the one in the middle interrupted, and one that has done nothing."""
    for name in ("20260101T000000Z-aaaaaa", "20260103T000000Z-cccccc", "20260102T000000Z-bbbbbb"):
        shutil.copytree(quick_run, tmp_path / "runs" / "quick" / name)
    (tmp_path / "runs/quick/20260102T000000Z-bbbbbb/result.json").unlink()
    empty = tmp_path / "runs/other/20260104T000000Z-dddddd"
    empty.mkdir(parents=True)
    shutil.copy(quick_run / "resolved.yaml", empty)
    return tmp_path / "runs"


def test_the_run_itself_or_the_only_one_below(runs: Path, quick_run: Path) -> None:
    assert choose_run(quick_run).path == quick_run
    (runs / "quick/20260101T000000Z-aaaaaa/result.json").unlink()
    shutil.rmtree(runs / "quick/20260102T000000Z-bbbbbb")
    assert choose_run(runs / "quick", Need.REST).path.name == "20260101T000000Z-aaaaaa"
    shutil.rmtree(runs / "quick/20260101T000000Z-aaaaaa")
    for path in (runs, runs / "quick"):
        assert choose_run(path).path.name == "20260103T000000Z-cccccc"
    assert choose_run(runs / "other", Need.NOTHING).path.name == "20260104T000000Z-dddddd"


def test_of_several_the_newest_or_all_are_listed(runs: Path) -> None:
    assert choose_run(runs, latest=True).path.name == "20260103T000000Z-cccccc"
    assert choose_run(runs, Need.NOTHING, latest=True).path.name == "20260104T000000Z-dddddd"
    assert choose_run(runs / "quick", Need.REST).path.name == "20260102T000000Z-bbbbbb"
    with pytest.raises(UsageError) as error:
        choose_run(runs)
    head, *lines = str(error.value).splitlines()
    assert head == f"{runs}: 3 runs are below this folder; give one of them, or take the newest with --latest"
    names = ["20260103T000000Z-cccccc", "20260102T000000Z-bbbbbb", "20260101T000000Z-aaaaaa"]
    assert lines == [f"  {runs / 'quick' / name}" for name in names]


@pytest.mark.parametrize(
    ("path", "need", "message"),
    [
        ("none", Need.WEIGHTS, "none: no such folder"),
        ("file", Need.WEIGHTS, "file: not a folder"),
        ("empty", Need.WEIGHTS, "empty: not a run folder, and none is below it"),
        ("runs/other", Need.WEIGHTS, "runs/other: 1 run below this folder, but none of them has finished an epoch"),
        ("runs/done", Need.REST, "runs/done: 1 run below this folder, but all of them have ended"),
    ],
)
def test_where_there_is_none(path: str, need: Need, message: str, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs.parent)
    Path("empty").mkdir()
    Path("file").touch()
    shutil.move("runs/quick/20260101T000000Z-aaaaaa", "runs/done/20260101T000000Z-aaaaaa")
    for latest in (False, True):
        with pytest.raises(UsageError, match=f"^{message}"):
            choose_run(Path(path), need, latest=latest)


@pytest.mark.parametrize("name", ["predict", "inspect", "evaluate", "export", "demo", "train --resume", "diff"])
def test_each_command_with_a_run_lists_several_before_torch(name: str, runs: Path, quick_run: Path) -> None:
    words = {"predict": ["x.png"], "inspect": ["x.png"], "export": ["-o", "x.onnx"], "diff": [str(quick_run)]}
    shutil.copytree(runs / "quick/20260102T000000Z-bbbbbb", runs / "quick/20260105T000000Z-eeeeee")
    program = "import sys\nfrom mnistspec.cli.app import main\ntry: main()\nfinally: print('torch' in sys.modules)\n"
    call = [sys.executable, "-c", program, *name.split(), str(runs), *words.get(name, [])]
    done = subprocess.run(call, cwd=runs.parent, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "False\n"), done.stderr
    assert done.stderr.startswith(f"mnistspec: {runs}: ")
    assert f"\n  {runs / 'quick/20260105T000000Z-eeeeee'}\n" in done.stderr


def test_latest_is_taken_and_said(mnistspec: CommandLine, runs: Path, tmp_path: Path) -> None:
    image = Image.new("L", (60, 60), 255)
    image.paste(0, (27, 8, 33, 52))
    image.save(tmp_path / "one.png")
    newest = str(runs / "quick/20260103T000000Z-cccccc")
    done = mnistspec("predict", runs, tmp_path / "one.png", "--latest", "--json")
    assert (done.code, done.err) == (0, f"taking {newest}\n")
    assert json.loads(done.out)["run"] == newest


@pytest.fixture
def other_mnist(tmp_path: Path) -> Path:
    """Other data than what runs are trained on, with the same names."""
    folder = tmp_path / "other"
    folder.mkdir()
    return write_mnist(folder, 500, 150)


def test_a_run_remembers_its_data(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, other_mnist: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """--data-dir comes first, then the run's own folder while it has the same data, then MNISTSPEC_DATA."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_mnist, "mine")
    done = mnistspec("train", quick_spec, "--data-dir", "mine", "--json", "--set", "train.holdout=100")
    run = Path(json.loads(done.out)["run"])
    assert RunDir(run).environment.data_dir == "mine"

    def evaluate(*more: str) -> tuple[int, str]:
        again = mnistspec("evaluate", run, "--best", "--json", *more)
        assert again.code == 0, again.err
        return json.loads(again.out)["images"], again.err

    assert evaluate() == (200, "")
    monkeypatch.setenv("MNISTSPEC_DATA", str(other_mnist))
    assert evaluate() == (200, "")
    images, warning = evaluate("--data-dir", str(other_mnist))
    assert images == 150
    assert warning == (
        "mnistspec: warning: these are other files of mnist than those that the run was made with, which were in mine\n"
    )
    shutil.move("mine", "moved")
    assert evaluate() == (150, warning)
    monkeypatch.delenv("MNISTSPEC_DATA")
    assert evaluate("--data-dir", "moved") == (200, "")
    assert evaluate()[0] == 10_000
    shutil.move("moved", "mine")
    Path("mine/t10k-labels-idx1-ubyte").write_bytes(b"damaged")
    assert evaluate()[0] == 10_000


def test_resume_remembers_the_data(
    mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_mnist, "mine")
    with monkeypatch.context() as patch:  # the run ends as if the machine had
        patch.setattr("mnistspec.runs.execution.Execution._finish", lambda *_: None)
        assert mnistspec("train", quick_spec, "--data-dir", "mine").code != 0
    done = mnistspec("train", "--resume", "runs", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["data"]["path"] == "mine"


@pytest.mark.parametrize("command", ["data", "train", "lr-find"])
def test_a_folder_is_named_by_the_environment(
    command: str, mnistspec: CommandLine, quick_spec: Path, small_mnist: Path, other_mnist: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNISTSPEC_DATA", "none")
    done = mnistspec(command, "mnist" if command == "data" else quick_spec)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "mnistspec: none: no such folder; --data-dir and MNISTSPEC_DATA name a folder with the IDX files of mnist\n"
    )
    if command == "data":
        monkeypatch.setenv("MNISTSPEC_DATA", str(other_mnist))
        assert json.loads(mnistspec("data", "mnist", "--json").out)["test"]["shape"][0] == 150
        given = mnistspec("data", "mnist", "--json", "--data-dir", small_mnist)
        assert json.loads(given.out)["test"]["shape"][0] == 200
        monkeypatch.setenv("MNISTSPEC_DATA", "")
        assert json.loads(mnistspec("data", "mnist", "--json").out)["test"]["shape"][0] == 10_000
