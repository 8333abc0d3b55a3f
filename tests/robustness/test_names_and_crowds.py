"""Promises 12 and 13: names stay inside, and runs that start at once share nothing."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from mnistspec import files
from mnistspec.data.dataset import load_dataset
from mnistspec.errors import UsageError
from mnistspec.language.loader import load_spec
from mnistspec.runs.execution import Execution
from mnistspec.runs.folder import RunDir
from mnistspec.runs.models import Environment
from tests.robustness.conftest import SPEC, Bench
from tests.robustness.payloads import quoted
from tests.robustness.processes import needs_processes

CROWD = 16
NAMES = (
    "../x", "..", ".", "/etc/x", "a/b", "a\\b", "C:x", "\\\\host\\x", "a\0b", "", " ", "-x", "--runs", ".hidden", "x.",
    "x ", "CON", "con", "con.txt", "NUL", "aux.yaml", "com1", "LPT9.a", "a\nb", "a\x1b[2J", "\uff41", "\u202ex",
    "x" * 65, "~", "~root", "$HOME", "*",
)  # fmt: skip
# As an option these are YAML: nothing at all leaves the spec its own name, and blanks around a word do not count.
HARMLESS = {"": "small", " ": "small", "~": "small", "x ": "x"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["spec", "option"])
def test_names_that_would_lead_elsewhere_are_refused(bench: Bench, name: str, way: str) -> None:
    before = set(bench.path.parent.rglob("*"))
    if way == "spec":
        outcome = bench.train(bench.write_spec(f"name: {quoted(name)}\n{SPEC}"))
    else:
        outcome = bench.train(bench.write_spec(), f"--name={name}")
        if name in HARMLESS:
            assert outcome.code == 0
            assert bench.runs[0].parent == bench.path / "runs" / HARMLESS[name]
            return
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    assert set(bench.path.parent.rglob("*")) - before == {bench.path / "small.yaml"}


def test_sixteen_runs_of_one_second_get_sixteen_folders(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Standing(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # it is always asked for UTC
            assert tz is UTC
            return datetime(2026, 1, 1, tzinfo=UTC)

    # Half of the short ids come twice, too.
    ids = iter([f"{i // 2:06x}" for i in range(4 * CROWD)])
    monkeypatch.setattr(files, "datetime", Standing)
    token_hex = secrets.token_hex
    monkeypatch.setattr(secrets, "token_hex", lambda size: next(ids) if size == 3 else token_hex(size))
    spec = load_spec(bench.write_spec())

    def create(_: int) -> Path:
        return RunDir.create(bench.path / "runs", spec, b"", spec.as_yaml(), Environment(), "").path

    with ThreadPoolExecutor(CROWD) as pool:
        paths = list(pool.map(create, range(CROWD)))
    assert len(set(paths)) == CROWD
    assert all(path.name.startswith("20260101T000000Z-") for path in paths)


@needs_processes
@pytest.mark.slow
def test_sixteen_processes_lose_no_rows(bench: Bench) -> None:
    spec = bench.write_spec()
    children = [bench.start(spec) for _ in range(CROWD)]
    assert [child.wait() for child in children] == [0] * CROWD
    runs = bench.runs
    assert len(runs) == CROWD
    assert {(run / "model.safetensors").read_bytes() for run in runs} == {(runs[0] / "model.safetensors").read_bytes()}
    assert all(len((run / "metrics.csv").read_text().splitlines()) == 3 for run in runs)
    assert len({run.name[:16] for run in runs}) < CROWD, "some were started in the same second"


def test_two_processes_do_not_train_one_run(stopped_copy: Path, bench: Bench) -> None:
    data = load_dataset("mnist", data_dir=bench.data_dir)
    with Execution(RunDir(stopped_copy), data, torch.device("cpu")):
        outcome = bench.train("--resume", stopped_copy)
        assert outcome.code == 2
        assert "another process is training this run" in outcome.err
        with pytest.raises(UsageError):
            Execution(RunDir(stopped_copy), data, torch.device("cpu"))
    assert bench.train("--resume", stopped_copy).code == 0


@pytest.mark.parametrize("name", ["samples.png", "metrics.csv", "checkpoints", "checkpoints/00001-0000000.safetensors"])
def test_a_run_with_links_is_not_gone_on_with(stopped_copy: Path, bench: Bench, name: str) -> None:
    """A stranger's folder could have its pictures, or the removal of old checkpoints, fall on files elsewhere."""
    target = bench.path / "precious"
    path = stopped_copy / name
    if name == "checkpoints":
        shutil.move(path, target)
    else:
        target.write_bytes(path.read_bytes() if path.exists() else b"precious")
        path.unlink(missing_ok=True)
    path.symlink_to(target)
    before = {entry: entry.read_bytes() for entry in [target, *target.glob("*")] if entry.is_file()}
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert f"{path}: refusing to follow a symlink" in outcome.err
    assert {entry: entry.read_bytes() for entry in [target, *target.glob("*")] if entry.is_file()} == before


def test_a_link_to_a_run_folder_is_fine(finished: Path, bench: Bench) -> None:
    link = bench.path / "link"
    link.symlink_to(finished)
    assert bench.in_process("evaluate", link, "--data-dir", bench.data_dir).code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file's name has to be UTF-8, and a pipe has no path")
def test_names_that_are_not_utf_8(bench: Bench) -> None:
    """Folders of runs, of data, of logs and files that are written; nothing but a sentence may refuse them."""
    runs, data = (bench.path / os.fsdecode(name) for name in (b"runs\xff", b"data\xfe"))
    shutil.copytree(bench.data_dir, data)
    train = ("train", bench.write_spec(), "--data-dir", data, "--runs", runs)
    for seed in ("0", "1"):
        assert bench.in_process(*train, "--seed", seed).code == 0
    run = min(runs.glob("small/*"))
    report = bench.path / os.fsdecode(b"report\xff.html")
    for command in (
        ("evaluate", run), ("evaluate", run, "--data-dir", data), ("compare", runs, "--json"), ("diff", run, run),
        ("report", runs, "-o", report), ("report", runs, "-o", report.with_suffix(".md")),
        ("export", run, "--safetensors", bench.path / os.fsdecode(b"network\xff.safetensors")),
        ("sweep", bench.path / "small.yaml", "--seeds", "0-1", "--data-dir", data, "--runs", runs),
    ):  # fmt: skip
        outcome = bench.in_process(*command)
        assert outcome.code == 0, outcome
        assert "left out" not in outcome.err, outcome
    assert report.read_text(encoding="utf-8").count("left out") == 0
    kept = RunDir(run)  # either of the two: both may begin within the same second
    assert kept.environment.command[-3:] == ["runs\ufffd", "--seed", str(kept.spec.train.seed)]
    outcome = bench.in_process(*train, "--tensorboard", bench.path / os.fsdecode(b"logs\xff"))
    assert outcome.code == 2
    assert "writes to no folder whose name is not UTF-8" in outcome.err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file's name has to be UTF-8, and a pipe has no path")
def test_a_spec_from_a_pipe_is_kept_as_it_came(bench: Bench) -> None:
    """What was parsed is what is kept: a pipe can be read once only."""
    reader, writer = os.pipe()
    text = f"# by hand\n{SPEC}"
    os.write(writer, text.encode())
    os.close(writer)
    assert bench.train(f"/dev/fd/{reader}", "--name", "piped").code == 0
    os.close(reader)
    assert (bench.runs[0] / "spec.yaml").read_text(encoding="utf-8") == text
