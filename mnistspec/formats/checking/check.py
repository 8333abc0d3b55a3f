"""The whole check of a set, as frozen values: for the terminal, for a picture, for JSON."""

from __future__ import annotations

import glob
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mnistspec.formats.checking.findings import (
    find_alike_names,
    find_copies,
    find_faint_pictures,
    find_rare_classes,
)
from mnistspec.formats.checking.looking import look
from mnistspec.formats.problems import SIZES, UNREADABLE, WrongCallError, WrongDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mnistspec.formats.image_set import ImageSet, Problem, StoredSet, Survey
    from mnistspec.formats.levels import Levels

_NOTHING = "E501"  # where the path leads
_OF_FILES = {UNREADABLE, "E536"}  # that are damaged, or missing
_SIDE = 64  # pixels: the size that a set without one is looked at in


@dataclass(frozen=True, eq=False)
class Check:
    """What is in a set, and what is wrong with it.

    ``survey`` is None where the set cannot be taken for one; ``stored`` and ``levels``, by part and channel, are None
    where it cannot be read: then copies were not looked for.
    """

    path: Path
    format: str
    survey: Survey | None
    problems: tuple[Problem, ...]
    stored: StoredSet | None = None
    levels: Mapping[str, tuple[Levels, ...]] | None = None

    @property
    def is_fine(self) -> bool:
        """Whether nothing has to be mended before training."""
        return all(problem.is_warning for problem in self.problems)

    def as_data(self) -> dict[str, Any]:
        """Return the check for JSON."""
        problems = [asdict(problem) for problem in self.problems]
        found: dict[str, Any] = {"name": str(self.path), "format": self.format}
        if self.survey:
            kinds = [kind._asdict() for kind in self.survey.kinds]
            shape = (self.survey.channels, *self.survey.size)
            found |= {"digest": self.stored.digest if self.stored else None, "shape": shape, "kinds": kinds}
            found |= {"parts": {part: self._describe_part(part) for part in self.survey.counts}}
        return {**found, "is_fine": self.is_fine, "problems": problems}

    def _describe_part(self, part: str) -> dict[str, Any]:
        assert self.survey  # noqa: S101 - it has the parts
        counts = self.survey.by_class[part]
        levels = [asdict(level) for level in self.levels[part]] if self.levels else None
        per_class = dict(zip(self.survey.classes, counts, strict=True))
        return {"images": sum(counts), "levels": levels, "images_per_class": per_class}


def check_set(images: ImageSet, progress: Callable[[int, int], None] | None = None) -> Check:
    """Check all of a set; ``progress`` is called with the numbers of images that are decoded, and of all.

    Files that cannot be read are left out of what else is looked for, and pictures of several sizes are brought to one.
    Raises UsageError for a path where nothing is.
    """
    path = images.path
    try:
        survey = images.survey()
    except (WrongDataError, WrongCallError) as error:
        if error.code == _NOTHING:
            raise
        return Check(path, images.format, None, error.problems)
    problems = [*map(_soften, survey.problems), *find_alike_names(path, survey.classes)]
    images = _leave_out(_choose_size(images, survey), survey.problems)
    images, stored, more = _read(images, progress)
    problems += [problem for problem in more if problem not in problems]
    levels = None
    if stored:
        survey = images.survey()
        sight = look(stored)
        levels = sight.levels
        problems += [*find_copies(path, stored, sight), *find_faint_pictures(path, stored, sight)]
    problems += find_rare_classes(path, survey)
    problems.sort(key=lambda problem: problem.is_warning)
    return Check(path, images.format, survey, tuple(problems), stored, levels)


def _soften(problem: Problem) -> Problem:
    """Return the problem of several sizes as a warning: the spec that is still to be written says one."""
    return replace(problem, is_warning=True) if problem.code == SIZES else problem


def _choose_size(images: ImageSet, survey: Survey) -> ImageSet:
    """Return the set in a size to look at, where it has none."""
    if all(problem.code != SIZES for problem in survey.problems):
        return images
    size = survey.size if max(survey.size) <= _SIDE else (_SIDE, _SIDE)
    return replace(images, preparation=replace(images.preparation, size=size))


def _leave_out(images: ImageSet, problems: Iterable[Problem]) -> ImageSet:
    """Return the set without the files that are missing or cannot be read."""
    names = [name for problem in problems if problem.code in _OF_FILES for name in problem.places]
    return replace(images, skip=(*images.skip, *map(glob.escape, names))) if names else images


def _read(
    images: ImageSet, progress: Callable[[int, int], None] | None
) -> tuple[ImageSet, StoredSet | None, tuple[Problem, ...]]:
    """Return the set without files that turn out to be damaged, decoded unless it is wrong otherwise, too."""
    try:
        return images, images.read(progress), ()
    except (WrongDataError, WrongCallError) as error:
        problems = error.problems
    rest = _leave_out(images, problems)
    try:
        return rest, None if rest is images else rest.read(progress), problems
    except (WrongDataError, WrongCallError):  # what follows from leaving them out
        return images, None, problems
