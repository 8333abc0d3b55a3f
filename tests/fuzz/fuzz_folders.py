"""Fuzzing of run folders: files of every kind, mutated; every command answers, or says in one sentence why not.

Run it from the repository's root for ten minutes, or with another seed:

    python -m tests.fuzz.fuzz_folders --seconds 600 --seed 1
"""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from mnistspec.cli.app import main as run_program
from mnistspec.data.dataset import load_dataset
from mnistspec.errors import MnistspecError
from mnistspec.runs.execution import Execution
from mnistspec.sweeps.engine import Outcome
from tests.fuzz.loop import main, repeat
from tests.fuzz.mutations import CHANGES, mutate
from tests.places import ROOT
from tests.small_mnist import write_mnist

SPEC = """\
layers: [conv: 2, bn, relu, maxpool, gap, fc: 10]
train: {epochs: 2, batch_size: 32}
targets: {min_test_accuracy: 90}
"""
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


def try_once(bench: Bench, seed: str) -> None:
    """Mutate a file or two in a copy of the folders, and use them twice; raise what is no answer."""
    chance = random.Random(seed)  # noqa: S311 - places to damage
    with tempfile.TemporaryDirectory(dir=bench.data.parent) as place:
        folders = Path(shutil.copytree(bench.folders, Path(place) / "folders"))
        files = sorted(path for path in folders.rglob("*") if path.suffix in CHANGES)
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
    with (
        tempfile.TemporaryDirectory() as place,
        patch("mnistspec.views.painting.paint_run", lambda *_: None),
        patch("mnistspec.sweeps.engine.LocalEngine._execute", lambda *_: Outcome("waiting")),
    ):
        bench = make_bench(Path(place))
        here = lambda name, **_: load_dataset(name, data_dir=bench.data)  # noqa: E731 - never the network
        with patch("mnistspec.data.dataset.load_dataset", here):
            return repeat(partial(try_once, bench), seconds, seed)


if __name__ == "__main__":
    main(fuzz, __doc__)
