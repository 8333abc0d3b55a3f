"""Fuzzing of run folders: files of every kind, mutated; every command answers, or says in one sentence why not.

Run it from the repository's root for ten minutes, or with another seed:

    python -m tests.fuzz.fuzz_folders --seconds 600 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import torch

from mnistspec.cli.app import main as run_program
from mnistspec.data.dataset import load_dataset
from mnistspec.errors import MnistspecError
from mnistspec.runs.documents import seal
from mnistspec.runs.execution import Execution
from mnistspec.runs.predictions import _ARRAYS, _digest
from mnistspec.runs.weights import limit_bytes, load_tensors, save_tensors
from mnistspec.sweeps.engine import Outcome
from tests.places import ROOT
from tests.small_mnist import write_mnist

SPEC = """\
layers: [conv: 2, bn, relu, maxpool, gap, fc: 10]
train: {epochs: 2, batch_size: 32}
targets: {min_test_accuracy: 90}
"""
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**9, 10**400, 0.5, -1.5, 1e308, float("nan"), float("inf"), "", "x", "test", "holdout",
    "9" * 5000, "\x1b[2J\u202e", "\ud800", "\0", "../../x", "done", "not finite", [], {}, [[]], {"a": 1}, [None] * 50,
)  # fmt: skip
CELLS = ("", "nan", "inf", "-1", "1e999", "x", '"', "9" * 400, "1\n2", "\ud800", "0x10", "1_0", "\u0661", ",")
LINES = (
    "&a [*a]", "? x", "layers: []", "train: {epochs: 0}", "x: \ud800", "\t", "- ", "name: ../x", "!!python/name:os.x ",
    "extends: spec.yaml", "data: none", "train: {holdout: 8}", "\u2028", "layers: [{conv: 999999999}]",
)  # fmt: skip
SECONDS = 60.0  # for one command, on a busy machine


class Bench(NamedTuple):
    """Folders to take copies of, and the data that their runs were trained on."""

    folders: Path
    data: Path


class _StoppedError(BaseException):
    """Ends a run after its last epoch, before its result."""


def make_bench(place: Path) -> Bench:
    """Train: two seeds that are done, one of held-out images, one that was stopped; and take what format 1 left."""
    data, spec, folders = place / "data", place / "small.yaml", place / "folders"
    data.mkdir()
    write_mnist(data, 96, 20)
    spec.write_text(SPEC, encoding="utf-8")
    with patch("mnistspec.views.painting.paint_run", lambda *_: None):
        train: tuple[str | Path, ...] = ("train", spec, "--data-dir", data, "--runs")
        call(*train, folders / "sweep", "--seed", "0")
        call(*train, folders / "sweep", "--seed", "1")
        call("sweep", spec, "--seeds", "0-1", "--data-dir", data, "--runs", folders / "sweep")  # makes its tables
        call(*train, folders, "--name", "held", "--set", "train.holdout=32")
        with patch.object(Execution, "_finish", side_effect=_StoppedError), contextlib.suppress(_StoppedError):
            call(*train, folders, "--name", "stopped")
    for path in (ROOT / "tests" / "robustness" / "fixtures").iterdir():
        shutil.copytree(path, folders / "old" / path.name)
    return Bench(folders, data)


def call(*arguments: str | Path) -> tuple[int, str]:
    """Run the program in this process; return its exit code and what it wrote to stderr."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["mnistspec", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            run_program()
        except SystemExit as ended:
            code = int(ended.code or 0)
    for text in (out.getvalue(), err.getvalue()):
        text.encode()
        assert "\x1b" not in text, text
    return code, err.getvalue()


def mutate(path: Path, chance: random.Random) -> None:
    """Change a file: half of the time its bytes, else its values, with every SHA-256 inside made to fit."""
    change = _CHANGES.get(path.suffix)
    if change is None or chance.random() < 0.4:
        path.write_bytes(mutate_bytes(path.read_bytes(), chance))
    else:
        change(path, chance)


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Change, drop, repeat or insert some bytes."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place, length = int(len(changed) * chance.random() ** chance.randint(1, 4)), chance.randint(1, 40)
        match chance.randrange(5):
            case 0:
                changed[place : place + 1] = chance.randbytes(1)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = changed[place : place + length] * chance.randint(1, 30)
            case 3:
                changed[place:place] = chance.choice(
                    (b"\0", b"\xff\xfe", b"[" * 2000, b"\xed\xa0\x80", b"\r", b"9" * 99)
                )
            case 4 if chance.random() < 0.2:
                del changed[place:]
    return bytes(changed)


def mutate_data(data: Any, chance: random.Random) -> Any:
    """Return JSON data with one of its values changed, removed, or put where another was."""
    copy = json.loads(json.dumps(data))
    place, key = copy, chance.choice(list(copy))
    while isinstance(place[key], dict | list) and place[key] and chance.random() < 0.7:
        place = place[key]
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match chance.randrange(5):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[chance.choice(("x", "\ud800", "test_accuracy", "holdout_accuracy", "format"))] = place.pop(key)
        case 2:
            place[key] = copy[chance.choice(list(copy))] if copy else None
        case _:
            place[key] = chance.choice(VALUES)
    return copy


def _change_json(path: Path, chance: random.Random) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("sha256", None)
    path.write_text(json.dumps(seal(mutate_data(content, chance))), encoding="utf-8")


