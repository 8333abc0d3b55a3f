"""``train --tensorboard``: the log is read back with TensorBoard's own reader, and changes nothing of the run."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec import RunDir, load_spec
from mnistspec.cli.interruption import Interrupted, Interruption
from mnistspec.runs.tensorboard import flatten_spec, name_scalars
from mnistspec.sweeps.grid import name_settings
from tests.command_line import CommandLine, Outcome
from tests.needs import need_module
from tests.places import SPECS
from tests.small_mnist import write_mnist

need_module("tensorboard")

SPEC = """\
layers: [conv: 4, bn, relu, dropout: 0.1, maxpool: 4, flatten, fc: 10]
train: {epochs: 3, batch_size: 32, optimizer: {sgd: {lr: 0.1, momentum: 0.9}}, augment: [rotation: 5]}
"""
STEPS = 4  # of an epoch: 128 images, 32 a batch
Train = Callable[..., Outcome]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few images of MNIST."""
    return write_mnist(tmp_path_factory.mktemp("mnist"), 128, 64)


@pytest.fixture
def train(mnistspec: CommandLine, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Trains the small spec with a log, without pictures."""
    monkeypatch.setattr("mnistspec.views.painting.paint_run", lambda *_: None)
    (tmp_path / "small.yaml").write_text(SPEC, encoding="utf-8")

    def run(*arguments: str | Path, log: bool = True) -> Outcome:
        what = arguments or (tmp_path / "small.yaml",)
        logged = ("--tensorboard", tmp_path / "logs") if log else ()
        return mnistspec("train", *what, "--data-dir", data_dir, "--runs", tmp_path / "runs", *logged)

    return run


def find_run(root: Path) -> RunDir:
    (path,) = (root / "runs" / "small").iterdir()
    return RunDir(path)


def read(folder: Path) -> Any:
    """Return TensorBoard's reader of a run's log, with all that it has read."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415 - an extra

    reader = EventAccumulator(str(folder))
    reader.Reload()
    return reader


def read_scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    reader = read(folder)
    return {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def read_session(folder: Path) -> tuple[dict[str, Any], bool]:
    """Return the hyper-parameters as the HPARAMS tab reads them, and whether it takes the run for ended."""
    from tensorboard.plugins.hparams import metadata  # noqa: PLC0415 - an extra

    found = read(folder).summary_metadata
    start = metadata.parse_session_start_info_plugin_data(found[metadata.SESSION_START_INFO_TAG].plugin_data.content)
    values = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
    return values, metadata.SESSION_END_INFO_TAG in found


def check_scalars(folder: Path, run: RunDir) -> None:
    """Hold a log against metrics.csv: the same epochs, each once, and the same figures."""
    rows = run.metrics
    scalars, tags = read_scalars(folder), name_scalars(run.spec)
    assert scalars.keys() == tags.keys()
    for tag, name in tags.items():
        expected: list[Any] = [(row.epoch, pytest.approx(getattr(row, name), rel=1e-6)) for row in rows]
        assert scalars[tag] == expected, tag


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int, look: Callable[[], None] = lambda: None) -> None:
    """Have the next training interrupted after so many steps and test passes."""
    left = steps

    def check(_: Interruption) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            look()
            raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr(Interruption, "check", check)


def test_the_log_has_every_epoch_and_the_run_is_the_same(train: Train, tmp_path: Path) -> None:
    assert train().code == 0
    run = find_run(tmp_path)
    log = tmp_path / "logs" / "small-seed-1" / run.path.name
    check_scalars(log, run)
    assert len(run.metrics) == 3
    values, ended = read_session(log)
    assert ended
    assert values == {key: pytest.approx(value) for key, value in flatten_spec(run.spec).items()}
    assert (values["train.seed"], values["train.optimizer"], values["train.optimizer.sgd.lr"]) == (1, "sgd", 0.1)

    logged = {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    run.path.rename(tmp_path / "logged")
    assert train(log=False).code == 0
    other = find_run(tmp_path).path
    for name in ("model.safetensors", "best.safetensors", "resolved.yaml", "spec.yaml", "summary.txt"):
        assert (other / name).read_bytes() == logged[name], name
    tables = [
        list(csv.reader(text.decode().splitlines()))
        for text in (logged["metrics.csv"], (other / "metrics.csv").read_bytes())
    ]
    assert [row[:-1] for row in tables[0]] == [row[:-1] for row in tables[1]]
    assert other.joinpath("result.json").is_file()
    assert {path.name for path in other.iterdir() if path.is_file()} == logged.keys()


@pytest.mark.parametrize("behind", [False, True])
def test_a_run_that_goes_on_has_each_point_once(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: bool
) -> None:
    """Also where the log is ahead of the checkpoint that is gone on from."""
    seen: list[int] = []

    def look() -> None:  # what another process sees at that moment
        (log,) = (tmp_path / "logs").glob("*/*")
        seen.extend(step for step, _ in read_scalars(log)["test/accuracy"])
        assert not read_session(log)[1]

    with monkeypatch.context() as patch:
        stop_after(patch, 2 * (STEPS + 1) + 2, look)
        assert train().code == 143
    assert seen == [1, 2]
    run = find_run(tmp_path)
    if behind:
        for newest in sorted((run.path / "checkpoints").glob("*.safetensors"))[1:]:
            newest.unlink()
    assert train("--resume", run.path).code == 0
    (log,) = (tmp_path / "logs").glob("*/*")
    check_scalars(log, run)
    assert len(run.metrics) == 3
    assert read_session(log)[1]


def test_a_run_that_goes_on_without_a_log_is_whole_in_the_next(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for steps, log in ((STEPS + 2, True), (STEPS + 1, False)):
        with monkeypatch.context() as patch:
            stop_after(patch, steps)
            what = () if log else ("--resume", find_run(tmp_path).path)
            assert train(*what, log=log).code == 143
    run = find_run(tmp_path)
    assert train("--resume", run.path).code == 0
    (log_folder,) = (tmp_path / "logs").glob("*/*")
    check_scalars(log_folder, run)
    times = [event.wall_time for event in read(log_folder).Scalars("test/loss")]
    assert times == sorted(times)


def test_a_missing_package_is_told_before_anything_is_trained(
    mnistspec: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistspec.runs.tensorboard.find_spec", lambda _: None)
    spec, logs = SPECS / "step1.yaml", tmp_path / "logs"
    done = mnistspec("train", spec, "--runs", tmp_path / "runs", "--tensorboard", logs)
    assert (done.code, done.out) == (1, "")
    assert done.err == "mnistspec: a log for TensorBoard needs its package: pip install 'mnistspec[tensorboard]'\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_trained(
    mnistspec: CommandLine, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.write_text("a file", encoding="utf-8")
    done = mnistspec("train", SPECS / "step1.yaml", "--runs", tmp_path / "runs", "--tensorboard", logs)
    assert done.code == 1
    assert done.err.startswith(f"mnistspec: cannot write {logs}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_log_that_cannot_be_written_costs_a_warning(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra

    flush, calls = SummaryWriter.flush, 0

    def fill(self: SummaryWriter) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:  # two at the beginning, then one an epoch
            raise OSError(28, "No space left on device")
        flush(self)

    monkeypatch.setattr(SummaryWriter, "flush", fill)
    done = train()
    assert done.code == 0
    assert find_run(tmp_path).figures.status == "done"
    assert done.err.count("warning") == 1
    assert "No space left on device" in done.err
    assert "the log for TensorBoard ends here" in done.err


@given(settings=st.lists(st.text(min_size=1), max_size=5))
def test_settings_name_a_folder_that_stays_inside(settings: list[str]) -> None:
    name = name_settings(settings)
    assert Path("logs", name).resolve().parent == Path("logs").resolve() or name == "."
    assert len(Path(name).parts) <= 1
    assert len(name.encode()) <= 100


def test_names_of_settings() -> None:
    settings = ("train.optimizer.sgd.lr=0.1", "train.batch_size=64", "train.augment=[rotation: 5]")
    assert name_settings(settings) == "sgd.lr=0.1,batch_size=64,augment=-rotation-5-"
    assert name_settings(()) == "."


def test_a_cluster_sweep_takes_no_log(mnistspec: CommandLine, tmp_path: Path) -> None:
    done = mnistspec(
        "sweep", SPECS / "step1.yaml", "--cluster", "tcp://127.0.0.1:1", "--runs", tmp_path, "--tensorboard", tmp_path
    )
    assert (done.code, done.err.count("--tensorboard is for this machine")) == (2, 1)


@pytest.mark.slow
def test_each_run_of_a_sweep_has_a_log(mnistspec: CommandLine, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SPEC, encoding="utf-8")
    logs = tmp_path / "logs"
    done = mnistspec(
        "sweep", tmp_path / "small.yaml", "--seeds", "3,4", "--set", "train.epochs=1", "--data-dir", data_dir,
        "--runs", tmp_path / "runs", "--tensorboard", logs, "--jobs", "1",
    )  # fmt: skip
    assert done.code == 0
    assert f"tensorboard --logdir {logs}" in done.err
    found = {path.parent.relative_to(logs).as_posix(): path for path in logs.glob("*/*/*")}
    assert found.keys() == {"epochs=1/small-seed-3", "epochs=1/small-seed-4"}
    for log in found.values():
        run = RunDir(tmp_path / "runs" / "small" / log.name)
        check_scalars(log, run)
        assert read_session(log)[1]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_spec_is_flat(path: Path) -> None:
    spec = load_spec(path)
    flat = flatten_spec(spec)
    assert all(isinstance(value, (int, float, str)) and not isinstance(value, bool) for value in flat.values())
    assert flat["train.epochs"] == spec.train.epochs
    assert flat["data"] == "mnist"
    assert flat.keys().isdisjoint({"title", "notes.target", "reference.params", "targets.max_params"})
    other = load_spec(path, ["train.epochs=2"])
    assert {key for key, value in flatten_spec(other).items() if flat.get(key) != value} == {"train.epochs"}
