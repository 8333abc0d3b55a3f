"""Promise 10: predict, evaluate and resume on a folder that somebody made up at worst print an error."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.version import Version

from mnistspec.runs.checkpoints import list_checkpoints
from mnistspec.runs.documents import read_json, write_json
from mnistspec.runs.weights import limit_bytes, load_tensors, save_tensors
from mnistspec.training.trainer import Training
from tests.robustness.conftest import STEPS, Bench

CHANCE = random.Random(10)  # noqa: S311 - places to damage
DEEP: Any = []
for _ in range(900):
    DEEP = [DEEP]
# What a stranger may put in the place of any value; the SHA-256 is no secret, and made to fit.
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**9, 10**400, 0.0, -1.5, float("nan"), float("inf"), "", "x", "9" * 5000, "\x1b[2J\u202e",
    "../../x",
    [], {},
    [[]], {"a": 1}, [None] * 50, DEEP,
)  # fmt: skip
TENSORS: tuple[torch.Tensor, ...] = (
    torch.zeros(()), torch.zeros(0), torch.zeros(3, 3), torch.zeros(1, dtype=torch.int8),
    torch.zeros(2, dtype=torch.float16), torch.zeros(4, dtype=torch.bool),
    *([torch.zeros(2, dtype=torch.complex64)] if Version(version("safetensors")) >= Version("0.7") else []),
)  # fmt: skip


def ways_to_change(content: Any) -> list[tuple[str | int, ...]]:
    """Return the paths of all values in JSON data, with no more than three of a list."""
    paths: list[tuple[str | int, ...]] = []
    items: Any = (
        content.items() if isinstance(content, dict) else enumerate(content[:3]) if isinstance(content, list) else ()
    )
    for key, value in items:
        paths += [(key,), *((key, *path) for path in ways_to_change(value))]
    return paths


def change(content: Any, path: tuple[str | int, ...], value: Any, *, remove: bool) -> Any:
    """Return a copy of JSON data with one value replaced or removed."""
    copy = json.loads(json.dumps(content))
    place = copy
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


def try_changes(
    content: dict[str, Any], write: Callable[[dict[str, Any]], None], attempt: Callable[[], None], count: int
) -> None:
    paths = ways_to_change(content)
    for index in range(count):
        path = paths[index % len(paths)]
        write(change(content, path, CHANCE.choice(VALUES), remove=CHANCE.random() < 0.15))
        attempt()


@pytest.fixture
def attempt(bench: Bench) -> Callable[..., None]:
    """Calls a command that may succeed or fail with one of our exit codes; a traceback fails the test."""

    def run(*arguments: str | Path) -> None:
        outcome = bench.in_process(*arguments)
        assert outcome.code in range(5)
        assert "Traceback" not in outcome.err
        assert "\x1b" not in outcome.err + outcome.out
        assert len(outcome.err) < 100_000

    return run


@pytest.fixture
def halfway(bench: Bench) -> Path:
    """A run that was killed within its second epoch: steps are taken with whatever is believed."""
    taken = 0

    def take(training: Training, batch: torch.Tensor) -> None:
        nonlocal taken
        taken += 1
        if taken == STEPS + 4:
            raise KeyboardInterrupt
        take_step(training, batch)

    take_step = Training._take_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "_take_step", take)
        assert bench.train(bench.write_spec(), "--checkpoint-every", "3").code == 130
    return bench.runs[0]


@pytest.mark.parametrize("count", [50, pytest.param(400, marks=pytest.mark.slow)])
def test_weights_with_metadata_that_was_made_up(
    finished_copy: Path, attempt: Callable[..., None], picture: Path, count: int
) -> None:
    path = finished_copy / "model.safetensors"
    tensors, metadata = load_tensors(path, limit_bytes(0))
    (finished_copy / "result.json").unlink()
    try_changes(
        metadata,
        lambda changed: save_tensors(path, tensors, changed),
        lambda: attempt("predict", finished_copy, picture),
        count,
    )


@pytest.mark.parametrize("count", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_checkpoints_with_metadata_that_was_made_up(
    stopped_copy: Path, bench: Bench, attempt: Callable[..., None], count: int
) -> None:
    newest, before = list_checkpoints(stopped_copy / "checkpoints")
    before.unlink()
    tensors, metadata = load_tensors(newest, limit_bytes(0))

    def resume() -> None:
        attempt(*bench.arguments("--resume", stopped_copy))
        (stopped_copy / "result.json").unlink(missing_ok=True)

    def write(changed: dict[str, Any]) -> None:
        newest.parent.mkdir(exist_ok=True)
        save_tensors(newest, tensors, changed)

    try_changes(metadata, write, resume, count)


def test_checkpoints_with_tensors_that_were_made_up(halfway: Path, bench: Bench) -> None:
    newest, before = list_checkpoints(halfway / "checkpoints")
    before.unlink()
    tensors, metadata = load_tensors(newest, limit_bytes(0))
    changes: list[dict[str, torch.Tensor]] = []
    for name in tensors:
        changes += [{**tensors, name: tensor} for tensor in CHANCE.sample(TENSORS, 1)]
        changes.append({key: tensor for key, tensor in tensors.items() if key != name})
    for name in (
        "optimizer/0.x",
        "optimizer/99.momentum_buffer",
        "optimizer/x",
        "model/x",
        "x",
        "meter/x",
        "best/x",
        "x/y",
    ):
        changes.append({**tensors, name: torch.zeros(1)})
    for changed in changes:
        save_tensors(newest, changed, metadata)
        outcome = bench.in_process(*bench.arguments("--resume", halfway))
        assert outcome.code == 4, outcome
        assert "the checkpoint does not fit the run" in outcome.err


def test_weights_with_tensors_that_were_made_up(finished_copy: Path, bench: Bench, picture: Path) -> None:
    path = finished_copy / "model.safetensors"
    tensors, metadata = load_tensors(path, limit_bytes(0))
    (finished_copy / "result.json").unlink()
    for name in tensors:
        for tensor in TENSORS:
            save_tensors(path, {**tensors, name: tensor}, metadata)
            outcome = bench.in_process("predict", finished_copy, picture)
            assert outcome.code == 4, (name, tensor)
            assert f"of another network than resolved.yaml: {name} is " in outcome.err


@pytest.mark.parametrize("name", ["result.json", "env.json"])
def test_json_that_was_made_up(
    finished_copy: Path, attempt: Callable[..., None], bench: Bench, picture: Path, name: str
) -> None:
    path = finished_copy / name
    content = read_json(path)

    def use() -> None:
        attempt("predict", finished_copy, picture)
        attempt(*bench.arguments("--resume", finished_copy))

    try_changes(content, lambda changed: write_json(path, changed), use, 24)


@pytest.mark.parametrize("name", ["result.json", "metrics.csv", "resolved.yaml", "model.safetensors"])
@pytest.mark.parametrize("kind", ["deep", "number", "nan", "huge", "folder", "binary", "zeros"])
def test_files_that_are_something_else(
    finished_copy: Path, attempt: Callable[..., None], bench: Bench, picture: Path, name: str, kind: str
) -> None:
    path = finished_copy / name
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(20 * 2**30)  # a hole: it takes no space
    else:
        path.write_bytes({
            "deep": b"[" * 100_000,
            "number": b"1" * 100_000,
            "nan": b'{"format": 1, "x": NaN}',
            "binary": CHANCE.randbytes(5000),
            "zeros": bytes(5000),
        }[kind])  # fmt: skip
    attempt("predict", finished_copy, picture)
    attempt("evaluate", finished_copy, "--data-dir", bench.data_dir)
    attempt(*bench.arguments("--resume", finished_copy))


@pytest.mark.parametrize("length", [0, 1, 2**24, 2**31, 2**40, 2**63, 2**64 - 1])
def test_headers_that_lie(finished_copy: Path, bench: Bench, picture: Path, length: int) -> None:
    path = finished_copy / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(struct.pack("<Q", length) + data[8:])
    assert bench.in_process("predict", finished_copy, picture).code == 4


def test_a_spec_in_a_run_folder_reads_no_other_file(finished_copy: Path, bench: Bench, picture: Path) -> None:
    for text in ("extends: /etc/passwd\n", "extends: spec.yaml\n", "extends: ../../x.yaml\n"):
        (finished_copy / "resolved.yaml").write_text(text)
        outcome = bench.in_process("predict", finished_copy, picture)
        assert outcome.code == 2
        assert "a spec in a run folder may not extend another file" in outcome.err
        assert bench.in_process(*bench.arguments("--resume", finished_copy)).code == 2
