"""The check of a set of images for the terminal: one screen of 80 columns with what is there and what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from mnistspec.formats.problems import render_problem
from mnistspec.language import dump
from mnistspec.views.terminal.tables import make_table
from mnistspec.wording import join_names, plural, write_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from mnistspec.formats.checking.check import Check
    from mnistspec.formats.image_set import Problem, Survey
    from mnistspec.language.vocabulary.image_sets import OwnData

_CLASSES = 16  # rows; of more classes, the rarest and the commonest
_EACH = 5
_KINDS = 3  # sizes and modes that are listed
_PLACES = 3  # of a problem
_MODES = {
    "1": "black and white", "L": "grey", "LA": "grey", "P": "palette", "PA": "palette", "RGB": "colour",
    "RGBA": "colour", "I": "16 bits", "uint8": "8 bits", "uint16": "16 bits",
}  # fmt: skip


def check_view(check: Check, own: OwnData | None = None) -> Group:
    """Return counts by class and part, what the pictures are, and the problems; and how a spec says ``own``."""
    parts: list[RenderableType] = []
    if check.survey:
        parts = [
            Text(_write_title(check, check.survey)),
            _count_table(check.survey),
            *_describe_pictures(check, check.survey),
        ]
    parts += [Text(line) for line in _list_problems(check)]
    if own and check.survey:
        parts.append(Text(f"in a spec: {_write_entry(own, check.survey)}"))
    return Group(*parts)


def _write_title(check: Check, survey: Survey) -> str:
    pictures = plural(sum(survey.counts.values()), "picture")
    what = "colour" if survey.channels > 1 else "grey"
    return f"{check.path}: {pictures} in {len(survey.classes):,} classes, {what}, {write_shape(survey.size)}"


def _count_table(survey: Survey) -> Table:
    classes = len(survey.classes)
    table = make_table(show_footer=True)
    table.add_column("class", "total", overflow="fold")
    for part, count in survey.counts.items():
        table.add_column(part, f"{count:,}", justify="right")
    rows = list(zip(*(survey.by_class[part] for part in survey.counts), strict=True))
    order = list(range(classes))
    if classes > _CLASSES:
        order.sort(key=lambda index: (rows[index][0], index))
        hidden = len(order[_EACH:-_EACH])
        for index in order[:_EACH]:
            table.add_row(Text(survey.classes[index]), *(f"{count:,}" for count in rows[index]))
        table.add_row(f"... {hidden:,} more ...", *("" for _ in survey.counts))
        order = order[-_EACH:]
    for index in order:
        table.add_row(Text(survey.classes[index]), *(f"{count:,}" for count in rows[index]))
    return table


def _describe_pictures(check: Check, survey: Survey) -> Iterator[Text]:
    sizes = _add_up((write_shape((kind.height, kind.width)), kind.pictures) for kind in survey.kinds)
    yield Text(f"sizes    {sizes}")
    modes = _add_up((_MODES.get(kind.mode, kind.mode), kind.pictures) for kind in survey.kinds)
    transparent = sum(kind.pictures for kind in survey.kinds if kind.is_transparent)
    yield Text(f"modes    {modes}" + (f"; {transparent:,} with transparency, put on white" if transparent else ""))
    if check.stored and check.levels:
        levels = check.levels["train"]
        mean, std = (" ".join(f"{getattr(level, name):.4f}" for level in levels) for name in ("mean", "std"))
        yield Text(f"levels   mean {mean}, std {std} (train, in [0, 1])")
        yield Text(f"SHA-256  {check.stored.digest}")
    yield Text()


def _add_up(kinds: Iterable[tuple[str, int]]) -> str:
    counts: Counter[str] = Counter()
    for name, count in kinds:
        counts[name] += count
    shown = [f"{name} ({count:,})" for name, count in counts.most_common(_KINDS)]
    if len(counts) > _KINDS:
        shown.append(f"{len(counts) - _KINDS:,} more")
    return join_names(shown)


def _list_problems(check: Check) -> Iterator[str]:
    for problem in check.problems:
        first, *rest = render_problem(_shorten(problem))
        yield from (f"warning: {first}" if problem.is_warning else first, *rest)
    if check.survey and not check.stored:
        yield "copies were not looked for: the set cannot be read until this is mended"
    warnings = sum(problem.is_warning for problem in check.problems)
    counts = [(len(check.problems) - warnings, "error"), (warnings, "warning")]
    yield join_names([plural(count, noun) for count, noun in counts if count]) if check.problems else "nothing to mend"


def _write_entry(own: OwnData, survey: Survey) -> str:
    """Return the entry of a spec with this data, and the size that its pictures are brought to if they have several."""
    keys = own.model_dump(exclude_defaults=True)
    if len({(kind.height, kind.width) for kind in survey.kinds}) > 1:
        keys["size"] = list(survey.size) if len(set(survey.size)) > 1 else survey.size[0]
    return dump.write_entry("data", {own.word: keys if len(keys) > 1 else own.path})


def _shorten(problem: Problem) -> Problem:
    """Return the problem with some of its places."""
    more = len(problem.places) - _PLACES
    if more <= 1:
        return problem
    return replace(problem, places=(*problem.places[:_PLACES], f"and {more:,} more, which --json lists"))
