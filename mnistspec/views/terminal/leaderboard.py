"""A comparison as a table for the terminal, as CSV, as Markdown, and as a sentence; nothing here prints."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from mnistspec.analysis.labels import label_series
from mnistspec.views.terminal.labels import Label
from mnistspec.views.terminal.tables import make_table
from mnistspec.wording import markdown_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnistspec.analysis.comparison import Comparison, Series
    from mnistspec.analysis.contrast import Contrast
    from mnistspec.analysis.significance import Interval
    from mnistspec.runs.measurement import Measured

_HEADINGS = (
    "params", "MACs", "receptive field", "seeds", "last epoch %", "min", "max", "best epoch % *", "seconds",
    "targets met",
)  # fmt: skip
_NOTES = {
    "last epoch": "last epoch: mean and sample standard deviation over the seeds",
    "best": "* mean of each seed's best epoch, chosen on the images that it is measured on",
    "time": "time: mean of a run",
    "seconds": "seconds: mean of a run",
    "targets": "targets met: the number of seeds that met all",
    "f1": "macro F1: mean over the seeds of the mean over the classes, each of which counts the same",
}


def leaderboard_table(comparison: Comparison) -> Group:
    """Return the series in 80 columns, below a name what sets it apart, below a mean its range; the difference.

    The macro F1, where it is asked for, takes the place of the best epoch: there is no room for both.
    """
    shows_f1 = _shows_f1(comparison)
    table = make_table(show_edge=False)
    table.add_column("spec")
    for heading in (
        "params", "MACs", "field", "seeds", "last epoch %\nmin-max", "macro\nF1 %" if shows_f1 else "best\n%*",
        "time\ns", "targets\nmet",
    ):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    for words, series in zip(label_series(comparison.all_series), comparison.all_series, strict=True):
        params, macs, field, seeds, mean, low, high, best, seconds, targets, *f1 = _cells(series, comparison)
        spread = f"{low}-{high}" if len(series.runs) > 1 else ""
        figures = f"{mean}\n{spread}", *(f1 or [best])
        table.add_row(Label(words), params, macs, field, seeds, *figures, seconds, targets)
    sentence = difference_text(comparison)
    note = _write_note("last epoch", "f1" if shows_f1 else "best", "time", "targets")
    return Group(table, Text(note), *([Text(f"\n{sentence}")] if sentence else []))


def leaderboard_markdown(comparison: Comparison) -> str:
    """Return a line a series as a Markdown table, its note, and for two series the sentence on their difference."""
    rows = [
        [label, *_cells(series, comparison)]
        for label, series in zip(labels_of(comparison), comparison.all_series, strict=True)
    ]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    headings = [*_HEADINGS, *(["macro F1 %"] if _shows_f1(comparison) else [])]
    table = markdown_table(["spec", *headings], cells, [":--", *("--:" for _ in headings)])
    note = _write_note("last epoch", "best", "seconds", "targets", *(["f1"] if _shows_f1(comparison) else []))
    note = note.replace("*", "\\*")
    sentence = difference_text(comparison)
    return "\n\n".join(filter(None, [table, f"{note[0].upper()}{note[1:]}.", sentence]))


def leaderboard_csv(comparison: Comparison) -> str:
    """Return a line a series with all digits; figures stand below the names of what they were measured on."""
    figures = list(dict.fromkeys(series.measured for series in comparison.all_series))
    names = [
        name
        for key, best in ((kind.key("accuracy"), kind.key("best_accuracy")) for kind in figures)
        for name in (f"{key}_mean", f"{key}_spread", f"{key}_min", f"{key}_max", f"{best}_mean")
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((
        "spec", "settings", "data", "measured_on", "params", "macs", "receptive_field", "seeds", *names, "seconds",
        "targets_met", *(["macro_f1_mean"] if _shows_f1(comparison) else []),
    ))  # fmt: skip
    for series in comparison.all_series:
        settings = "; ".join(f"{key}={value}" for key, value in series.settings.items())
        writer.writerow((
            series.spec.name, settings, series.spec.data.word, series.measured_on, series.params, series.macs,
            series.receptive_field, len(series.runs), *_figures(series, figures), series.seconds, series.targets_met,
            *([series.macro_f1] if _shows_f1(comparison) else []),
        ))  # fmt: skip
    return text.getvalue()


def labels_of(comparison: Comparison) -> list[str]:
    """Return a label for each series: its name, what it was measured on if that is not plain, what sets it apart."""
    return [" ".join(words) for words in label_series(comparison.all_series)]


def difference_text(comparison: Comparison) -> str:
    """Return a sentence on whether two series differ by more than noise; nothing for any other number of series."""
    difference = comparison.contrast
    if difference is None:
        return ""
    first, second = labels_of(comparison)
    if difference.obstacle:
        return f"The accuracies of {first} and {second} cannot be compared: {difference.obstacle}."
    interval = difference.interval
    if interval is None:
        return f"With one seed nothing can be said on whether {first} and {second} differ: train both with more seeds."
    verdict = "More" if interval.excludes_zero else "Not more"
    mean, low, high = write_interval(interval)
    better = "worse" if interval.mean < 0 else "better"
    return (
        f"{verdict} than the noise between seeds: {first} is {mean} points {better} than {second} in the last epoch "
        f"(95 % confidence interval {low} to {high}, {_method(difference)})."
    )


def write_interval(interval: Interval) -> tuple[str, str, str]:
    """Return the size of a difference and its interval, both in its direction, with the digits that its width allows.

    These are one more than the first digit of half the width, at most three decimals: the accuracy of 10,000 images
    has two. An interval that excludes zero is not written as if it began there.
    """
    sign = -1 if interval.mean < 0 else 1
    mean, (low, high) = sign * interval.mean, sorted((sign * interval.low, sign * interval.high))
    half = (high - low) / 2
    decimals = min(3, 1 - math.floor(math.log10(half))) if half > 0 else 2
    while interval.excludes_zero and decimals < 6 and not round(low, decimals):
        decimals += 1
    mean_text, low_text, high_text = (f"{round(x, decimals):z,.{max(0, decimals)}f}" for x in (mean, low, high))
    return mean_text, low_text, high_text


def _method(difference: Contrast) -> str:
    if difference.method == "paired":
        return f"paired over the {len(difference.seeds)} seeds that both have"
    counts = f"{len(difference.first.runs)} and {len(difference.second.runs)}"
    return f"Welch's test over {counts} seeds, which are not the same"


def _figures(series: Series, kinds: Sequence[Measured]) -> Iterator[float | str | None]:
    """Yield the accuracies of a series below the names of what it was measured on, nothing below the others."""
    figures = (series.mean, series.spread, min(series.accuracies), max(series.accuracies), series.best)
    for kind in kinds:
        yield from figures if kind is series.measured else [""] * len(figures)


def _shows_f1(comparison: Comparison) -> bool:
    """Return whether there is a column for the macro F1: where it was asked for."""
    return comparison.sort == "f1"


def _write_note(*columns: str) -> str:
    return "; ".join(_NOTES[column] for column in columns)


def _cells(series: Series, comparison: Comparison) -> tuple[str, ...]:
    low, high = min(series.accuracies), max(series.accuracies)
    spread = "" if series.spread is None else f" ± {series.spread:.2f}"
    met = "-" if series.targets_met is None else f"{series.targets_met}/{len(series.runs)}"
    return (
        f"{series.params:,}", _short(series.macs), str(series.receptive_field), str(len(series.runs)),
        f"{series.mean:.2f}{spread}", f"{low:.2f}", f"{high:.2f}", f"{series.best:.2f}", f"{series.seconds:,.0f}", met,
        *(["-" if series.macro_f1 is None else f"{series.macro_f1:.2f}"] if _shows_f1(comparison) else []),
    )  # fmt: skip


def _short(count: int) -> str:
    """Return a count with three digits and a letter for thousands, millions or thousands of millions."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            digits = f"{count / size:.3g}"
            return (digits if float(digits) < 1000 else f"{float(digits):.0f}") + letter
    return str(count)
