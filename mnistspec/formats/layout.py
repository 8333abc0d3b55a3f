"""What the folders of a set mean: its parts, its classes, and which picture belongs where."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mnistspec.formats.image_set import Problem
from mnistspec.formats.problems import report_places
from mnistspec.wording import did_you_mean, join_names, plural, quote, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mnistspec.formats.tree import Tree

_PARTS = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "val", "valid": "val", "validation": "val",
}  # fmt: skip
MOST_CLASSES = 1000


class Picture(NamedTuple):
    """A file with its class and its part, which is empty in a set without parts."""

    name: str
    label: str
    part: str
    key: str  # its path within the folder of the class


@dataclass
class _Part:
    """A folder with a sub-folder for each class: the whole set, or its part train, val or test."""

    part: str
    folder: str
    classes: dict[str, str] = field(default_factory=dict)  # label: folder


@dataclass(frozen=True)
class Layout:
    """The classes in their order, the pictures in that of their names, and what is wrong."""

    classes: tuple[str, ...]
    pictures: tuple[Picture, ...]
    problems: tuple[Problem, ...]


def natural_key(name: str) -> tuple[object, ...]:
    """Return what names are ordered by: numbers in them by their value (1, 2, 10), letters without their case."""
    words = re.split(r"([0-9]+)", name)
    for index, word in enumerate(words):
        digits = word.lstrip("0")
        words[index] = f"{len(digits):05}{digits}" if index % 2 else word.casefold()
    return (*words, name)


def understand(path: Path, tree: Tree, wanted: Sequence[str] | None) -> Layout:
    """Return the classes and pictures of a folder; ``wanted`` are the classes that a spec names, in its order."""
    parts, problems = _find_parts(path, tree)
    problems += _report_left_out(path, tree)
    problems += _find_classes(path, tree, parts)
    if wanted is None:
        labels = {label for part in parts for label in part.classes}
        classes = tuple(sorted(labels, key=natural_key))
        problems += [problem for part in parts[1:] for problem in _compare_parts(path, parts[0], part)]
    else:
        classes = tuple(unicodedata.normalize("NFC", label) for label in wanted)
        problems += [problem for part in parts for problem in _compare_with_wanted(path, part, classes)]
    if not 2 <= len(classes) <= MOST_CLASSES:
        problems.append(_report_count(path, classes))
    pictures, loose = _sort_pictures(tree, parts, set(classes))
    problems += _report_empty(path, parts, classes, pictures)
    if loose:
        problems.append(
            report_places("E514", path, loose, "in no folder of a class, left out", "move it into one", is_warning=True)
        )
    return Layout(classes, tuple(pictures), tuple(problems))


def _find_parts(path: Path, tree: Tree) -> tuple[list[_Part], list[Problem]]:
    """Return the folders that have a sub-folder for each class, train/ first, and what stands beside them."""
    tops = [folder for folder in tree.folders if "/" not in folder]
    parents = {folder.partition("/")[0] for folder in tree.folders if "/" in folder}
    named = {folder: _PARTS[folder.casefold()] for folder in tops if folder.casefold() in _PARTS}
    has_train = any(part == "train" and folder in parents for folder, part in named.items())
    if not has_train and not (parents & named.keys() and len(named) == len(tops)):
        return [_Part("", "")], []
    problems = []
    if not has_train:
        there = join_names([f"{folder}/" for folder in named])
        problems.append(
            Problem("E502", f"{path}: there is {there}, but no train/", "put what is to be learned from into train/")
        )
    if others := [folder for folder in tops if folder not in named]:
        message = "stands beside train/, but is none of the parts train, val and test"
        problems.append(
            report_places("E502", path, others, message, "move it away, or leave it out with skip:", noun="folder")
        )
    parts: dict[str, _Part] = {}
    for folder, part in sorted(named.items(), key=lambda item: item[1] != "train"):
        if part in parts:
            message = f"{path / folder}: {parts[part].folder}/ is the {part} part already"
            problems.append(Problem("E502", message, "put both into one folder", (folder,)))
        parts.setdefault(part, _Part(part, folder))
    return list(parts.values()), problems


def _find_classes(path: Path, tree: Tree, parts: list[_Part]) -> Iterator[Problem]:
    """Add the folder of each class to its part; yield names that differ only in how their accents are coded."""
    by_folder = {part.folder: part for part in parts}
    for folder in tree.folders:
        parent, _, name = folder.rpartition("/")
        if parent in by_folder:
            label = unicodedata.normalize("NFC", name)
            if by_folder[parent].classes.setdefault(label, folder) != folder:
                message = f"{path / folder}: another folder has this name, coded otherwise"
                yield Problem("E512", message, "rename one", (folder,))


def _compare_parts(path: Path, first: _Part, part: _Part) -> Iterator[Problem]:
    where, reference = path / part.folder, path / first.folder
    missing = [label for label in first.classes if label not in part.classes]
    extra = [label for label in part.classes if label not in first.classes]
    if missing:
        yield Problem(
            "E503",
            f"{where}: no folder for {_list(missing)}, which {reference} has",
            "each part needs the same classes; add it, or name the classes of both with classes:",
            tuple(missing),
        )
    if extra:
        hint = did_you_mean(suggest(extra[0], missing)) if len(extra) == 1 else ""
        yield Problem(
            "E503",
            f"{where}: {_list(extra)} is no class of {reference}{hint}",
            "each part needs the same classes; rename it, or leave it out with skip:",
            tuple(extra),
        )


def _compare_with_wanted(path: Path, part: _Part, classes: Sequence[str]) -> Iterator[Problem]:
    where = path / part.folder
    for label in classes:
        if label not in part.classes:
            hint = did_you_mean(suggest(label, part.classes)) or "; classes: names sub-folders"
            yield Problem("E509", f"{where}: no folder for the class {quote(label)}{hint}")
    if unused := [label for label in part.classes if label not in classes]:
        yield Problem("E514", f"{where}: {_list(unused)} left out, as classes: does not name it", is_warning=True)


def _report_count(path: Path, classes: Sequence[str]) -> Problem:
    if not classes:
        return Problem("E501", f"{path}: no sub-folders", "put the pictures of each class into a folder of its own")
    if len(classes) == 1:
        hint = "put the pictures of each class into a folder of its own, below this one"
        return Problem("E510", f"{path}: {quote(classes[0])} is the only class: there is nothing to tell apart", hint)
    return Problem("E510", f"{path}: {len(classes):,} classes; at most {MOST_CLASSES:,} can be told apart", "join some")


def _sort_pictures(tree: Tree, parts: Sequence[_Part], classes: set[str]) -> tuple[list[Picture], list[str]]:
    """Return the pictures of all classes, and files that lie beside the classes' folders."""
    homes = {folder: (label, part.part) for part in parts for label, folder in part.classes.items() if label in classes}
    depth = 1 if parts[0].folder else 0
    beside = {"", *(part.folder for part in parts)}
    pictures, loose = [], []
    for name, *_ in tree.files:
        steps = name.split("/", depth + 1)
        home = homes.get("/".join(steps[: depth + 1]))
        if home and len(steps) == depth + 2:
            pictures.append(Picture(name, *home, steps[-1]))
        elif name.rpartition("/")[0] in beside:
            loose.append(name)
    return pictures, loose


