"""``python -m tests.benchmarks.product``: a run of ``mnistspec train``, with all that it shows and writes."""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import torch

from mnistspec.cli.progress import show_progress
from mnistspec.data.dataset import load_dataset
from mnistspec.language.loader import load_document
from mnistspec.runs.execution import Execution
from mnistspec.views.painting import paint_run
from tests.benchmarks.pieces import print_figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnistspec.training.trainer import Training


class Stopwatch:
    """The seconds spent inside something; what is entered within it counts once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth, self._entered = 0, 0.0

    def enter(self, *_: object) -> None:
        """Begin; takes what torch's hooks give."""
        if self._depth == 0:
            self._entered = time.perf_counter()
        self._depth += 1

    def leave(self, *_: object) -> None:
        """End."""
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._entered


@contextmanager
def watch(training: Training) -> Iterator[Stopwatch]:
    """Yield the time spent in forward passes, of the test pass too, backward passes and optimizer steps, on a CPU."""
    stopwatch = Stopwatch()
    for module in (training.network, training.model):
        module.register_forward_pre_hook(stopwatch.enter)
        module.register_forward_hook(stopwatch.leave)
    training.optimizer.register_step_pre_hook(stopwatch.enter)
    training.optimizer.register_step_post_hook(stopwatch.leave)
    backward = torch.Tensor.backward

    def timed(*arguments: object, **named: object) -> None:
        stopwatch.enter()
        backward(*arguments, **named)  # type: ignore[arg-type, no-untyped-call]  # as they came
        stopwatch.leave()

    with patch.object(torch.Tensor, "backward", timed):
        yield stopwatch


def measure(
    path: Path, settings: Sequence[str], data_dir: Path | None, device: torch.device, until: float | None = None
) -> dict[str, float]:
    """Run to the end, or to the epoch whose test accuracy is at least ``until``.

    Returns the number of training images; the first epoch's seconds: all, and those of training; the share of them that
    is outside forward and backward passes and optimizer steps, in percent; the number and the seconds of all
    epochs, and whether ``until`` was reached (1 or 0).
    """
    document = load_document(path, settings)
    data = load_dataset(document.spec.data.word, data_dir=data_dir)
    figures: dict[str, float] = {"images": float(len(data.train_labels)), "reached": 0.0}
    with (
        tempfile.TemporaryDirectory() as folder,
        Execution.start(Path(folder), document.spec, path.read_bytes(), data, device, "") as execution,
        watch(execution.training) as inside,
    ):
        start = time.perf_counter()
        for progress in show_progress(execution.run(paint_run), execution):
            if progress.epoch == 1 and progress.step == progress.steps:
                seconds = time.perf_counter() - start
                if progress.metrics:
                    figures |= {"epoch_s": seconds, "outside_percent": 100 * (1 - inside.seconds / seconds)}
                else:
                    figures["train_s"] = seconds
            if progress.metrics:
                figures |= {"epochs": progress.epoch, "epochs_s": time.perf_counter() - start}
                if until is not None and progress.metrics.test_accuracy >= until:
                    figures["reached"] = 1.0
                    break
    return figures


def main() -> None:
    """Print the figures of a run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", type=Path)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--until", type=float)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    print_figures(**measure(options.spec, options.set, options.data_dir, options.device, options.until))


if __name__ == "__main__":
    main()
