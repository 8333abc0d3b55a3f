"""The parts of a set whose labels are in tables: those that it has, or a test part chosen by the split."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.image_set import PARTS, Problem
from mnistspec.formats.splits import choose
from mnistspec.wording import join_names, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.formats.image_set import Split

    Numbers = npt.NDArray[np.int64]

_SHOWN = 5  # of what is listed in a sentence


def divide(
    path: Path, own: Mapping[str, Numbers], labels: Numbers, groups: Numbers, classes: Sequence[str], split: Split
) -> tuple[dict[str, Numbers], list[Problem]]:
    """Return the indices of each part's images, and classes that are missing in one.

    ``own`` are the parts that the set has, by name; without a test part, one is chosen from what is trained on.
    """
    parts = {part: own.get(part, np.empty(0, np.int64)) for part in PARTS}
    if not len(parts["train"]):
        there = join_names([part for part in PARTS if len(parts[part])]) or "nothing"
        message = f"{path}: there is {there}, but no train part"
        return parts, [Problem("E502", message, "add the pictures to learn from")]
    has_test = bool(len(parts["test"]))
    if not has_test and split.test:
        train = parts["train"]
        chosen = train[choose(labels[train], groups[train], split.test, split.split_seed)]
        parts |= {"train": np.setdiff1d(train, chosen), "test": chosen}
    return parts, list(_compare(path, parts, labels, classes, has_test=has_test))


def _compare(
    path: Path, parts: Mapping[str, Numbers], labels: Numbers, classes: Sequence[str], *, has_test: bool
) -> Iterator[Problem]:
    counts = {part: np.bincount(labels[indices], minlength=len(classes)) for part, indices in parts.items()}
    if untrained := _name_zeros(counts["train"], classes):
        message = f"{path}: no picture to learn from in {_list(untrained)}"
        yield Problem("E503", message, "add some, or remove the class from all parts", untrained)
    if len(parts["test"]) and (untested := _name_zeros(counts["test"] + (counts["train"] == 0), classes)):
        if has_test:
            message = f"{path}: no picture to test on in {_list(untested)}"
            yield Problem("E503", message, "the accuracy says nothing about them", untested, is_warning=True)
        else:
            message = f"{path}: only one picture, or one group of pictures, in {_list(untested)}"
            yield Problem("E505", message, "a class needs two, one to learn from and one to test on", untested)


def _name_zeros(counts: Numbers, classes: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name, count in zip(classes, counts.tolist(), strict=True) if not count)


def _list(names: Sequence[str]) -> str:
    shown = [quote(name) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN:,} more")
    return f"the {'class' if len(names) == 1 else 'classes'} {join_names(shown)}"


def write_manifest(files: Sequence[Path]) -> str:
    """Return a SHA-256 that is the same as long as none of the files has changed."""
    found = [(path.name, path.stat()) for path in files]
    lines = [f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}" for name, stat in found]
    return sha256("\0\0".join(lines).encode(errors="surrogateescape")).hexdigest()