def _change_lines(path: Path, chance: random.Random) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    where = chance.randrange(len(lines))
    if path.suffix == ".csv" and chance.random() < 0.7:
        cells = lines[where].split(",")
        cells[chance.randrange(len(cells))] = chance.choice(CELLS)
        lines[where] = ",".join(cells)
    elif chance.random() < 0.5:
        lines[where] = chance.choice(lines)
    else:
        lines.insert(where, chance.choice(LINES))
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")


def _change_tensors(path: Path, chance: random.Random) -> None:
    tensors, metadata = load_tensors(path, limit_bytes(10**6))
    metadata.pop("sha256", None)
    if chance.random() < 0.6:
        metadata = mutate_data(metadata, chance)
    else:
        name = chance.choice(list(tensors))
        tensors[name] = chance.choice((
            torch.zeros(()), torch.full_like(tensors[name].float(), float("nan")), torch.zeros(0), torch.ones(3, 3),
            tensors[name].double(), tensors[chance.choice(list(tensors))].clone(),
        ))  # fmt: skip
    save_tensors(path, tensors, metadata)


def _change_arrays(path: Path, chance: random.Random) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    metadata = json.loads(arrays.pop("metadata").tobytes())
    metadata.pop("sha256")
    if chance.random() < 0.4:
        metadata = mutate_data(metadata, chance)
    else:
        name = chance.choice(_ARRAYS)
        array = arrays[name]
        arrays[name] = chance.choice((
            array[:0], array[:-1], array.astype(np.float64), array.astype(np.int64) - 1, np.full_like(array, 255),
            array[..., None], np.zeros((), array.dtype), array.astype(">u4"),
        ))  # fmt: skip
    text = json.dumps(seal(metadata, _digest(arrays)))
    np.savez(path, metadata=np.frombuffer(text.encode(), np.uint8), **arrays)  # type: ignore[arg-type]  # its stub


_CHANGES: dict[str, Callable[[Path, random.Random], None]] = {
    ".json": _change_json,
    ".csv": _change_lines,
    ".yaml": _change_lines,
    ".safetensors": _change_tensors,
    ".npz": _change_arrays,
}


def use(bench: Bench, folders: Path, chance: random.Random) -> tuple[str | Path, ...]:
    """Return a command that reads folders."""
    runs = sorted(path.parent for path in folders.rglob("resolved.yaml"))
    run, data = chance.choice(runs), ("--data-dir", bench.data)
    return chance.choice((
        ("evaluate", run),
        ("evaluate", run, "--json", *chance.choice(((), ("--best",))), *data),
        ("compare", folders, *chance.choice(((), ("--json",), ("--sort", "best")))),
        ("report", folders, "-o", folders / chance.choice(("report.html", "report.md")), *data),
        ("diff", run, chance.choice(runs)),
        ("export", run, "--safetensors", folders / "network.safetensors"),
        ("train", "--resume", run, *data, *chance.choice(((), ("--restart",)))),
        ("sweep", bench.data.parent / "small.yaml", "--seeds", "0-1", *data, "--runs", folders / "sweep"),
    ))  # fmt: skip


def try_once(bench: Bench, chance: random.Random) -> None:
    """Mutate a file or two in a copy of the folders, and use them twice; raise what is no answer."""
    with tempfile.TemporaryDirectory(dir=bench.data.parent) as place:
        folders = Path(shutil.copytree(bench.folders, Path(place) / "folders"))
        files = sorted(path for path in folders.rglob("*") if path.suffix in _CHANGES)
        changed = [chance.choice(files) for _ in range(chance.randint(1, 2))]
        with contextlib.suppress(MnistspecError, ValueError):  # the second of two may be the first again
            for path in changed:
                mutate(path, chance)
        for _ in range(2):
            arguments = use(bench, folders, chance)
            start = time.process_time()
            try:
                code, err = call(*arguments)
                assert code in range(5), code
                assert code < 2 or err.strip(), "an error without a sentence"
                assert time.process_time() - start < SECONDS, "it takes too long"
            except BaseException as error:
                names = ", ".join(str(path.relative_to(folders)) for path in changed)
                error.add_note(f"mnistspec {' '.join(map(str, arguments))}, where {names} changed")
                raise


def fuzz(seconds: float, seed: int) -> int:
    """Try mutated folders for some seconds; return their number. Raises what no command should."""
    end, count = time.monotonic() + seconds, 0
    with (
        contextlib.ExitStack() as stack,
        tempfile.TemporaryDirectory() as place,
        patch("mnistspec.views.painting.paint_run", lambda *_: None),
        patch("mnistspec.sweeps.engine.LocalEngine._execute", lambda *_: Outcome("waiting")),
    ):
        bench = make_bench(Path(place))
        here = lambda name, **_: load_dataset(name, data_dir=bench.data)  # noqa: E731 - never the network
        stack.enter_context(patch("mnistspec.data.dataset.load_dataset", here))
        while time.monotonic() < end:
            try:
                try_once(bench, random.Random(f"{seed}-{count}"))  # noqa: S311 - places to damage
            except BaseException as error:
                error.add_note(f"folder {count} of seed {seed}")
                raise
            count += 1
    return count


def main() -> None:
    """Fuzz for the time given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{fuzz(options.seconds, options.seed)} folders, no surprise")  # noqa: T201 - for who runs it by hand


if __name__ == "__main__":
    main()
