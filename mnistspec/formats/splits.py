"""Which images of a set are set aside for testing: a choice by a seed, the same on every machine."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.image_set import Problem
from mnistspec.wording import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt


def number_group(key: str) -> int:
    """Return the number of the group of images that share a key: the same in every set and on every machine."""
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") >> 1  # an int64


def group_names(
    path: Path, names: Sequence[str], keys: Sequence[str], pattern: str | None
) -> tuple[npt.NDArray[np.int64], list[Problem]]:
    """Return the group of each picture: of those with the same first match in ``keys``, or of itself alone."""
    if pattern is None:
        return np.array([number_group(name) for name in names], np.int64), []
    try:
        expression = re.compile(pattern)
    except re.error as error:
        message = f"{path}: group: {quote(pattern)} is no regular expression: {error}"
        return np.array([number_group(name) for name in names], np.int64), [Problem("E513", message)]
    matches = [expression.search(key) for key in keys]
    groups = np.array(
        [
            number_group(f"group {_find_key(match)}" if match else name)
            for name, match in zip(names, matches, strict=True)
        ],
        np.int64,
    )
    if any(matches):
        return groups, []
    hint = f"it is looked for in names such as {quote(keys[0])}"
    return groups, [Problem("E513", f"{path}: group: {quote(pattern)} matches no file", hint)]


def _find_key(match: re.Match[str]) -> str:
    """Return what the first pair of parentheses that took part has matched, or all of the match."""
    return next((part for part in match.groups() if part is not None), match[0])


def count_classes(
    labels: npt.NDArray[np.int64], parts: Mapping[str, npt.NDArray[np.int64]], classes: int
) -> dict[str, tuple[int, ...]]:
    """Return the number of images of each class, by part."""
    return {part: tuple(np.bincount(labels[indices], minlength=classes).tolist()) for part, indices in parts.items()}


def choose(
    labels: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], amount: float, seed: int
) -> npt.NDArray[np.int64]:
    """Return the indices of the images that are set aside, ascending: a share below 1 of all, or a number of images.

    Each class gives its share, rounded so that the sum is right. Images of one group stay together, and each class
    keeps an image on both sides if it has two groups. The choice depends on the seed, the labels and the groups'
    numbers, not on the order of the images; an image that is added later changes little of it.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups.tolist()):
        members[group].append(index)
    classes = labels.tolist()
    contents = {group: Counter(classes[index] for index in indices) for group, indices in members.items()}
    order = sorted(contents, key=lambda group: sha256(f"{seed}:{group}".encode()).digest())
    sizes = Counter(classes)
    total = amount if amount >= 1 else int(amount * len(classes) + 0.5)
    wanted = _share_out(sizes, int(total))
    taken: Counter[int] = Counter()
    chosen = []
    for group in order:
        content = contents[group]
        change = sum(abs(wanted[c] - taken[c] - n) - abs(wanted[c] - taken[c]) for c, n in content.items())
        if change < 0 and all(taken[c] + n < sizes[c] for c, n in content.items()):
            taken.update(content)
            chosen.append(group)
    chosen += _complete(order, contents, sizes, taken, chosen)
    return np.sort(np.fromiter((index for group in chosen for index in members[group]), np.int64))


def _share_out(sizes: Mapping[int, int], total: int) -> dict[int, int]:
    """Return how many images of each class are wanted: the largest remainders are rounded up.

    It is at least one and leaves at least one, if the class has two.
    """
    count = sum(sizes.values())
    most = {c: size - 1 for c, size in sizes.items()}
    least = {c: min(1, limit) for c, limit in most.items()}
    exact = {c: total * size / count for c, size in sizes.items()}
    wanted = {c: min(max(int(exact[c]), least[c]), most[c]) for c in sizes}
    total = min(max(total, sum(least.values())), sum(most.values()))
    while (lack := total - sum(wanted.values())) != 0:
        step = 1 if lack > 0 else -1
        free = [c for c in sizes if (wanted[c] < most[c] if lack > 0 else wanted[c] > least[c])]
        wanted[max(free, key=lambda c: (step * (exact[c] - wanted[c]), -c))] += step
    return wanted


def _complete(
    order: Sequence[int],
    contents: Mapping[int, Mapping[int, int]],
    sizes: Mapping[int, int],
    taken: Counter[int],
    chosen: Sequence[int],
) -> list[int]:
    """Return the groups that are to be chosen, too, so that each class is on both sides: the smallest that do."""
    done = set(chosen)
    having: dict[int, list[int]] = defaultdict(list)
    for group in order:
        if group not in done:
            for label in contents[group]:
                having[label].append(group)
    added: list[int] = []
    for label in sorted(sizes):
        fitting = [
            group
            for group in ([] if taken[label] else having[label])
            if group not in done and all(taken[c] + n < sizes[c] for c, n in contents[group].items())
        ]
        if fitting:
            group = min(fitting, key=lambda group: sum(contents[group].values()))
            taken.update(contents[group])
            added.append(group)
            done.add(group)
    return added
