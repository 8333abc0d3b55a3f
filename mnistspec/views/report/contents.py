"""A report as what it says, in order: both forms of it lay out the same contents."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.analysis.labels import label_recipes
from mnistspec.language.spec import Reference
from mnistspec.views.report.charts import draw_accuracies, draw_parameters
from mnistspec.views.report.sections import Figure, Section, make_section
from mnistspec.views.report.tables import Table, environment_table, images_of, plural, runs_table, summary_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.analysis.comparison import Recipe
    from mnistspec.analysis.history import Step, Story


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that a report shows."""

    title: str
    lead: list[str]
    notes: list[str]
    summary: Table
    figures: list[Figure]
    sections: list[Section]
    environment: Table
    runs: Table
    commands: list[str]
    problems: list[str]
    left_out: tuple[str, ...]


def make_report(story: Story, title: str = "") -> Report:
    """Return the contents of a report; without a title it is called by its recipes."""
    recipes = [step.recipe for step in story.steps]
    words = label_words(recipes)
    labels = [" ".join(label) for label in words]
    keys = [f"recipe-{number}" for number in range(1, len(recipes) + 1)]
    return Report(
        title=title or _make_title(recipes),
        lead=_lead(recipes, labels),
        notes=_notes(recipes),
        summary=summary_table(recipes, labels),
        figures=_figures(recipes, words),
        sections=[
            make_section(step, key, label, before)
            for step, key, label, before in zip(story.steps, keys, labels, ["", *labels], strict=False)
        ],
        environment=environment_table(story.steps),
        runs=runs_table(story.steps, labels),
        commands=_commands(story.steps),
        problems=story.problems,
        left_out=story.left_out,
    )


def label_words(recipes: Sequence[Recipe]) -> list[tuple[str, ...]]:
    """Return for each recipe the words that set it apart: its name, then settings in which others differ."""
    data, held_out = ({getter(r) for r in recipes} for getter in (_data, _held_out))
    named = []
    for recipe in recipes:
        words = {"data": recipe.spec.data} if len(data) > 1 else {}
        words |= {"train.holdout": str(_held_out(recipe))} if len(held_out) > 1 and _held_out(recipe) else {}
        words |= {key: value for key, value in recipe.settings.items() if key != "train.holdout"}
        named.append((recipe.spec.name, words))
    return label_recipes(named)


def _data(recipe: Recipe) -> str:
    return recipe.spec.data


def _held_out(recipe: Recipe) -> int:
    return recipe.spec.train.holdout


def _make_title(recipes: Sequence[Recipe]) -> str:
    names = list(dict.fromkeys(recipe.spec.name for recipe in recipes))
    if len(names) == 1:
        title = recipes[0].spec.title
        return f"{names[0]}: {title}" if title else names[0]
    return f"Training report: {names[0]} to {names[-1]}"


def _lead(recipes: Sequence[Recipe], labels: Sequence[str]) -> list[str]:
    runs = sum(len(recipe.runs) for recipe in recipes)
    fewest, most = min(recipe.params for recipe in recipes), max(recipe.params for recipe in recipes)
    params = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    sentences = [f"{plural(len(recipes), 'recipe')}, {plural(runs, 'finished run')}, {params} parameters."]
    for where in dict.fromkeys(map(images_of, recipes)):
        places = [index for index, recipe in enumerate(recipes) if images_of(recipe) == where]
        index = max(places, key=lambda index: recipes[index].mean)
        spread = recipes[index].spread
        deviation = "" if spread is None else f" \N{PLUS-MINUS SIGN} {spread:.2f}"
        result = f"{recipes[index].mean:.2f}{deviation} % in the last epoch"
        if len(places) > 1:
            sentences.append(
                f"Accuracies are measured on the {where}; the highest is that of {labels[index]}, {result}."
            )
        else:
            sentences.append(f"Accuracy is measured on the {where}: {result}.")
    return sentences


def _notes(recipes: Sequence[Recipe]) -> list[str]:
    chosen = "the images that it is measured on"
    if not any(recipe.spec.train.holdout for recipe in recipes):
        chosen = "the test set, on which it is measured"
    notes = [f"* Best epoch: the mean of each seed's best epoch, which was chosen on {chosen}: it flatters."]
    if any(len(recipe.runs) > 1 for recipe in recipes):
        notes.insert(
            0, "Last epoch: mean over the seeds and, after \N{PLUS-MINUS SIGN}, their sample standard deviation."
        )
    if any(recipe.spec.reference != Reference() for recipe in recipes):
        notes.append("Reference: what the spec's own source reports for this network; it says nothing of which epoch.")
    return notes


def _figures(recipes: Sequence[Recipe], words: Sequence[tuple[str, ...]]) -> list[Figure]:
    """Return the charts of all recipes, apart for each set of images that some were measured on."""
    figures = []
    groups = list(dict.fromkeys(map(images_of, recipes)))
    for number, where in enumerate(groups, 1):
        places = [index for index, recipe in enumerate(recipes) if images_of(recipe) == where]
        members, labels = [recipes[index] for index in places], [words[index] for index in places]
        plain = [" ".join(label) for label in labels]
        means = ", ".join(f"{label} {r.mean:.2f} %" for label, r in zip(plain, members, strict=True))
        sizes = ", ".join(f"{label} {r.params:,}" for label, r in zip(plain, members, strict=True))
        if max(len(members), len(members[0].runs)) > 1:
            figures.append(
                Figure(
                    f"accuracy-{number}",
                    draw_accuracies(members, labels),
                    f"Accuracy in the last epoch on the {where}, by recipe: {means}.",
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


def _commands(steps: Sequence[Step]) -> list[str]:
    """Return the commands that the runs were made by, each once."""
    commands: dict[str, None] = {}
    for step in steps:
        for environment in step.environments.values():
            command = environment.get("command")
            if isinstance(command, list) and command:
                program, *arguments = map(str, command)
                name = "mnistspec" if program == "__main__.py" else program
                commands[shlex.join([name, *arguments])] = None
    return list(commands)
