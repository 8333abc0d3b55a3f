"""The part of a section about single classes and images: figures by class, confusions, mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.analysis.classes import MOST_CLASSES, SHOWN, describe_classes, find_confusions, rank_worst
from mnistspec.runs.result import average_classes
from mnistspec.views.pictures.confusion import shade_mistakes
from mnistspec.views.report.tables import NONE, Table, images_of, percent
from mnistspec.views.writing import format_share
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.classes import ClassResult
    from mnistspec.analysis.history import Chapter
    from mnistspec.analysis.mistakes import ErrorAnalysis


@dataclass(frozen=True, eq=False)
class Errors:
    """Predictions by class, and mistakes; ``shades`` are in [0, 1] for the cells off the diagonal.

    Where there are more classes than a matrix can show, ``worst`` has those with the lowest F1, which also come first
    in ``classes``, and ``confusions`` the most frequent ones.
    """

    analysis: ErrorAnalysis
    classes: Table
    worst: Table | None
    means: str
    confusions: Table | None
    shades: list[list[float]]
    images: str
    seeds: str
    seed: int
    note: str

    @property
    def has_many_classes(self) -> bool:
        """Whether the classes are too many to be shown unfolded."""
        return len(self.analysis.class_names) > MOST_CLASSES


def make_errors(chapter: Chapter) -> Errors | None:
    """Return what a chapter's analysis shows; None where there is none."""
    analysis, series = chapter.errors, chapter.series
    if analysis is None:
        return None
    seed = analysis.representative.spec.train.seed
    recorded = analysis.representative.figures.accuracy or 0
    same = abs(analysis.accuracy - recorded) < 0.005
    again = "as in its result" if same else f"but its result says {recorded:.2f} %: by another device or version"
    seeds = f"{plural(len(analysis.seeds), 'seed')} together" if len(analysis.seeds) > 1 else f"seed {seed}"
    results = describe_classes(analysis.confusion, analysis.class_names)
    means = average_classes([result.figures for result in results])
    shares = ", ".join(
        f"{name} {percent(value)} %"
        for name, value in (("precision", means.precision), ("recall", means.recall), ("F1", means.f1))
    )
    is_large = len(results) > MOST_CLASSES
    caption = f"Figures by class on the {images_of(series)}, {seeds}"
    return Errors(
        analysis=analysis,
        classes=_classes_table(rank_worst(results) if is_large else results, caption),
        worst=_classes_table(rank_worst(results)[:SHOWN], f"{caption}: the worst") if is_large else None,
        means=f"Means over the classes, each of which counts the same: {shares}.",
        confusions=_confusions_table(analysis) if is_large else None,
        shades=[] if is_large else shade_mistakes(analysis.confusion).tolist(),
        images=images_of(series),
        seeds=seeds,
        seed=seed,
        note=f"By its predictions seed {seed} has {analysis.accuracy:.2f} %, {again}.",
    )


def _classes_table(results: Sequence[ClassResult], caption: str) -> Table:
    """Return a row a class."""
    rows = []
    for result in results:
        figures = result.figures
        shares = map(percent, (figures.precision, figures.recall, figures.f1))
        mistaken = NONE if result.confused_with is None else f"{result.confused_with} ({result.times:,})"
        rows.append([figures.name, f"{figures.images:,}", *shares, mistaken])
    head = ("Class", "Images", "Precision %", "Recall %", "F1 %", "Most often taken for")
    return Table(caption, head, rows, words=(0, 5))


def _confusions_table(analysis: ErrorAnalysis) -> Table:
    """Return a row for each of the most frequent confusions, the most frequent first."""
    rows = [
        [pair.label, pair.guess, f"{pair.count:,}", format_share(pair.share, 1)]
        for pair in find_confusions(analysis.confusion, analysis.class_names)
    ]
    head = ("Actual", "Predicted", "Images", "Of the actual class")
    return Table("The most frequent confusions", head, rows, words=(0, 1))
