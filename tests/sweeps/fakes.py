"""Run folders and engines without training."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Literal

from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.runs.folder import RunDir
from mnistspec.runs.models import DataRecord, Environment
from mnistspec.runs.result import summarize_run
from mnistspec.sweeps.engine import Outcome
from mnistspec.sweeps.grid import Job
from mnistspec.training.metrics import EpochMetrics

TINY = """\
layers: [conv: 4, relu, maxpool: 4, flatten, fc: 10]
train: {epochs: 3, batch_size: 32, optimizer: {sgd: {lr: 0.1}}}
targets: {min_test_accuracy: 90}
"""


def write_spec(folder: Path, name: str = "tiny", text: str = TINY) -> Path:
    """Write a spec file and return its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def make_metrics(*accuracies: float) -> list[EpochMetrics]:
    """Return epochs with these test accuracies."""
    return [
        EpochMetrics(
            epoch=epoch, lr=0.1, train_loss=0.5, train_accuracy=80, test_loss=0.4, test_accuracy=accuracy,
            seconds=2, test_seconds=0.5,
        )
        for epoch, accuracy in enumerate(accuracies, 1)
    ]  # fmt: skip


def make_run(
    root: Path,
    spec: Spec,
    *accuracies: float,
    status: Literal["done", "not finite"] | None = "done",
    digest: str | None = None,
) -> Path:
    """Make a run folder with these test accuracies, an epoch each; without a status it has not ended."""
    run = RunDir.create(root, spec, b"", spec.as_yaml(), Environment(), "")
    metrics = make_metrics(*accuracies)
    run.write_metrics(metrics)
    if status:
        result = summarize_run(spec, metrics, status, data=DataRecord(name=spec.data.word, digest=digest))
        problem = None if status == "done" else "the loss is nan"
        run.write_result(result.model_copy(update={"problem": problem}))
    return run.path


def make_seeds(root: Path, path: Path, results: dict[int, float], *settings: str) -> None:
    """Make finished runs of a spec file, one a seed, whose last epochs have these accuracies after a better one."""
    for seed, accuracy in results.items():
        spec = load_spec(path, [*settings, f"train.seed={seed}"])
        make_run(root, spec, 50.0, accuracy + 0.5, accuracy)


class FakeEngine:
    """Ends each job at once: by default with a run folder; ``outcomes`` says otherwise for some seeds."""

    def __init__(self, root: Path, outcomes: dict[int, Outcome | Exception] | None = None) -> None:
        self.root, self.outcomes = root, outcomes or {}
        self.submitted: list[tuple[str, Path | None]] = []
        self.stopped = False

    def submit(self, job: Job, resume: Path | None = None) -> Future[Outcome]:
        """Note the job and end it."""
        self.submitted.append((job.label, resume))
        future: Future[Outcome] = Future()
        outcome = self.outcomes.get(job.seed) or Outcome("done", make_run(self.root, job.spec, 91.0, 90.0 + job.seed))
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
        return future

    def stop(self) -> None:
        """Note it."""
        self.stopped = True
