"""The table's rows: what is held against what, and what it should come to."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mnistspec.language.loader import load_document
from tests.benchmarks.measurement import STEP6, Round

YARDSTICK_EPOCHS = 15


@dataclass(frozen=True)
class Row:
    """A row: its figure in one round, the programs that it needs, and what it should reach.

    ``parts`` are the absolute figures behind it, as a text of their medians.
    """

    key: str
    what: str
    figure: Callable[[Round], float]
    needs: tuple[str, ...]
    unit: str = "x"
    digits: int = 1
    reach: float | None = None
    stretch: float | None = None
    smaller_is_better: bool = False
    parts: str = ""
    values: tuple[Callable[[Round], float], ...] = ()


@dataclass(frozen=True)
class Measurement:
    """A row with its figure in each round; without rounds it was not measured, for a reason."""

    row: Row
    figures: tuple[float, ...] = ()
    details: str = ""

    @property
    def median(self) -> float | None:
        """The median of the rounds."""
        return statistics.median(self.figures) if self.figures else None

    @property
    def meets(self) -> bool | None:
        """Whether the median reaches what it should; None if it was not measured, or nothing is asked."""
        if self.median is None or self.row.reach is None:
            return None
        return self.median <= self.row.reach if self.row.smaller_is_better else self.median >= self.row.reach


def take(program: str, figure: str) -> Callable[[Round], float]:
    """Return what finds a figure of a program in a round."""
    return lambda measured: measured[program][figure]


def time_to_accuracy(measured: Round) -> float:
    """Return the yardstick's seconds for all of its epochs over ours; 0 where the accuracy was never reached."""
    ours = measured["reach"]
    return ours["reached"] * YARDSTICK_EPOCHS * measured["yardstick"]["epoch_s"] / ours["wall_s"]


def count_flop() -> int:
    """Return the floating-point operations of an image in step 6, forward and backward: three passes of 2 MACs each.

    The first layer has no gradient of its input to compute.
    """
    macs = [layer.macs for layer in load_document(STEP6).layers]
    return 6 * sum(macs) - 2 * macs[0]


def flop_per_second(measured: Round) -> float:
    """Return the speed of training on the same work."""
    return count_flop() * measured["same"]["images"] / measured["same"]["train_s"]


_YARDSTICK, _SAME, _STEP6 = take("yardstick", "epoch_s"), take("same", "epoch_s"), take("step6", "epoch_s")
_BOTH = "yardstick {:.1f} s, mnistspec {:.1f} s"

