"""Where a series' networks go wrong: predictions counted by class, and the mistakes of one of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mnistspec.errors import UsageError
from mnistspec.runs.checkpoints import limit_bytes
from mnistspec.runs.folder import RunDir
from mnistspec.runs.weights import load_tensors
from mnistspec.training.device import choose_device

if TYPE_CHECKING:
    import numpy as np

    from mnistspec.analysis.comparison import Series
    from mnistspec.data.dataset import Dataset
    from mnistspec.runs.records import Record
    from mnistspec.training.evaluation import Evaluation

SHOWN = 24  # mistakes: a gallery that can be taken in
# Multiply-accumulates that all seeds together may cost, a few seconds' work; of a dearer series one run is looked at.
_CHEAP = 50_000_000_000


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrongly classified image, uint8 (height, width), its number in its set, and the probability of the guess."""

    image: np.ndarray
    number: int
    label: int
    guess: int
    confidence: float


@dataclass(frozen=True, eq=False)
class ErrorAnalysis:
    """What the last epoch's weights make of the images that the series was measured on.

    ``confusion`` counts by label (row) and prediction (column), summed over ``seeds``. The mistakes are those of the
    representative run, which got ``wrong`` of ``images`` images wrong; the most confident come first.
    """

    representative: Record
    seeds: tuple[int, ...]
    confusion: np.ndarray
    class_names: tuple[str, ...]
    images: int
    wrong: int
    mistakes: tuple[Mistake, ...]

    @property
    def accuracy(self) -> float:
        """The representative run's accuracy in percent, measured again."""
        return 100 * (self.images - self.wrong) / self.images


def find_representative(series: Series) -> Record:
    """Return the run with the median accuracy in the last epoch; the lower of two, the lowest seed of equals."""
    ranked = sorted(zip(series.accuracies, series.seeds, series.runs, strict=True), key=lambda item: item[:2])
    return ranked[(len(ranked) - 1) // 2][2]


def analyze_errors(series: Series, data: Dataset) -> ErrorAnalysis:
    """Return the analysis of all seeds where that is cheap, of the representative run otherwise.

    Raises MnistspecError where weights are missing or damaged, or belong to other data than these.
    """
    data = data.hold_out(series.spec.train.holdout)
    representative = find_representative(series)
    is_cheap = series.macs * len(data.test_images) * len(series.runs) <= _CHEAP
    runs = series.runs if is_cheap else (representative,)
    evaluations = {run.spec.train.seed: _evaluate(run, data) for run in runs}
    shown = evaluations[representative.spec.train.seed]
    return ErrorAnalysis(
        representative=representative,
        seeds=tuple(evaluations),
        confusion=torch.stack([evaluation.confusion() for evaluation in evaluations.values()]).sum(0).numpy(force=True),
        class_names=data.class_names,
        images=len(shown.labels),
        wrong=int(shown.predictions.ne(shown.labels).sum()),
        mistakes=_find_mistakes(shown, data),
    )


def _evaluate(run: Record, data: Dataset) -> Evaluation:
    folder = RunDir(run.path)
    model = folder.load_model()
    limit = limit_bytes(sum(layer.params for layer in run.document.layers))
    _, metadata = load_tensors(run.path / "model.safetensors", limit)
    if metadata.get("data_digest") != data.digest:
        raise UsageError(
            f"{run.path}: trained on other files of {data.name} than those that are here; give theirs with --data-dir"
        )
    return model.evaluate(data, choose_device(None))


def _find_mistakes(evaluation: Evaluation, data: Dataset) -> tuple[Mistake, ...]:
    guesses, confidences = evaluation.predictions, evaluation.probabilities.max(1).values
    wrong = guesses.ne(evaluation.labels).nonzero().flatten()
    shown = wrong[confidences[wrong].argsort(descending=True, stable=True)][:SHOWN]
    return tuple(
        Mistake(
            image=data.test_images[index].numpy(force=True),
            number=index,
            label=int(evaluation.labels[index]),
            guess=int(guesses[index]),
            confidence=float(confidences[index]),
        )
        for index in shown.tolist()
    )
