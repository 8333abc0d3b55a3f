"""Every figure comes from a process of its own; those that are compared run in turn, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.places import ROOT

STEP6 = ROOT / "specs" / "step6.yaml"
SHORT = ROOT / "tests" / "benchmarks" / "short.yaml"  # step 6's network, with a recipe for few epochs
# The yardstick's recipe in the place of the spec's own: its dropout, its optimizer, no augmentation.
SAME_WORK = (
    "--set=train.epochs=1", "--set=train.augment=[]", "--set=defaults.dropout.p=0.03",
    "--set=train.optimizer={sgd: {lr: 0.015, momentum: 0.9}}", "--set=train.scheduler={onecycle: {max_lr: 0.015}}",
)  # fmt: skip
Figures: TypeAlias = dict[str, float]
Round: TypeAlias = Mapping[str, Figures]  # the figures of each program that was measured


class BenchmarkError(Exception):
    """A measured program failed."""


@dataclass(frozen=True)
class Plan:
    """What the programs are given.

    ``data_dir`` is a reduced data set; ``accuracy`` is the one to reach, in percent, by the short recipe.
    """

    data_dir: Path | None = None
    accuracy: float = 99.31
    epochs: int = 15

    @property
    def data(self) -> tuple[str, ...]:
        """The option for the data set."""
        return () if self.data_dir is None else (f"--data-dir={self.data_dir}",)


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a module of this folder."""
    environment = {**os.environ, "FORCE_COLOR": "1"}  # mnistspec draws its progress bar, as tqdm does everywhere
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def read_figures(process: subprocess.Popen[str]) -> Figures:
    """Return the figures that a program printed."""
    output, messages = process.communicate()
    if process.returncode:
        raise BenchmarkError(f"{' '.join(map(str, process.args[1:]))}\n{messages[-2000:]}")  # type: ignore[index]  # a list
    figures: Figures = json.loads(output)
    return figures


def measure(module: str, *arguments: str) -> Figures:
    """Run a module of this folder; ``wall_s`` is the time from the start of its process to its end."""
    begun = time.perf_counter()
    figures = read_figures(start(module, *arguments))
    return {**figures, "wall_s": time.perf_counter() - begun}


def time_command(*arguments: str) -> Figures:
    """Return the seconds that a Python process with these arguments takes."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(arguments)}\n{done.stderr[-2000:]}")
    return {"wall_s": time.perf_counter() - begun}


def _train(plan: Plan, *arguments: str, spec: Path = STEP6) -> Figures:
    return measure("product", str(spec), *plan.data, *arguments)


def _train_side_by_side(plan: Plan) -> Figures:
    """Train one epoch in as many processes as there are cores, with one thread each."""
    arguments = ("product", str(STEP6), *plan.data, "--set=train.epochs=1", "--threads=1")
    processes = [start(*arguments) for _ in range(count_cores())]
    return {"epochs_per_min": sum(60 / read_figures(process)["epoch_s"] for process in processes)}


def _reach(plan: Plan, index: int) -> Figures:
    """Train the short recipe, with a seed for each round, until it reaches the accuracy."""
    return _train(plan, f"--set=train.seed={index + 1}", f"--until={plan.accuracy}", spec=SHORT)


# By name, in the order of a round; each is given the plan and the round's index.
PROGRAMS: Mapping[str, Callable[[Plan, int], Figures]] = {
    "yardstick": lambda plan, _: measure("notebook", *plan.data),
    "same": lambda plan, _: _train(plan, *SAME_WORK),
    "lightning": lambda plan, _: measure("lightning_loop", *plan.data),
    "step6": lambda plan, _: _train(plan, "--set=train.epochs=1"),
    "matrix": lambda _plan, _: measure("matrix_product"),
    "side_by_side": lambda plan, _: _train_side_by_side(plan),
    "reach": _reach,
    "help": lambda _plan, _: time_command("-m", "mnistspec", "--help"),
    "validate": lambda _plan, _: time_command("-m", "mnistspec", "validate", str(STEP6)),
    "import_torch": lambda _plan, _: time_command("-c", "import torch"),
    "build": lambda _plan, _: time_command("-m", "mnistspec", "build", str(STEP6), "--summary"),
    "yardstick_cuda": lambda plan, _: measure("notebook", *plan.data, "--device=cuda"),
    "step6_cuda": lambda plan, _: _train(plan, f"--set=train.epochs={plan.epochs}", "--device=cuda"),
}


def run_rounds(plan: Plan, names: Iterable[str], count: int) -> Iterator[tuple[int, str, Figures]]:
    """Yield round, name and figures of each program when it has ended; each round runs all of them, in one order."""
    wanted = set(names)
    for index in range(count):
        for name, program in PROGRAMS.items():
            if name in wanted:
                yield index, name, program(plan, index)
