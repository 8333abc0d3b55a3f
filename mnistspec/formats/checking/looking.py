"""One look at every decoded image: its levels, whether it is blank, and what it is a copy of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from mnistspec.formats.levels import Levels, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from mnistspec.formats.image_set import StoredSet

_BLOCK = 2**24  # bytes


@dataclass(frozen=True)
class Sight:
    """What decoded images are: the levels of each channel by part, blank ones, and sets of equal ones, by index."""

    levels: Mapping[str, tuple[Levels, ...]]
    blank: list[int]
    copies: list[list[int]]


def look(stored: StoredSet) -> Sight:
    """Look at all images; blank ones, of one level each, are no copies of each other."""
    channels = stored.shape[1]
    number = np.zeros(stored.shape[0], np.int64)
    names = list(stored.parts)
    for index, indices in enumerate(stored.parts.values()):
        number[indices] = index
    bins = np.zeros((len(names), channels, 256), np.int64)
    blank: list[int] = []
    equal: dict[bytes, list[int]] = defaultdict(list)
    for start, block in _read_blocks(stored):
        rows = block.reshape(len(block), -1)
        is_blank = rows.min(axis=1) == rows.max(axis=1)
        blank += (start + np.flatnonzero(is_blank)).tolist()
        for row in np.flatnonzero(~is_blank):
            equal[blake2b(rows[row], digest_size=16).digest()].append(start + int(row))
        for part in np.unique(number[start : start + len(block)]):
            of_part = block[number[start : start + len(block)] == part]
            for channel in range(channels):
                bins[part, channel] += np.bincount(of_part[:, channel].reshape(-1), minlength=256)
    levels = {
        name: tuple(measure(counts.tolist()) for counts in bins[part])
        for part, name in enumerate(names)
        if len(stored.parts[name])
    }
    return Sight(levels, blank, [indices for indices in equal.values() if len(indices) > 1])


def _read_blocks(stored: StoredSet) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield the images in order, some MB at a time, with the index of the first."""
    size = int(np.prod(stored.shape[1:]))
    step = max(1, _BLOCK // size)
    with stored.path.open("rb") as file:
        file.seek(stored.offset)
        for start in range(0, stored.shape[0], step):
            count = min(step, stored.shape[0] - start)
            block = np.frombuffer(file.read(count * size), np.uint8).reshape(count, *stored.shape[1:])
            yield start, block


def pick_samples(stored: StoredSet, count: int) -> list[int]:
    """Return the indices of training images, of each class in turn."""
    train = stored.parts["train"]
    of_class: dict[int, list[int]] = defaultdict(list)
    for index, label in zip(train.tolist(), stored.labels[train].tolist(), strict=True):
        of_class[label].append(index)
    rounds = max(map(len, of_class.values()))
    turns = (indices[turn] for turn in range(rounds) for _, indices in sorted(of_class.items()) if turn < len(indices))
    return [index for index, _ in zip(turns, range(count), strict=False)]
