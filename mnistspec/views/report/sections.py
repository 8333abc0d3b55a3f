"""One series' part of a report: texts, tables, charts and mistakes, ready to be laid out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.analysis.comparison import Comparison
from mnistspec.analysis.mistakes import find_representative
from mnistspec.errors import CorruptError
from mnistspec.files import read_limited
from mnistspec.views.pictures.curves import ACCURACY, LOSS, RING, draw_quantity
from mnistspec.views.report.errors import Errors, make_errors
from mnistspec.views.report.tables import Table, epochs_table, images_of, layers_table, results_table
from mnistspec.views.terminal.difference import describe_difference
from mnistspec.views.terminal.leaderboard import difference_text
from mnistspec.views.writing import write_figure, write_unit, write_value
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnistspec.analysis.comparison import Series
    from mnistspec.analysis.history import Chapter
    from mnistspec.views.pictures.canvas import Canvas
    from mnistspec.views.terminal.difference_lines import Line

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST = 2 * 2**20  # bytes of a picture of a run


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart with its description, which stands for it, and its caption."""

    key: str
    chart: Canvas
    description: str
    caption: str


@dataclass(frozen=True, eq=False)
class Picture:
    """A PNG from a run folder, shown where the network could not be looked at again."""

    key: str
    content: bytes
    description: str


@dataclass(frozen=True)
class Changes:
    """What lies between a series and its foundation: parts with lines, totals, and whether it is more than noise."""

    before: str
    parts: dict[str, list[Line]]
    totals: list[str]
    verdict: str


@dataclass(frozen=True, eq=False)
class Section:
    """All about one series."""

    key: str
    label: str
    series: Series
    results: Table
    facts: list[tuple[str, str]]
    targets: list[str]
    changes: Changes | None
    curves: list[Figure]
    epochs: Table | None
    errors: Errors | None
    pictures: list[Picture]
    layers: Table
    problems: tuple[str, ...]


def make_section(chapter: Chapter, key: str, label_of: Mapping[int, str]) -> Section:
    """Return the part of a chapter; ``key`` is its place in the document, ``label_of`` has labels by id of series."""
    label = label_of[id(chapter.series)]
    return Section(
        key=key,
        label=label,
        series=chapter.series,
        results=results_table(chapter.series),
        facts=_facts(chapter.series),
        targets=_targets(chapter.series),
        changes=_changes(chapter, label_of),
        curves=_curves(chapter, key, label),
        epochs=epochs_table(chapter) if chapter.epochs else None,
        errors=make_errors(chapter),
        pictures=[] if chapter.errors else _pictures(chapter, key, label),
        layers=layers_table(chapter.series),
        problems=chapter.problems,
    )


def _facts(series: Series) -> list[tuple[str, str]]:
    train = series.spec.train
    side = series.receptive_field
    return [
        ("Measured on", images_of(series)),
        ("Receptive field", f"{side}\N{MULTIPLICATION SIGN}{side} pixels"),
        ("Multiply-accumulates", f"{series.macs:,} an image"),
        ("Epochs", f"{train.epochs:,}, batches of {train.batch_size:,}"),
        *([("Class weights", write_value(train.class_weights))] if train.class_weights else []),
        ("Optimizer", write_unit(train.optimizer)),
        ("Schedule", write_unit(train.scheduler)),
        ("Augmentation", "; ".join(map(write_unit, train.augment)) or "none"),
        ("Seeds", ", ".join(map(str, series.seeds))),
        ("Time", f"{series.seconds:,.0f} s a run"),
    ]


def _targets(series: Series) -> list[str]:
    """Return each target with how many seeds met it and what they got."""
    found: dict[str, list[tuple[bool, float | None]]] = {}
    for run in series.runs:
        for target in run.figures.targets:
            found.setdefault(f"{target.target} {target.wanted:,}", []).append((target.met, target.got))
    sentences = []
    for text, rows in found.items():
        met, got = sum(row[0] for row in rows), sorted(value for _, value in rows if value is not None)
        values = " to ".join(dict.fromkeys(map(write_figure, (got[0], got[-1])))) if got else "nothing"
        sentences.append(f"{text}: met by {met} of {plural(len(rows), 'seed')}, got {values}")
    return sentences


def _changes(chapter: Chapter, label_of: Mapping[int, str]) -> Changes | None:
    if chapter.before is None or chapter.difference is None:
        return None
    old, new = chapter.difference.totals
    totals = [
        f"{name} {a:,}, unchanged" if a == b else f"{name} {a:,} \N{RIGHTWARDS ARROW} {b:,} ({b - a:+,})"
        for name, a, b in (
            ("parameters", old.params, new.params),
            ("multiply-accumulates", old.macs, new.macs),
            ("receptive field", old.receptive_field, new.receptive_field),
        )
    ]
    parts = {title: lines for title, lines in describe_difference(chapter.difference).items() if lines}
    verdict = difference_text(Comparison((chapter.series, chapter.before)))
    return Changes(label_of[id(chapter.before)], parts, totals, verdict)


def _curves(chapter: Chapter, key: str, label: str) -> list[Figure]:
    if not chapter.epochs or not next(iter(chapter.epochs.values())):
        return []
    target = chapter.series.spec.targets.min_test_accuracy
    name = chapter.series.measured.word
    figures = []
    for quantity, line in ((LOSS, None), (ACCURACY, target)):
        train, test = (
            np.array(
                [[getattr(epoch, f"{kind}_{quantity.name}") for epoch in epochs] for epochs in chapter.epochs.values()]
            )
            for kind in ("train", "test")
        )
        seeds, count = test.shape
        ends = (quantity.format(rows.mean(0)[-1]) for rows in (train, test))
        spread = ": lines at the mean, bands from the lowest to the highest." if seeds > 1 else f". {RING}"
        figures.append(
            Figure(
                f"{key}-{quantity.name}",
                draw_quantity(quantity, {"training": train, name: test}, line),
                f"{label}: curves of the {quantity.name} over {plural(count, 'epoch')}; "
                f"in the last, training {next(ends)}, {name} {next(ends)}.",
                f"{quantity.name.capitalize()} by epoch, {plural(seeds, 'seed')}{spread}",
            )
        )
    return figures


def _pictures(chapter: Chapter, key: str, label: str) -> list[Picture]:
    """Return what the representative run drew when it ended."""
    run = find_representative(chapter.series)
    pictures = []
    for name, words in (("confusion", "confusion matrix"), ("mistakes", "mistakes, the most confident first")):
        path = run.path / f"{name}.png"
        content = b""
        with suppress(CorruptError):
            content = read_limited(path, _LARGEST)
        if content.startswith(_PNG):
            pictures.append(Picture(f"{key}-{name}", content, f"{label}, seed {run.spec.train.seed}: {words}"))
    return pictures
