"""Pictures of the user's own, looked at by names and headers while the spec that says them is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mnistspec.errors import CorruptError, UsageError
from mnistspec.language.yaml.tree import Mapping

if TYPE_CHECKING:
    from mnistspec.formats.image_set import Problem, Survey
    from mnistspec.language.reader import Reader
    from mnistspec.language.vocabulary.image_sets import OwnData
    from mnistspec.language.yaml.diagnostics import Span
    from mnistspec.language.yaml.tree import Entry

_SHOWN = 3  # places of a problem


def survey_data(data: OwnData, entry: Entry, reader: Reader) -> tuple[OwnData | None, Survey | None]:
    """Return the data with its path from the working folder, and with shapes and classes, and what was found.

    What is wrong is noted at the path in the spec; without shapes or classes there is no data.
    """
    span = _find_path(entry)
    placed = place_data(data, entry)
    try:
        survey = placed.open().survey()
    except (UsageError, CorruptError) as error:
        for problem in getattr(error, "problems", ()) or (error,):
            _note(problem, span, reader)
        return None, None
    errors = [problem for problem in survey.problems if not problem.is_warning]
    for problem in errors:
        _note(problem, span, reader)
    return (None, None) if errors else (placed.completed(survey), survey)


def place_data(data: OwnData, entry: Entry) -> OwnData:
    """Return the data with its path from the working folder, not from that of the file that says it."""
    source = _find_path(entry).source
    return data.placed(Path() if source.is_option else Path(source.name).parent)


def _find_path(entry: Entry) -> Span:
    """Return the place of the path."""
    node = entry.node
    argument = next(iter(node.entries.values())).node if isinstance(node, Mapping) else node
    if isinstance(argument, Mapping) and "path" in argument.entries:
        return argument.entries["path"].node.span
    return argument.span


def _note(problem: Problem | UsageError | CorruptError, span: Span, reader: Reader) -> None:
    if isinstance(problem, (UsageError, CorruptError)):
        reader.error(problem.code or "E501", str(problem), span)
        return
    places = problem.places if len(problem.places) > 1 else ()
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    listed = f" ({', '.join(places[:_SHOWN])}{more})" if places else ""
    reader.error(problem.code, f"{problem.message}{listed}", span, problem.help)
