"""What is wrong with a set that can be read: copies, classes that are rare or look alike, pictures without contrast."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.image_set import Problem
from mnistspec.wording import fold, plural, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mnistspec.formats.checking.looking import Sight
    from mnistspec.formats.image_set import StoredSet, Survey

_FEW = 10  # training images of a class
_UNEVEN = 10  # times the images of the rarest class
_DARK = 16 / 255
_SHOWN = 4  # names in a list of copies, classes in a sentence


def find_copies(path: Path, stored: StoredSet, sight: Sight) -> Iterator[Problem]:
    """Yield images that are equal, pixel by pixel: with two labels, in two parts, or in one."""
    part_of = np.empty(stored.shape[0], object)
    for part, indices in stored.parts.items():
        part_of[indices] = part
    labelled, parted, plain = [], [], []
    for copies in sight.copies:
        labels = [stored.classes[stored.labels[index]] for index in copies]
        parts = [part_of[index] for index in copies]
        names = [stored.names[index] for index in copies]
        if len(set(labels)) > 1:
            labelled.append(_equate(names, labels))
        elif len(set(parts)) > 1:
            parted.append(_equate(names, parts))
        else:
            plain.append(_equate(names))
    if labelled:
        yield _report("E542", path, labelled, "with two labels", "keep the one whose label is right")
    if parted:
        hint = "remove one of each: what was learned by heart is no test"
        yield _report("E541", path, parted, "in two parts", hint)
    if plain:
        yield _report("E540", path, plain, "more than once", "remove the copies, which count double", is_warning=True)


def _report(code: str, path: Path, places: Sequence[str], what: str, hint: str, *, is_warning: bool = False) -> Problem:
    """Return a problem that pictures have: a single one is named in its message."""
    where = f"{places[0]}: a picture" if len(places) == 1 else plural(len(places), "picture")
    return Problem(code, f"{path}: {where} {what}", hint, tuple(places), is_warning)


def _equate(names: Sequence[str], notes: Sequence[str] = ()) -> str:
    """Return names of equal pictures, with an example of each note first where they are many."""
    shown = [f"{name} ({note})" for name, note in zip(names, notes, strict=True)] if notes else list(names)
    if len(shown) > _SHOWN:
        order = sorted(range(len(shown)), key=lambda place: bool(notes) and notes.index(notes[place]) != place)
        shown = [*(shown[place] for place in order[:_SHOWN]), f"{len(names) - _SHOWN:,} more"]
    return " = ".join(shown)


def find_rare_classes(path: Path, survey: Survey) -> Iterator[Problem]:
    """Yield classes with few images to learn from, and a set whose classes are uneven."""
    counts = dict(zip(survey.classes, survey.by_class["train"], strict=True))
    few = {name: count for name, count in counts.items() if 0 < count < _FEW}
    if few:
        places = tuple(f"{name} ({count})" for name, count in few.items())
        where = places[0] if len(places) == 1 else f"each of {len(places):,} classes"
        message = f"{path}: fewer than {_FEW} pictures to learn from in {where}"
        yield Problem("E543", message, "add some; so few are learned by heart", places, is_warning=True)
    least, most = (choose(filter(None, counts.values()), default=0) for choose in (min, max))
    if most >= _UNEVEN * least > 0:
        rare, common = (next(name for name, count in counts.items() if count == limit) for limit in (least, most))
        message = f"{path}: {quote(common)} has {most // least:,} times the pictures of {quote(rare)}"
        yield Problem("E544", message, "train: {class_weights: balanced} weighs each class alike", is_warning=True)


def find_alike_names(path: Path, classes: Sequence[str]) -> Iterator[Problem]:
    """Yield classes whose names differ only in capitals, blanks, - and _."""
    alike = defaultdict(list)
    for name in classes:
        alike[fold(name)].append(name)
    same = tuple(" = ".join(map(quote, names)) for names in alike.values() if len(names) > 1)
    if same:
        what = f": {same[0]}" if len(same) == 1 else ""
        message = f"{path}: classes whose names look alike{what}"
        yield Problem("E547", message, "if they are one class, give it one name", same, is_warning=True)


def find_faint_pictures(path: Path, stored: StoredSet, sight: Sight) -> Iterator[Problem]:
    """Yield pictures of one level, and a set that is nearly black."""
    if sight.blank:
        names = tuple(stored.names[index] for index in sight.blank)
        hint = "see whether it was damaged on the way here"
        yield _report("E545", path, names, "with one colour everywhere", hint, is_warning=True)
    lightest = max(level.maximum for levels in sight.levels.values() for level in levels)
    if lightest < _DARK:
        message = f"{path}: no pixel is lighter than {round(255 * lightest)} of 255"
        yield Problem("E546", message, "if white is meant, multiply the values before saving them", is_warning=True)
