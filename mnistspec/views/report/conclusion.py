"""What a report concludes, in sentences: which series is best, what each gained, which are best for their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.analysis.contrast import find_contrast
from mnistspec.views.report.tables import images_of
from mnistspec.views.terminal.leaderboard import write_interval
from mnistspec.wording import join_names, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnistspec.analysis.comparison import Series
    from mnistspec.analysis.history import Chapter


def lead(all_series: Sequence[Series], labels: Sequence[str]) -> list[str]:
    """Return, for each set of images that series were measured on, which is best, and best for its size; how many."""
    sentences = []
    for where in dict.fromkeys(map(images_of, all_series)):
        group = [pair for pair in zip(all_series, labels, strict=True) if images_of(pair[0]) == where]
        sentences.append(_best(group, where))
        frontier = list(_frontier(group))
        if len(group) > 1:
            sizes = [f"{label} ({series.params:,} parameters, {series.mean:.2f} %)" for series, label in frontier]
            sentences.append(f"Best for their size, none is better with as few parameters: {join_names(sizes)}.")
    runs = sum(len(series.runs) for series in all_series)
    fewest, most = min(series.params for series in all_series), max(series.params for series in all_series)
    params = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    return [*sentences, f"{plural(len(all_series), 'spec')}, {plural(runs, 'finished run')}, {params} parameters."]


def gains(chapters: Sequence[Chapter], labels: Sequence[str]) -> list[tuple[str, str]]:
    """Return for each series that is built on another its label and what it gained, whether that is noise first."""
    label_of = {id(chapter.series): label for chapter, label in zip(chapters, labels, strict=True)}
    return [
        (label, _gain(chapter.series, chapter.before, label_of[id(chapter.before)]))
        for chapter, label in zip(chapters, labels, strict=True)
        if chapter.before is not None
    ]


def _best(group: Sequence[tuple[Series, str]], where: str) -> str:
    (best, label), *others = sorted(group, key=lambda pair: -pair[0].mean)
    spread = "" if best.spread is None else f" \N{PLUS-MINUS SIGN} {best.spread:.2f}"
    result = f"{best.mean:.2f}{spread} % in the last epoch on the {where}"
    if not others:
        return f"{label}: {result}."
    (second, next_label), *_ = others
    interval = find_contrast(best, second).interval
    if interval is None:
        verdict = f"one seed cannot tell it from the next, {next_label}"
    else:
        more = "more" if interval.excludes_zero else "not more"
        verdict = f"{more} than the noise between seeds above the next, {next_label}"
    return f"Best: {label}, {result}, with {best.params:,} parameters; {verdict}."


def _frontier(group: Sequence[tuple[Series, str]]) -> Iterator[tuple[Series, str]]:
    """Yield those above whose mean there is none with as few parameters, the smallest first."""
    highest = float("-inf")
    for series, label in sorted(group, key=lambda pair: (pair[0].params, -pair[0].mean)):
        if series.mean > highest:
            highest = series.mean
            yield series, label


def _gain(series: Series, before: Series, name: str) -> str:
    contrast = find_contrast(series, before)
    if contrast.obstacle:
        return f"not comparable with {name}: {contrast.obstacle}"
    if contrast.interval is None:
        return f"one seed cannot tell; {series.mean - before.mean:+.2f} points against {name}"
    mean, low, high = write_interval(contrast.interval)
    better = "worse" if contrast.interval.mean < 0 else "better"
    verdict = "more" if contrast.interval.excludes_zero else "not more"
    return f"{verdict} than the noise; {mean} points {better} than {name} ({low} to {high})"
