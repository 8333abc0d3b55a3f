"""A sweep over an engine that does not train: what is begun, skipped and resumed, and what the tables say."""

from __future__ import annotations

import csv
import json
import sys
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from mnistspec.errors import CorruptError, UsageError
from mnistspec.language.loader import load_spec
from mnistspec.runs.documents import write_json
from mnistspec.runs.listing import SweepTable
from mnistspec.runs.lock import lock_folder
from mnistspec.sweeps.engine import LocalEngine, Outcome, describe_exit
from mnistspec.sweeps.grid import Job, make_grid
from mnistspec.sweeps.sweep import Sweep
from mnistspec.views.terminal.sweeps import counts_line, run_line, sweep_panel
from mnistspec.views.terminal.tables import render_text
from tests.sweeps.fakes import TINY, FakeEngine, make_run, write_spec


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    return make_grid([write_spec(tmp_path)], [], (0, 1, 2))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "sweep"
    folder.mkdir()
    return folder


def finish(sweep: Sweep, engine: FakeEngine) -> list[str]:
    sweep.start(engine)
    return [run_line(run, sweep) for run in sweep.watch() if run]


def read_tables(root: Path) -> list[dict[str, object]]:
    """Return the rows of sweep.json after asserting that sweep.csv has the same."""
    rows = json.loads((root / "sweep.json").read_text(encoding="utf-8"))["runs"]
    with (root / "sweep.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    for row, texts in zip(rows, table, strict=True):
        for key in set(row) - {"settings"}:
            assert texts[key] == ("" if row[key] is None else str(row[key]))
    assert isinstance(rows, list)
    return rows


def test_all_jobs_are_run_in_order_and_written_down(root: Path, jobs: list[Job]) -> None:
    engine = FakeEngine(root)
    lines = finish(Sweep(root, jobs), engine)
    assert engine.submitted == [(f"tiny seed {seed}", None) for seed in range(3)]
    assert len(lines) == 3
    rows = read_tables(root)
    assert [(row["seed"], row["status"], row["test_accuracy"]) for row in rows] == [
        (0, "done", 90.0), (1, "done", 91.0), (2, "done", 92.0)
    ]  # fmt: skip
    assert (rows[0]["best_test_accuracy"], rows[0]["epochs"], rows[0]["seconds"]) == (91.0, 2, 4.0)
    assert all((root / str(row["folder"]) / "result.json").is_file() for row in rows)


def test_what_is_done_is_skipped(root: Path, jobs: list[Job]) -> None:
    finish(Sweep(root, jobs[:2]), FakeEngine(root))
    engine = FakeEngine(root)
    sweep = Sweep(root, jobs)
    assert sweep.counts == {"done": 2, "waiting": 1}
    finish(sweep, engine)
    assert [label for label, _ in engine.submitted] == ["tiny seed 2"]
    assert [row["status"] for row in read_tables(root)] == ["done"] * 3


def test_another_setting_is_another_run(root: Path, jobs: list[Job]) -> None:
    finish(Sweep(root, jobs), FakeEngine(root))
    changed = make_grid([jobs[0].path], ["train.batch_size=64"], (0,))
    finish(Sweep(root, changed), FakeEngine(root))
    rows = read_tables(root)
    assert len(rows) == 4
    assert rows[-1]["settings"] == {"train.batch_size": "64"}


def test_what_has_a_checkpoint_goes_on(root: Path, jobs: list[Job]) -> None:
    orphan = make_run(root, jobs[0].spec, status=None)
    begun = make_run(root, jobs[1].spec, 50.0, status=None)
    (begun / "checkpoints").mkdir()
    (begun / "checkpoints" / "00001-0000000.safetensors").touch()
    engine = FakeEngine(root)
    sweep = Sweep(root, jobs)
    assert [run.epochs for run in sweep.runs] == [0, 1, 0]
    finish(sweep, engine)
    assert engine.submitted == [("tiny seed 0", None), ("tiny seed 1", begun), ("tiny seed 2", None)]
    assert sweep.runs[0].folder != orphan


def test_a_failure_stops_no_other_and_is_told(root: Path, jobs: list[Job]) -> None:
    sweep = Sweep(root, [*jobs, *make_grid([jobs[0].path], [], (3,))])
    failed = make_run(root, jobs[1].spec, 50.0, status="not finite")
    engine = FakeEngine(
        root, {0: OSError("no memory"), 1: Outcome("not finite", failed, "the loss is nan"), 2: Outcome("failed")}
    )
    lines = finish(sweep, engine)
    assert "OSError: no memory" in lines[0]
    assert lines[1] == f"not finite tiny seed 1: the loss is nan ({failed})"
    assert [row["status"] for row in read_tables(root)] == ["failed", "not finite", "failed", "done"]
    assert counts_line(sweep) == "4 runs: 2 failed, 1 not finite, 1 done"
    again = FakeEngine(root)
    finish(Sweep(root, jobs), again)
    assert [label for label, _ in again.submitted] == ["tiny seed 0", "tiny seed 2"]  # the loss would be nan again
    assert [row["status"] for row in read_tables(root)] == ["done", "done", "not finite", "done"]


def test_a_run_of_another_spec_than_asked_for_has_failed(root: Path, jobs: list[Job]) -> None:
    other = make_run(root, jobs[1].spec, 91.0)
    sweep = Sweep(root, jobs[:1])
    (line,) = finish(sweep, FakeEngine(root, {0: Outcome("done", other)}))
    assert "the spec was changed" in line


def test_the_table_is_whole_while_runs_are_under_way(root: Path, jobs: list[Job]) -> None:
    class Slow(FakeEngine):
        def submit(self, job: Job, resume: Path | None = None) -> Future[Outcome]:
            self.submitted.append((job.label, resume))
            future: Future[Outcome] = Future()
            futures.append(future)
            return future

    futures: list[Future[Outcome]] = []
    sweep = Sweep(root, jobs)
    sweep.start(Slow(root))
    futures[0].set_running_or_notify_cancel()
    watched = sweep.watch(tick=0.01)
    assert next(watched) is sweep.runs[0]
    assert next(watched) is None
    folder = make_run(root, jobs[0].spec, 50.0, status=None)
    sweep.look()
    assert (sweep.runs[0].folder, sweep.runs[0].epochs, sweep.counts["running"]) == (folder, 1, 1)
    left = sweep.time_left()
    assert left is not None
    assert left > 0
    assert [row["status"] for row in read_tables(root)] == ["waiting"] * 3
    futures[0].set_result(Outcome("interrupted", None, "stopped by SIGTERM"))
    for future in futures[1:]:
        future.set_result(Outcome("waiting"))
    assert all(run for run in watched)
    assert [row["status"] for row in read_tables(root)] == ["interrupted", "waiting", "waiting"]


def test_rows_of_a_killed_sweep_are_not_running_for_ever(root: Path, jobs: list[Job]) -> None:
    finish(Sweep(root, jobs[:1]), FakeEngine(root))
    write_json(root / "sweep.json", {"runs": [{**row, "status": "running"} for row in read_tables(root)]})
    finish(Sweep(root, jobs[1:]), FakeEngine(root))
    assert [row["status"] for row in read_tables(root)] == ["interrupted", "done", "done"]


def test_a_damaged_table_is_told_of(root: Path, jobs: list[Job]) -> None:
    (root / "sweep.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorruptError, match=r"sweep\.json"):
        Sweep(root, jobs)


def test_two_sweeps_do_not_share_a_folder(root: Path) -> None:
    with lock_folder(root, ".lock"), pytest.raises(UsageError, match="another sweep"), lock_folder(root, ".lock"):
        pass
    with lock_folder(root, ".lock"):
        pass


@pytest.mark.parametrize(
    ("code", "output", "messages", "status", "message"),
    [
        (0, '{"run": "runs/a"}', "", "done", ""),
        (0, "oops", "", "failed", "something else"),
        (1, "", "epoch\nmnistspec: the disk is full\n", "failed", "the disk is full (exit code 1)"),
        (1, "", "", "failed", "said nothing"),
        (3, "", "mnistspec: the loss is nan\n", "not finite", "the loss is nan"),
        (-9, "", "epoch\n", "failed", "the process was ended by SIGKILL"),
        (-200, "", "", "failed", "signal 200"),
        (130, "", "interrupted at epoch 2", "interrupted", "stopped by SIGINT"),
        (143, "", "", "interrupted", "stopped by SIGTERM"),
    ],
)
def test_each_exit_is_described(code: int, output: str, messages: str, status: str, message: str) -> None:
    outcome = describe_exit(code, output, messages)
    assert outcome.status == status
    assert message in outcome.message
    assert outcome.folder == (Path("runs/a") if status == "done" else None)


def test_the_local_engine_runs_train_and_begins_nothing_once_stopped(root: Path, jobs: list[Job]) -> None:
    engine = LocalEngine(root, jobs=1, threads=1, options=("--device=cpu",))
    command = engine._command(jobs[2], None)
    assert command[:4] == [sys.executable, "-m", "mnistspec", "train"]
    assert command[4:] == [
        "--threads=1", "--device=cpu", "--json", f"--runs={root}", "--set=train.seed=2", "--", str(jobs[2].path)
    ]  # fmt: skip
    assert engine._command(jobs[2], root / "run")[4:] == [
        "--threads=1", "--device=cpu", "--json", f"--resume={root / 'run'}"
    ]  # fmt: skip
    with engine:
        engine.stop()
        assert engine.submit(jobs[0]).result() == Outcome("waiting")


def test_a_sweep_fits_into_a_terminal(root: Path, tmp_path: Path) -> None:
    jobs = make_grid([write_spec(tmp_path, "n" * 64)], [], (0, 1))
    sweep = Sweep(root, [replace(job, label=f"{job.label} data='[red]x'") for job in jobs])
    for run in sweep.runs:
        run.status = "running"
    text = render_text(sweep_panel(sweep))
    assert max(map(len, text.splitlines())) <= 80
    assert "[red]x" in text


def test_the_same_training_under_other_words_and_targets_is_the_same_run(root: Path, tmp_path: Path) -> None:
    """What is trained is what counts, not what is said about it; rows of an earlier identity are replaced."""
    path = write_spec(tmp_path)
    folders = [make_run(root, load_spec(path, [f"train.seed={seed}"]), 91.0) for seed in (0, 1)]
    old = Sweep(root, make_grid([path], [], (0, 1)))
    rows = [row.model_copy(update={"id": "0" * 12}) for row in (run.as_row(root) for run in old.runs)]
    write_json(root / "sweep.json", SweepTable(runs=rows).as_data())
    words = "title: now with a title\nnotes: {target: more}\nreference: {params: 9}\n"
    write_spec(tmp_path, text=TINY.replace("min_test_accuracy: 90", "min_test_accuracy: 99") + words)
    sweep = Sweep(root, make_grid([path], [], (0, 1, 2)))
    assert [(run.status, run.folder) for run in sweep.runs] == [*(("done", f) for f in folders), ("waiting", None)]
    assert [run.has_other_targets for run in sweep.runs] == [True, True, False]
    sweep.write()
    assert [row["seed"] for row in read_tables(root)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lr: 0.1", "lr: 0.2"),
        ("epochs: 3", "epochs: 4"),
        ("relu, maxpool: 4", "maxpool: 4, relu"),
        ("train: {", "train: {holdout: 100, "),
        ("layers:", "data: kmnist\nlayers:"),
        ("train: {", "train: {augment: [rotation: 5], "),
        ("train: {", "train: {scheduler: {onecycle: {max_lr: 0.1}}, "),
    ],
)
def test_another_training_is_another_run(root: Path, tmp_path: Path, old: str, new: str) -> None:
    path = write_spec(tmp_path)
    make_run(root, load_spec(path), 91.0)
    assert TINY.count(old) == 1
    write_spec(tmp_path, text=TINY.replace(old, new))
    assert Sweep(root, make_grid([path], [])).counts == {"waiting": 1}


def test_a_folder_whose_spec_cannot_be_read_is_no_run_of_the_sweep(root: Path, tmp_path: Path) -> None:
    path = write_spec(tmp_path)
    folder = make_run(root, load_spec(path), 91.0)
    text = (folder / "resolved.yaml").read_text(encoding="utf-8")
    (folder / "resolved.yaml").write_text(text.replace("relu", "rellu"), encoding="utf-8")
    assert Sweep(root, make_grid([path], [])).counts == {"waiting": 1}


def test_what_was_trained_on_other_data_is_not_done(tmp_path: Path) -> None:
    root, jobs = tmp_path / "sweep", make_grid([write_spec(tmp_path)], [], (0, 1))
    for job in jobs:
        make_run(root, job.spec, 91.0, digest="a" * 64)
    same = Sweep(root, jobs, {"mnist": "a" * 64})
    assert same.counts == {"done": 2}
    same.write()
    other = Sweep(root, jobs, {"mnist": "b" * 64})
    assert other.counts == {"waiting": 2}
    other.write()
    rows = json.loads((root / "sweep.json").read_text())["runs"]
    assert [row["data_digest"][0] for row in rows] == ["a", "a", "b", "b"]
