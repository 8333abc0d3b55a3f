"""Where a series' networks go wrong: predictions counted by class, and the mistakes of one of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.errors import MnistspecError
from mnistspec.runs.predictions import Mistake, Predictions

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from mnistspec.analysis.comparison import Series
    from mnistspec.runs.folder import RunDir

__all__ = ["ErrorAnalysis", "Mistake", "analyze_errors", "find_representative"]

SHOWN = 24  # mistakes: a gallery that can be taken in


@dataclass(frozen=True, eq=False)
class ErrorAnalysis:
    """What the last epoch's weights make of the images that the series was measured on.

    ``confusion`` counts by label (row) and prediction (column), summed over ``seeds``. The mistakes are those of the
    representative run, which got ``wrong`` of ``images`` images wrong; the most confident come first.
    """

    representative: RunDir
    seeds: tuple[int, ...]
    confusion: np.ndarray
    class_names: tuple[str, ...]
    images: int
    wrong: int
    mistakes: tuple[Mistake, ...]

    @property
    def accuracy(self) -> float:
        """The representative run's accuracy in percent, by its predictions."""
        return 100 * (self.images - self.wrong) / self.images


def find_representative(series: Series) -> RunDir:
    """Return the run with the median accuracy in the last epoch; the lower of two, the lowest seed of equals."""
    ranked = sorted(range(len(series.runs)), key=series.accuracies.__getitem__)  # equals stay in the order of seeds
    return series.runs[ranked[(len(ranked) - 1) // 2]]


def analyze_errors(
    series: Series, measure: Callable[[RunDir], Predictions | None] | None = None
) -> tuple[ErrorAnalysis | None, list[str]]:
    """Return the analysis of all seeds whose predictions were kept, and a sentence for what is missing.

    What was not kept is measured by ``measure``. Without the predictions of the representative run there is none.
    """
    problems: list[str] = []
    found: dict[int, Predictions] = {}
    lacking = []
    for seed, run in zip(series.seeds, series.runs, strict=True):
        try:
            predictions = run.predictions or (measure(run) if measure else None)
        except MnistspecError as error:
            problems.append(error.headline)
            continue
        if predictions is None:
            lacking.append(run)
        else:
            found[seed] = predictions
    if lacking:
        others = f" (and the same for {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        problems.append(
            f"{lacking[0].path}: it keeps no predictions, so its mistakes are not shown; add them with: "
            f"mnistspec evaluate {lacking[0].path}{others}"
        )
    representative = find_representative(series)
    shown = found.get(representative.spec.train.seed)
    if shown is None:
        return None, problems
    analysis = ErrorAnalysis(
        representative=representative,
        seeds=tuple(found),
        confusion=sum((predictions.confusion for predictions in found.values()), start=0 * shown.confusion),
        class_names=shown.class_names,
        images=len(shown.labels),
        wrong=shown.wrong,
        mistakes=shown.mistakes(SHOWN),
    )
    return analysis, problems