def _report_empty(
    path: Path, parts: Sequence[_Part], classes: Sequence[str], pictures: Sequence[Picture]
) -> Iterator[Problem]:
    counts = Counter((picture.part, picture.label) for picture in pictures)
    empty = [
        part.classes[label]
        for part in parts
        for label in classes
        if label in part.classes and not counts[part.part, label]
    ]
    if empty:
        message = "the folder of a class without pictures"
        yield report_places("E504", path, empty, message, "add some, or leave the folder out with skip:", noun="folder")


def _report_left_out(path: Path, tree: Tree) -> Iterator[Problem]:
    for reason in sorted(set(tree.refused.values())):
        names = [name for name, why in tree.refused.items() if why == reason]
        hint = "put the pictures themselves there, or leave it out with skip:"
        yield report_places("E507", path, names, reason, hint)
    if tree.misnamed:
        names = [name.encode(errors="surrogateescape").decode(errors="replace") for name in tree.misnamed]
        yield report_places("E512", path, names, "its name is not UTF-8", "rename it")
    if tree.ignored:
        counts = sorted(tree.ignored.items(), key=lambda item: (-item[1], item[0]))
        kinds = [f"{kind or 'no extension'} ({count:,})" for kind, count in counts[:5]]
        message = f"{path}: {plural(tree.ignored.total(), 'file')} left out, as no pictures: {join_names(kinds)}"
        yield Problem("E514", message, "save pictures among them as PNG or JPEG", is_warning=True)


def _list(names: Sequence[str]) -> str:
    shown = [quote(name) for name in names[:5]]
    return join_names([*shown, f"{len(names) - 5:,} more"] if len(names) > 5 else shown)
