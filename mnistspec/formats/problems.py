"""What is wrong with a set of images: one problem for all places that have it, and one message for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mnistspec.errors import CorruptError, UsageError
from mnistspec.formats.image_set import Problem
from mnistspec.wording import plural, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SIZES = "E508"  # pictures of several sizes, or too large ones, and no size is given
UNREADABLE = "E506"  # files that decoding finds, and all of them, too
# What the spec or the call says wrong; all other problems are in the data.
_OF_THE_SPEC = {"E501", "E508", "E509", "E513", "E530", "E537"}


def report_places(
    code: str,
    path: Path,
    names: Sequence[str],
    message: str,
    hint: str,
    *,
    noun: str = "file",
    is_warning: bool = False,
) -> Problem:
    """Return a problem that files or folders have, one or many."""
    where = f"{path / names[0]}" if len(names) == 1 else f"{path}: {plural(len(names), noun)}"
    return Problem(code, f"{where}: {message}", hint, tuple(names), is_warning)


def list_unreadable(path: Path, unreadable: Mapping[str, str]) -> list[Problem]:
    """Return the problems of files that cannot be read, one for each reason."""
    names: dict[str, list[str]] = {}
    for name, reason in sorted(unreadable.items()):
        names.setdefault(reason, []).append(name)
    hint = "replace it, remove it, or leave it out with skip:"
    return [report_places(UNREADABLE, path, files, reason, hint) for reason, files in names.items()]


class WrongDataError(CorruptError):
    """Pictures or labels that have to be mended before anything is trained with them."""

    problems: tuple[Problem, ...] = ()


class WrongCallError(UsageError):
    """A spec, or a call, that does not fit the data."""

    problems: tuple[Problem, ...] = ()


def raise_errors(problems: Sequence[Problem]) -> None:
    """Raise all errors among the problems as one: UsageError if the spec is to be mended, CorruptError if the data."""
    errors = [problem for problem in problems if not problem.is_warning]
    if errors:
        raise _make_error(errors)


def refuse(code: str, message: str, hint: str, places: Sequence[str] = ()) -> NoReturn:
    """Raise the error of a set with one problem."""
    raise _make_error([Problem(code, message, hint, tuple(places))])


def _make_error(errors: Sequence[Problem]) -> WrongDataError | WrongCallError:
    lines = [line for error in errors for line in render_problem(error)]
    if len(errors) > 1:
        lines.append(plural(len(errors), "error"))
    kind = WrongCallError if all(error.code in _OF_THE_SPEC for error in errors) else WrongDataError
    made = kind("\n".join(lines), errors[0].code)
    made.problems = tuple(errors)
    return made


def render_problem(problem: Problem) -> list[str]:
    """Return the lines of a problem: what is wrong with its code, all places if it has several, and what to do."""
    places = [f"     {printable(place)}" for place in problem.places] if len(problem.places) > 1 else []
    hint = [f"     = help: {printable(problem.help)}"] if problem.help else []
    return [f"{printable(problem.message)} [{problem.code}]", *places, *hint]
