"""One recipe's part of a report: texts, tables, charts and mistakes, ready to be laid out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.analysis.classes import ClassResult, describe_classes
from mnistspec.analysis.comparison import Comparison
from mnistspec.analysis.mistakes import find_representative
from mnistspec.errors import CorruptError
from mnistspec.files import read_limited
from mnistspec.views.report.charts import Curve, draw_curves
from mnistspec.views.report.tables import Table, epochs_table, images_of, layers_table, plural, results_table
from mnistspec.views.terminal.difference import describe_difference
from mnistspec.views.terminal.leaderboard import difference_text
from mnistspec.views.units import write_unit

if TYPE_CHECKING:
    from mnistspec.analysis.comparison import Recipe
    from mnistspec.analysis.history import Step
    from mnistspec.analysis.mistakes import ErrorAnalysis
    from mnistspec.views.report.chart import Chart
    from mnistspec.views.terminal.difference_lines import Line

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST = 2 * 2**20  # bytes of a picture of a run


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart with its description, which stands for it, and its caption."""

    key: str
    chart: Chart
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
    """What lies between a recipe and the one before: parts with lines, totals, and whether it is more than noise."""

    before: str
    parts: dict[str, list[Line]]
    totals: list[str]
    verdict: str


@dataclass(frozen=True, eq=False)
class Errors:
    """Predictions by class, and mistakes; ``shades`` are in [0, 1] for the cells off the diagonal."""

    analysis: ErrorAnalysis
    classes: list[ClassResult]
    shades: list[list[float]]
    images: str
    seeds: str
    seed: int
    note: str


@dataclass(frozen=True, eq=False)
class Section:
    """All about one recipe."""

    key: str
    label: str
    recipe: Recipe
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


def make_section(step: Step, key: str, label: str, before: str) -> Section:
    """Return the part of a step; ``key`` is its place in the document, ``before`` the label of the step before."""
    return Section(
        key=key,
        label=label,
        recipe=step.recipe,
        results=results_table(step.recipe),
        facts=_facts(step.recipe),
        targets=_targets(step.recipe),
        changes=_changes(step, before),
        curves=_curves(step, key, label),
        epochs=epochs_table(step) if step.epochs else None,
        errors=_errors(step) if step.errors else None,
        pictures=[] if step.errors else _pictures(step, key, label),
        layers=layers_table(step.recipe),
        problems=step.problems,
    )


def _facts(recipe: Recipe) -> list[tuple[str, str]]:
    train = recipe.spec.train
    side = recipe.receptive_field
    return [
        ("Measured on", images_of(recipe)),
        ("Receptive field", f"{side}\N{MULTIPLICATION SIGN}{side} pixels"),
        ("Multiply-accumulates", f"{recipe.macs:,} an image"),
        ("Epochs", f"{train.epochs:,}, batches of {train.batch_size:,}"),
        ("Optimizer", write_unit(train.optimizer)),
        ("Schedule", write_unit(train.scheduler)),
        ("Augmentation", "; ".join(map(write_unit, train.augment)) or "none"),
        ("Seeds", ", ".join(map(str, recipe.seeds))),
        ("Time", f"{recipe.seconds:,.0f} s a run"),
    ]


def _targets(recipe: Recipe) -> list[str]:
    """Return each target with how many seeds met it and what they got."""
    found: dict[str, list[tuple[bool, float | None]]] = {}
    for run in recipe.runs:
        for target in run.figures["targets"]:
            text = f"{target['target']} {target['wanted']:,}"
            found.setdefault(text, []).append((bool(target["met"]), target["got"]))
    sentences = []
    for text, rows in found.items():
        met, got = sum(row[0] for row in rows), sorted(value for _, value in rows if value is not None)
        values = "nothing" if not got else f"{got[0]:,}" if got[0] == got[-1] else f"{got[0]:,} to {got[-1]:,}"
        sentences.append(f"{text}: met by {met} of {plural(len(rows), 'seed')}, got {values}")
    return sentences


def _changes(step: Step, before: str) -> Changes | None:
    if step.before is None or step.difference is None:
        return None
    old, new = step.difference.totals
    totals = [
        f"{name} {a:,}, unchanged" if a == b else f"{name} {a:,} \N{RIGHTWARDS ARROW} {b:,} ({b - a:+,})"
        for name, a, b in (
            ("parameters", old.params, new.params),
            ("multiply-accumulates", old.macs, new.macs),
            ("receptive field", old.receptive_field, new.receptive_field),
        )
    ]
    parts = {title: lines for title, lines in describe_difference(step.difference).items() if lines}
    return Changes(before, parts, totals, difference_text(Comparison((step.recipe, step.before))))


def _curves(step: Step, key: str, label: str) -> list[Figure]:
    if not step.epochs or not next(iter(step.epochs.values())):
        return []
    target = step.recipe.spec.targets.min_test_accuracy
    name = "held-out" if step.recipe.spec.train.holdout else "test"
    spread = ": lines at the mean, bands from the lowest to the highest" if len(step.epochs) > 1 else ""
    figures = []
    for quantity, axis, unit, digits, line in (
        ("loss", "loss (mean cross-entropy, nats)", "", 4, None),
        ("accuracy", "accuracy (percent)", " %", 2, target),
    ):
        train, test = (
            Curve([[epoch[f"{kind}_{quantity}"] for epoch in epochs] for epochs in step.epochs.values()])
            for kind in ("train", "test")
        )
        ends = f"in the last, training {train.mean[-1]:.{digits}f}{unit}, {name} {test.mean[-1]:.{digits}f}{unit}"
        figures.append(
            Figure(
                f"{key}-{quantity}",
                draw_curves({"training": train, name: test}, label=axis, unit=unit, digits=digits, target=line),
                f"{label}: curves of the {quantity} over {plural(len(test.mean), 'epoch')}; {ends}.",
                f"{quantity.capitalize()} by epoch, {plural(len(step.epochs), 'seed')}{spread}.",
            )
        )
    return figures


def _errors(step: Step) -> Errors | None:
    analysis, recipe = step.errors, step.recipe
    if analysis is None:
        return None
    counts = analysis.confusion.tolist()
    most = max((count for row, line in enumerate(counts) for column, count in enumerate(line) if row != column))
    # The root, so that a mistake made once differs from none although another was made a hundred times.
    shades = [[(count / max(1, most)) ** 0.5 for count in row] for row in counts]
    seed = analysis.representative.spec.train.seed
    recorded = float(analysis.representative.figures["test_accuracy"])
    same = abs(analysis.accuracy - recorded) < 0.005
    again = "as in its result" if same else f"but its result says {recorded:.2f} %: another device or version"
    return Errors(
        analysis=analysis,
        classes=describe_classes(analysis.confusion, analysis.class_names),
        shades=shades,
        images=images_of(recipe),
        seeds=f"{plural(len(analysis.seeds), 'seed')} together" if len(analysis.seeds) > 1 else f"seed {seed}",
        seed=seed,
        note=f"Measured again for this report, seed {seed} has {analysis.accuracy:.2f} %, {again}.",
    )


def _pictures(step: Step, key: str, label: str) -> list[Picture]:
    """Return what the representative run drew when it ended."""
    run = find_representative(step.recipe)
    pictures = []
    for name, words in (("confusion", "confusion matrix"), ("mistakes", "mistakes, the most confident first")):
        path = run.path / f"{name}.png"
        content = b""
        with suppress(CorruptError):
            content = read_limited(path, _LARGEST)
        if content.startswith(_PNG):
            pictures.append(Picture(f"{key}-{name}", content, f"{label}, seed {run.spec.train.seed}: {words}"))
    return pictures
