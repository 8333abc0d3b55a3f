"""A report as what it says, in order: both forms of it lay out the same contents."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.analysis.labels import label_series
from mnistspec.language.spec import Reference
from mnistspec.views.report.charts import draw_accuracies, draw_parameters
from mnistspec.views.report.conclusion import gains, lead
from mnistspec.views.report.sections import Figure, Section, make_section
from mnistspec.views.report.tables import Table, environment_table, images_of, runs_table, summary_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.comparison import Series
    from mnistspec.analysis.history import Chapter, History


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that a report shows."""

    title: str
    lead: list[str]
    gains: list[tuple[str, str]]
    notes: list[str]
    summary: Table
    figures: list[Figure]
    sections: list[Section]
    environment: Table
    runs: Table
    commands: list[str]
    problems: list[str]
    left_out: tuple[str, ...]


def make_report(history: History, title: str = "") -> Report:
    """Return the contents of a report; without a title it is called by its series."""
    all_series = [chapter.series for chapter in history.chapters]
    words = label_series(all_series)
    labels = [" ".join(label) for label in words]
    label_of = {id(series): label for series, label in zip(all_series, labels, strict=True)}
    return Report(
        title=title or _make_title(all_series),
        lead=lead(all_series, labels),
        gains=gains(history.chapters, labels),
        notes=_notes(all_series),
        summary=summary_table(all_series, labels),
        figures=_figures(all_series, words),
        sections=[
            make_section(chapter, f"series-{number}", label_of) for number, chapter in enumerate(history.chapters, 1)
        ],
        environment=environment_table(history.chapters),
        runs=runs_table(history.chapters, labels),
        commands=_commands(history.chapters),
        problems=history.problems,
        left_out=history.left_out,
    )


def _make_title(all_series: Sequence[Series]) -> str:
    names = list(dict.fromkeys(series.spec.name for series in all_series))
    if len(names) == 1:
        return all_series[0].spec.heading
    return f"Training report: {names[0]} to {names[-1]}"


def _notes(all_series: Sequence[Series]) -> list[str]:
    chosen = "the images that it is measured on"
    if not any(series.spec.train.holdout for series in all_series):
        chosen = "the test set, on which it is measured"
    notes = [f"* Best epoch: the mean of each seed's best epoch, which was chosen on {chosen}: it flatters."]
    if any(len(series.runs) > 1 for series in all_series):
        notes.insert(
            0, "Last epoch: mean over the seeds and, after \N{PLUS-MINUS SIGN}, their sample standard deviation."
        )
    if any(series.spec.reference != Reference() for series in all_series):
        notes.append("Reference: what the spec's own source reports for this network; it says nothing of which epoch.")
    return notes


def _figures(all_series: Sequence[Series], words: Sequence[tuple[str, ...]]) -> list[Figure]:
    """Return the charts of all series, apart for each set of images that some were measured on."""
    figures = []
    groups = list(dict.fromkeys(map(images_of, all_series)))
    for number, where in enumerate(groups, 1):
        places = [index for index, series in enumerate(all_series) if images_of(series) == where]
        members, labels = [all_series[index] for index in places], [words[index] for index in places]
        plain = [" ".join(label) for label in labels]
        means = ", ".join(f"{label} {r.mean:.2f} %" for label, r in zip(plain, members, strict=True))
        sizes = ", ".join(f"{label} {r.params:,}" for label, r in zip(plain, members, strict=True))
        if max(len(members), len(members[0].runs)) > 1:
            figures.append(
                Figure(
                    f"accuracy-{number}",
                    draw_accuracies(members, labels),
                    f"Accuracy in the last epoch on the {where}, by spec: {means}.",
                    f"Accuracy in the last epoch on the {where}.",
                )
            )
        if len(members) > 1:
            figures.append(
                Figure(
                    f"parameters-{number}",
                    draw_parameters(members, plain),
                    f"Mean accuracy over the number of parameters: {sizes}; accuracies as in the summary.",
                    f"Mean accuracy on the {where} over parameters; lines reach from the lowest seed to the highest.",
                )
            )
    return figures


def _commands(chapters: Sequence[Chapter]) -> list[str]:
    """Return the commands that the runs were made by, each once."""
    commands: dict[str, None] = {}
    for chapter in chapters:
        for environment in chapter.environments.values():
            if environment.command:
                program, *arguments = environment.command
                name = "mnistspec" if program == "__main__.py" else program
                commands[shlex.join([name, *arguments])] = None
    return list(commands)
