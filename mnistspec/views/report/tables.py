"""The tables of a report as texts in rows: results, summary, epochs, layers, environment, runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from mnistspec.analysis.mistakes import find_representative
from mnistspec.views.writing import write_unit
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.comparison import Series
    from mnistspec.analysis.history import Chapter
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.models import Environment

NONE = "\N{EN DASH}"
_MOST_EPOCHS = 100  # rows of a table of epochs
_COLUMNS = ("lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
_LONGEST = 200  # letters of a value that stands in a file


@dataclass(frozen=True)
class Table:
    """A caption, headings and rows; ``words`` are the columns that hold words, the others hold numbers.

    One that ``folds`` is a card a row where the page is narrow; others of many columns are moved sideways.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: tuple[int, ...] = (0,)
    has_total: bool = False
    folds: bool = False

    def without_empty_columns(self) -> Table:
        """Return the table without the columns that say nothing."""
        kept = [index for index in range(len(self.head)) if any(row[index] not in {"", NONE} for row in self.rows)]
        return replace(
            self,
            head=[self.head[index] for index in kept],
            rows=[[row[index] for index in kept] for row in self.rows],
            words=tuple(kept.index(index) for index in self.words if index in kept),
        )


def results_table(series: Series) -> Table:
    """Return what was measured beside what the spec's reference reports."""
    reference, runs = series.spec.reference, series.runs
    several = len(runs) > 1
    rows = [
        ["Parameters", f"{series.params:,}", *["", ""] * several, "", _count(reference.params)],
        [
            "Training accuracy (%)", *_accuracy(runs, "train_accuracy"), _best(runs, "best_train_accuracy"),
            percent(reference.train_accuracy),
        ],
        [
            f"{measured(series)} (%)", *_accuracy(runs, "accuracy"), _best(runs, "best_accuracy"),
            percent(reference.test_accuracy),
        ],
    ]  # fmt: skip
    spread = ("Last epoch", "Lowest seed", "Highest seed") if several else ("Last epoch",)
    return Table(
        f"{plural(len(runs), 'seed')}, measured on the {images_of(series)}",
        ["", *spread, "Best epoch\N{NO-BREAK SPACE}*", "Reference"],
        rows,
        folds=True,
    ).without_empty_columns()


def summary_table(all_series: Sequence[Series], labels: Sequence[str]) -> Table:
    """Return a row a series."""
    rows = []
    for series, label in zip(all_series, labels, strict=True):
        met = NONE if series.targets_met is None else f"{series.targets_met} of {len(series.runs)}"
        last, *ends = _accuracy(series.runs, "accuracy")
        ends = ends or ["", ""]
        reference = percent(series.spec.reference.test_accuracy)
        rows.append([
            label, series.spec.title, f"{series.params:,}", str(series.receptive_field), str(len(series.runs)), last,
            *ends, _best(series.runs, "best_accuracy"), reference, met,
        ])  # fmt: skip
    head = (
        "Spec", "Title", "Parameters", "Receptive field", "Seeds", "Last epoch %", "Lowest", "Highest",
        "Best epoch %\N{NO-BREAK SPACE}*", "Reference %", "Targets met",
    )  # fmt: skip
    where = images_of(all_series[0]) if len({images_of(series) for series in all_series}) == 1 else "images named below"
    return Table(f"Accuracy on the {where}", head, rows, words=(0, 1), folds=True).without_empty_columns()


