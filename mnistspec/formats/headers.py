"""What the headers of picture files tell of a set: its size, its colour, and which files are no pictures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel

from mnistspec.errors import UsageError
from mnistspec.formats.cache import recall, remember
from mnistspec.formats.image_set import Kind, Problem
from mnistspec.formats.pictures import quiet, read_header
from mnistspec.formats.problems import SIZES, list_unreadable
from mnistspec.wording import join_names, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mnistspec.formats.image_set import Preparation
    from mnistspec.formats.pictures import Header

_LARGEST = 512  # pixels in height and width


class Headers(BaseModel):
    """The kinds of pictures in a set, the commonest first, and the files that are none, with the reason."""

    kinds: list[Kind]
    unreadable: dict[str, str]


class Frame(NamedTuple):
    """What all images of a set become: height, width, and 1 or 3 channels."""

    height: int
    width: int
    channels: int


def read_headers(root: Path, names: Sequence[str], key: str, manifest: str) -> Headers:
    """Return what the headers of files tell, as it was remembered if the manifest has not changed."""
    known = recall(key, Headers)
    if known and known[0] == manifest:
        return known[1]
    counts: Counter[Header] = Counter()
    examples: dict[Header, str] = {}
    unreadable = {}
    with quiet():
        for name in names:
            try:
                found = read_header(root / name)
            except UsageError as error:
                unreadable[name] = str(error)
                continue
            counts[found] += 1
            examples.setdefault(found, name)
    kinds = [Kind(*found, count, examples[found]) for found, count in counts.most_common()]
    headers = Headers(kinds=kinds, unreadable=unreadable)
    remember(key, manifest, headers)
    return headers


def choose_frame(path: Path, headers: Headers, preparation: Preparation) -> tuple[Frame | None, list[Problem]]:
    """Return what the images become, with what is wrong; None if no file is a picture."""
    problems = list_unreadable(path, headers.unreadable)
    if not headers.kinds:
        return None, problems
    sizes: Counter[tuple[int, int]] = Counter()
    for kind in headers.kinds:
        sizes[kind.height, kind.width] += kind.pictures
    height, width = preparation.size or sizes.most_common(1)[0][0]
    if preparation.size is None and (len(sizes) > 1 or max(height, width) > _LARGEST):
        problems.append(_report_sizes(path, headers, sizes))
    has_colour = any(kind.has_colour for kind in headers.kinds)
    is_colour = has_colour if preparation.channels is None else preparation.channels == "colour"
    return Frame(height, width, 3 if is_colour else 1), problems


def _report_sizes(path: Path, headers: Headers, sizes: Counter[tuple[int, int]]) -> Problem:
    shown = [f"{height}x{width} ({count:,})" for (height, width), count in sizes.most_common(3)]
    if len(sizes) > 3:
        shown.append(f"{len(sizes) - 3:,} more")
    largest = max(max(size) for size in sizes)
    common = min(max(sizes.most_common(1)[0][0]), 64)
    first = {(kind.height, kind.width): kind.example for kind in reversed(headers.kinds)}
    what = f"pictures of {plural(len(sizes), 'size')}" if len(sizes) > 1 else f"pictures of {largest} pixels"
    return Problem(
        SIZES,
        f"{path}: {what}: {join_names(shown)}; a network takes one size, of at most {_LARGEST} pixels",
        f"write the size that all are brought to, such as size: {common}",
        tuple(first[size] for size, _ in sizes.most_common(3)),
    )