ROWS = (
    Row(
        key="same-work",
        what="an epoch of the same work, with its test pass: yardstick's time / ours",
        needs=("yardstick", "same"),
        figure=lambda measured: _YARDSTICK(measured) / _SAME(measured),
        reach=4,
        stretch=6,
        parts=_BOTH,
        values=(_YARDSTICK, _SAME),
    ),
    Row(
        key="step6",
        what="an epoch of `specs/step6.yaml`, augmentation included: yardstick's time (without) / ours",
        needs=("yardstick", "step6"),
        figure=lambda measured: _YARDSTICK(measured) / _STEP6(measured),
        reach=3.5,
        stretch=5,
        parts=_BOTH,
        values=(_YARDSTICK, _STEP6),
    ),
    Row(
        key="lightning",
        what="an epoch of the same work: time of Lightning over a TensorDataset in memory / ours",
        needs=("lightning", "same"),
        figure=lambda measured: take("lightning", "epoch_s")(measured) / _SAME(measured),
        reach=2,
        stretch=3,
        parts="Lightning {:.1f} s, mnistspec {:.1f} s",
        values=(take("lightning", "epoch_s"), _SAME),
    ),
    Row(
        key="accuracy",
        what=(
            "yardstick's time for 15 epochs (15 times one) / "
            "ours for `tests/benchmarks/short.yaml` until the test accuracy is 99.31"
        ),
        needs=("yardstick", "reach"),
        figure=time_to_accuracy,
        reach=8,
        stretch=15,
        parts="yardstick {:.0f} s, mnistspec {:.0f} s with its start, to epoch {:.0f}; each round another seed",
        values=(
            lambda measured: YARDSTICK_EPOCHS * _YARDSTICK(measured),
            take("reach", "wall_s"),
            take("reach", "epochs"),
        ),
    ),
    Row(
        key="outside",
        what="share of an epoch of `specs/step6.yaml` that is not forward, backward or optimizer step",
        needs=("step6",),
        figure=take("step6", "outside_percent"),
        unit=" %",
        reach=15,
        stretch=8,
        smaller_is_better=True,
        parts="batching, augmentation, loss, metrics, progress, writing",
    ),
    Row(
        key="arithmetic",
        what="arithmetic of the same work's training / that of a 2048x2048 float32 matrix product",
        needs=("same", "matrix"),
        figure=lambda measured: 100 * flop_per_second(measured) / measured["matrix"]["flop_per_s"],
        unit=" %",
        reach=15,
        stretch=25,
        parts="{:.1f} of {:.0f} GFLOP/s, threads: {:.0f}",
        values=(
            lambda measured: flop_per_second(measured) / 1e9,
            lambda measured: measured["matrix"]["flop_per_s"] / 1e9,
            take("matrix", "threads"),
        ),
    ),
    Row(
        key="memory",
        what="peak memory of a run of one epoch, its pictures included / the yardstick's",
        needs=("yardstick", "step6"),
        figure=lambda measured: measured["step6"]["peak_mb"] / measured["yardstick"]["peak_mb"],
        digits=2,
        reach=1.2,
        stretch=1,
        smaller_is_better=True,
        parts="yardstick {:.0f} MB, mnistspec {:.0f} MB",
        values=(take("yardstick", "peak_mb"), take("step6", "peak_mb")),
    ),
    Row(
        key="help",
        what="`mnistspec --help`",
        needs=("help",),
        figure=take("help", "wall_s"),
        unit=" s",
        digits=2,
        reach=0.5,
        smaller_is_better=True,
    ),
    Row(
        key="validate",
        what="`mnistspec validate specs/step6.yaml`",
        needs=("validate",),
        figure=take("validate", "wall_s"),
        unit=" s",
        digits=2,
        reach=1,
        smaller_is_better=True,
    ),
    Row(
        key="build",
        what="`mnistspec build specs/step6.yaml --summary` beyond `import torch`",
        needs=("build", "import_torch"),
        figure=lambda measured: measured["build"]["wall_s"] - measured["import_torch"]["wall_s"],
        unit=" s",
        digits=2,
        reach=1,
        smaller_is_better=True,
        parts="{:.1f} s, of which the import {:.1f} s",
        values=(take("build", "wall_s"), take("import_torch", "wall_s")),
    ),
    Row(
        key="sweep",
        what="epochs a minute of a run a core with a thread each / of one run with all threads",
        needs=("side_by_side", "step6"),
        figure=lambda measured: measured["side_by_side"]["epochs_per_min"] * _STEP6(measured) / 60,
        digits=2,
        parts="{:.1f} and {:.1f} epochs a minute",
        values=(take("side_by_side", "epochs_per_min"), lambda measured: 60 / _STEP6(measured)),
    ),
    Row(
        key="cuda",
        what="on a CUDA device: yardstick's time for 15 epochs (15 times one) / ours for 15 of `specs/step6.yaml`",
        needs=("yardstick_cuda", "step6_cuda"),
        figure=lambda measured: (
            YARDSTICK_EPOCHS * measured["yardstick_cuda"]["epoch_s"] / measured["step6_cuda"]["epochs_s"]
        ),
        reach=20,
        parts="yardstick {:.0f} s, mnistspec {:.0f} s",
        values=(
            lambda measured: YARDSTICK_EPOCHS * measured["yardstick_cuda"]["epoch_s"],
            take("step6_cuda", "epochs_s"),
        ),
    ),
)


def evaluate(row: Row, rounds: Sequence[Round], reason: str = "") -> Measurement:
    """Return the row's figures in the rounds that have what it needs; ``reason`` says why there may be none."""
    complete = [measured for measured in rounds if all(need in measured for need in row.needs)]
    if not complete:
        return Measurement(row, details=reason)
    medians = [statistics.median(value(measured) for measured in complete) for value in row.values]
    figures = tuple(row.figure(measured) for measured in complete)
    return Measurement(row, figures, row.parts.format(*medians))