def epochs_table(chapter: Chapter) -> Table:
    """Return the means over the seeds, a row an epoch; of very many epochs some."""
    runs = list(chapter.epochs.values())
    count = len(runs[0])
    every = -(-count // _MOST_EPOCHS)
    shown = sorted({*range(every - 1, count, every), count - 1})
    rows = []
    for index in shown:
        lr, train_loss, train, test_loss, test = (fmean(getattr(run[index], name) for run in runs) for name in _COLUMNS)
        rows.append(
            [str(index + 1), f"{lr:.3g}", f"{train_loss:.4f}", f"{train:.2f}", f"{test_loss:.4f}", f"{test:.2f}"]
        )
    which = f", one in {every} of {count:,}" if every > 1 else ""
    test_word = chapter.series.measured.word.capitalize()
    head = ("Epoch", "Learning rate", "Training loss", "Training %", f"{test_word} loss", f"{test_word} %")
    return Table(f"Figures by epoch, mean over {plural(len(runs), 'seed')}{which}", head, rows, words=())


def layers_table(series: Series) -> Table:
    """Return a row a block, and the totals; sides of squares are in pixels."""
    layers = series.runs[0].document.layers
    rows = [
        [
            layer.name, write_unit(layer.block), "\N{MULTIPLICATION SIGN}".join(map(str, layer.output_shape)),
            f"{layer.params:,}" if layer.params else NONE, f"{layer.macs:,}" if layer.macs else NONE,
            str(layer.kernel), str(layer.stride), str(layer.jump), str(layer.receptive_field),
        ]
        for layer in layers
    ]  # fmt: skip
    total = ["Total", "", "", f"{series.params:,}", f"{series.macs:,}", "", "", "", str(series.receptive_field)]
    head = ("Layer", "As in the spec", "Output", "Parameters", "MACs", "Kernel", "Stride", "Jump", "Receptive field")
    return Table(
        f"Layers of {series.spec.name}, from the image to the classes",
        head,
        [*rows, total],
        words=(0, 1),
        has_total=True,
    )


def environment_table(chapters: Sequence[Chapter]) -> Table:
    """Return versions, device, threads and dates of all runs; where runs differ, each value with their number."""
    found: dict[str, Counter[str]] = {}
    for chapter in chapters:
        for environment in chapter.environments.values():
            for key, value in _flatten(environment).items():
                found.setdefault(key, Counter())[value] += 1
    rows = [[key, _values(counts)] for key, counts in found.items()]
    begun = sorted(filter(None, (begun_at(run) for chapter in chapters for run in chapter.series.runs)))
    if begun:
        rows.append(["Begun (UTC)", begun[0] if begun[0] == begun[-1] else f"{begun[0]} to {begun[-1]}"])
    seeds = sorted({seed for chapter in chapters for seed in chapter.series.seeds})
    rows.append(["Seeds", ", ".join(map(str, seeds))])
    return Table("What the runs were made with", ("", "Value"), rows, words=(0, 1))


def runs_table(chapters: Sequence[Chapter], labels: Sequence[str]) -> Table:
    """Return a row a run: where it lies, and its own figures."""
    rows = []
    for chapter, label in zip(chapters, labels, strict=True):
        shown = find_representative(chapter.series)
        for run in chapter.series.runs:
            figures = run.figures
            best = f"{percent(figures.best_accuracy)} ({NONE if figures.best_epoch is None else figures.best_epoch})"
            rows.append([
                label, str(run.spec.train.seed), begun_at(run), f"{figures.seconds.total:,.0f}",
                percent(figures.accuracy), best, "yes" if run is shown else "", str(run.path),
            ])  # fmt: skip
    head = (
        "Spec", "Seed", "Begun (UTC)", "Seconds", "Last epoch %", "Best epoch %\N{NO-BREAK SPACE}* (which)",
        "Representative", "Run folder",
    )  # fmt: skip
    return Table("The runs that this report is made from", head, rows, words=(0, 6, 7), folds=True)


def begun_at(run: RunDir) -> str:
    """Return when a run began, by its folder's name, or nothing."""
    try:
        begun = datetime.strptime(run.path.resolve().name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return f"{begun:%Y-%m-%d %H:%M}"


def measured(series: Series) -> str:
    """Return the name of the accuracy that a series was measured by."""
    return f"{series.measured.word.capitalize()} accuracy"


def images_of(series: Series) -> str:
    """Return the images that a series was measured on, with their data set."""
    held_out, data = series.spec.train.holdout, series.spec.data.display_name
    if held_out == "val":
        return f"{data} {series.measured.images}"
    return f"{held_out:,} held-out training images of {data}" if held_out else f"{data} test set"


def _accuracy(runs: Sequence[RunDir], key: str) -> list[str]:
    """Return the mean with its spread, and for more than one seed the lowest and the highest."""
    values = _numbers(runs, key)
    if len(values) < 2:
        return [percent(values[0] if values else None), *([NONE, NONE] if len(runs) > 1 else [])]
    return [
        f"{fmean(values):.2f} \N{PLUS-MINUS SIGN} {stdev(values):.2f}",
        percent(min(values)),
        percent(max(values)),
    ]


def _best(runs: Sequence[RunDir], key: str) -> str:
    values = _numbers(runs, key)
    return percent(fmean(values) if values else None)


def _numbers(runs: Sequence[RunDir], key: str) -> list[float]:
    values = (getattr(run.figures, key) for run in runs)
    return [float(value) for value in values if value is not None]


def percent(value: float | None) -> str:
    """Return a figure in percent without its sign, or a dash."""
    return NONE if value is None else f"{value:.2f}"


def _count(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"


def _flatten(environment: Environment) -> dict[str, str]:
    """Return versions, system, device and threads."""
    pairs = {"python": environment.python, **environment.packages}
    for key in ("platform", "cpu", "cores", "device", "device_name", "threads"):
        if key != "device_name" or environment.device_name != environment.device:
            pairs[key.replace("_", " ")] = getattr(environment, key)
    return {key[:_LONGEST]: str(value)[:_LONGEST] for key, value in pairs.items() if value is not None}


def _values(counts: Counter[str]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({plural(count, 'run')})" for value, count in counts.most_common())
