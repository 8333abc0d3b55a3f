"""Promise 5: flipped bits, truncation, missing and swapped files are found; the checkpoint before is used."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mnistspec.errors import CorruptError
from mnistspec.runs.checkpoints import list_checkpoints
from mnistspec.runs.documents import write_json
from mnistspec.runs.folder import RunDir
from tests.robustness.conftest import SPEC, Bench

FLIPS = 60
CHANCE = random.Random(5)  # noqa: S311 - places to damage


def flip(path: Path) -> None:
    """Flip one bit of a file."""
    flip_at(path, CHANCE.randrange(path.stat().st_size))


def flip_at(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << CHANCE.randrange(8)
    path.write_bytes(data)


def truncate(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: CHANCE.randrange(len(data))])


def empty(path: Path) -> None:
    path.write_bytes(b"")


Damage = Callable[[Path], None]
DAMAGES: tuple[Damage, ...] = (flip, truncate, empty)


@pytest.mark.parametrize("damage", DAMAGES)
def test_after_a_damaged_checkpoint_the_one_before_is_used(
    stopped_copy: Path, finished: Path, bench: Bench, damage: Damage
) -> None:
    newest, before = list_checkpoints(stopped_copy / "checkpoints")
    damage(newest)
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 0
    assert f"resuming from the checkpoint before it, {before.name}" in outcome.err
    # What was lost is trained again, to the same bytes.
    assert (stopped_copy / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_a_whole_checkpoint_it_exits_with_4(stopped_copy: Path, bench: Bench, damage: Damage) -> None:
    for path in list_checkpoints(stopped_copy / "checkpoints"):
        damage(path)
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert "no checkpoint is whole" in outcome.err


@pytest.mark.parametrize("name", ["model", "best"])
def test_every_flipped_bit_in_weights_is_found(finished_copy: Path, name: str) -> None:
    path = finished_copy / f"{name}.safetensors"
    whole = path.read_bytes()
    for place in [*range(0, len(whole), len(whole) // FLIPS), len(whole) - 1]:
        flip_at(path, place)
        with pytest.raises(CorruptError):
            RunDir(finished_copy).load_model(name)
        path.write_bytes(whole)
    RunDir(finished_copy).load_model(name)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["model.safetensors", "result.json", "resolved.yaml"])
def test_evaluate_and_predict_report_damage(
    finished_copy: Path, bench: Bench, picture: Path, name: str, damage: Damage
) -> None:
    damage(finished_copy / name)
    for command in (("evaluate", finished_copy, "--data-dir", bench.data_dir), ("predict", finished_copy, picture)):
        outcome = bench.in_process(*command)
        # A damaged spec may well be a spec with located errors.
        assert outcome.code == 4 or (name == "resolved.yaml" and outcome.code == 2), outcome
        assert "Traceback" not in outcome.err


@pytest.mark.parametrize("name", ["metrics.csv", "env.json", "result.json", "resolved.yaml"])
def test_every_flipped_bit_in_the_other_files_is_found(finished_copy: Path, name: str) -> None:
    path = finished_copy / name
    whole = path.read_bytes()
    readers: dict[str, Callable[[RunDir], object]] = {
        "metrics.csv": lambda run: run.metrics,
        "env.json": lambda run: run.environment,
        "result.json": lambda run: run.result,
        "resolved.yaml": lambda run: run.load_model(),
    }
    for place in range(0, len(whole), max(1, len(whole) // FLIPS)):
        flip_at(path, place)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - a damaged spec raises its own error
            readers[name](RunDir(finished_copy))
        assert type(caught.value).__module__.startswith("mnistspec"), caught.value
        path.write_bytes(whole)


def test_an_environment_of_another_run_is_found(finished_copy: Path) -> None:
    """A whole env.json, but not the one that the run ended with: result.json has its SHA-256."""
    run = RunDir(finished_copy)
    before = run.environment
    write_json(finished_copy / "env.json", before.model_copy(update={"cpu": "another"}).as_data())
    with pytest.raises(CorruptError, match=r"env\.json: not the file that the run ended with"):
        _ = run.environment
    write_json(finished_copy / "env.json", before.as_data())
    assert run.environment == before


def test_missing_files(finished_copy: Path, bench: Bench) -> None:
    (finished_copy / "model.safetensors").unlink()
    outcome = bench.in_process("evaluate", finished_copy, "--data-dir", bench.data_dir)
    assert outcome.code == 2
    assert "no model.safetensors" in outcome.err
    (finished_copy / "resolved.yaml").unlink()
    assert bench.in_process("evaluate", finished_copy).code == 2


def test_swapped_weights_of_the_same_network_are_found(finished: Path, bench: Bench) -> None:
    """Between runs of two seeds, between two epochs of one run, and in a run that has not ended."""
    assert bench.train(bench.write_spec(), "--seed", "7").code == 0
    (other,) = bench.runs
    mine = bench.path / "mine"
    for source, target, ended in (
        (other / "model.safetensors", "model", True),
        (other / "model.safetensors", "model", False),
        (finished / "best.safetensors", "model", False),
        (finished / "model.safetensors", "best", True),
    ):
        shutil.copytree(finished, mine)
        shutil.copy(source, mine / f"{target}.safetensors")
        if not ended:
            (mine / "result.json").unlink()
        with pytest.raises(CorruptError, match=r"of another run or epoch|not the file that the run ended with"):
            RunDir(mine).load_model(target)
        shutil.rmtree(mine)


def test_swapped_checkpoints_are_found(stopped_copy: Path, bench: Bench) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    spec = bench.write_spec(SPEC.replace("conv: 4", "conv: 5"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mnistspec.runs.execution.Execution._finish", stop)
        assert bench.train(spec).code == 130
    (other,) = bench.runs
    for theirs, mine in zip(*(list_checkpoints(run / "checkpoints") for run in (other, stopped_copy)), strict=True):
        shutil.copy(theirs, mine)
    outcome = bench.train("--resume", stopped_copy)
    assert outcome.code == 4
    assert 'layers[1].conv.out_channels was "5", is "4"' in outcome.err


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_data_is_found(finished: Path, bench: Bench, damage: Damage) -> None:
    folder = bench.path / "data"
    shutil.copytree(bench.data_dir, folder)
    if damage is flip:  # one in the header; pixels of the user's own files have nothing to be held against
        flip_at(folder / "t10k-images-idx3-ubyte", 3)
    else:
        damage(folder / "t10k-images-idx3-ubyte")
    assert bench.in_process("evaluate", finished, "--data-dir", folder).code == 4


def test_result_json_is_a_manifest_of_the_run(finished: Path) -> None:
    files = json.loads((finished / "result.json").read_text())["files"]
    names = {path.name for path in finished.iterdir()} - {"result.json"}
    assert set(files) == names
    assert all(path.stat().st_mtime_ns <= (finished / "result.json").stat().st_mtime_ns for path in finished.iterdir())
