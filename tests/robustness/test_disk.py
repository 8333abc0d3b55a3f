"""Promise 6: on a full or a read-only disk the last good state survives, and the message names path and free space."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistspec.errors import MnistspecError
from mnistspec.files import write_atomically
from tests.robustness.conftest import Bench


class Disk:
    """A small disk in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self._mount("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path))

    def fill(self, left: int) -> None:
        """Leave so many bytes free."""
        with (self.path / "filler").open("wb") as file:
            file.write(bytes(shutil.disk_usage(self.path).free - left))

    def make_read_only(self) -> None:
        self._mount("mount", "-o", "remount,ro", str(self.path))

    def unmount(self) -> None:
        self._mount("umount", "-l", str(self.path))

    @staticmethod
    def _mount(*command: str) -> None:
        program = shutil.which(command[0])
        if sys.platform != "linux" or os.geteuid() != 0 or program is None:
            pytest.skip("only root may mount a disk that can be filled")
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 2 MB."""
    made = Disk(tmp_path / "disk")
    yield made
    made.unmount()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("left", [0, 4096, 8192])
def test_a_full_disk_keeps_the_last_good_state(disk: Disk, stopped: Path, bench: Bench, left: int) -> None:
    run = Path(shutil.copytree(stopped, disk.path / "run"))
    for newest in sorted(run.glob("checkpoints/*.safetensors"))[1:]:
        newest.unlink()  # there is an epoch to train
    disk.fill(left)
    outcome = bench.train("--resume", run)
    assert outcome.code == 1
    assert f"cannot write {run}" in outcome.err
    assert "No space left on device" in outcome.err
    assert "MB free)" in outcome.err
    assert f"resume with: mnistspec train --resume {run}" in " ".join(outcome.err.split()) or left == 0
    assert not list(run.rglob("*.partial"))
    (disk.path / "filler").unlink()
    assert bench.train("--resume", run).code == 0
    assert (run / "model.safetensors").read_bytes() == (stopped / "model.safetensors").read_bytes()


def test_a_full_disk_for_a_new_run(disk: Disk, bench: Bench) -> None:
    disk.fill(0)
    outcome = bench.in_process("train", bench.write_spec(), "--data-dir", bench.data_dir, "--runs", disk.path / "runs")
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert "choose another place" in outcome.err


def test_a_read_only_disk(disk: Disk, stopped: Path, finished: Path, bench: Bench) -> None:
    run = Path(shutil.copytree(stopped, disk.path / "run"))
    done = Path(shutil.copytree(finished, disk.path / "done"))
    disk.make_read_only()
    before = snapshot(disk.path)
    outcome = bench.train("--resume", run)
    assert outcome.code == 1
    assert "Read-only file system" in outcome.err
    assert "MB free)" in outcome.err
    outcome = bench.in_process("train", bench.write_spec(), "--data-dir", bench.data_dir, "--runs", disk.path / "runs")
    assert outcome.code == 1
    assert f"cannot write {disk.path / 'runs'}" in outcome.err
    assert bench.in_process("evaluate", done, "--data-dir", bench.data_dir).code == 0
    assert snapshot(disk.path) == before


@pytest.mark.parametrize(("owner", "step"), [(os, "open"), (os, "fsync"), (Path, "replace")])
def test_a_failed_write_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(MnistspecError, match=r"cannot write .*file: No space left on device \(.* MB free\)"):
        write_atomically(path, b"new")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("file", b"old")]


def test_runs_where_a_file_is(bench: Bench) -> None:
    spec = bench.write_spec()
    outcome = bench.in_process("train", spec, "--data-dir", bench.data_dir, "--runs", spec)
    assert outcome.code == 1
    assert f"cannot write {spec}" in outcome.err
