"""Picture files decoded in parallel into one file of the cache."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mnistspec.errors import UsageError
from mnistspec.formats.cache import make_key
from mnistspec.formats.pictures import open_picture, prepare_picture, quiet
from mnistspec.formats.problems import list_unreadable, raise_errors, report_places
from mnistspec.formats.store import find_images, write_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.formats.headers import Frame
    from mnistspec.formats.image_set import Fit
    from mnistspec.formats.store import Images

Item = TypeVar("Item")
Result = TypeVar("Result")

_BATCH = 64  # pictures that are decoded before they are written
_LARGEST_FILE = 200_000_000  # bytes


def read_pictures(
    root: Path, names: Sequence[str], frame: Frame, fit: Fit, progress: Callable[[int, int], None] | None = None
) -> tuple[Images, list[str]]:
    """Return files as images in the cache, in their order, and the SHA-256 of each file's content.

    Files whose content was decoded before are not decoded again, whatever their names. Raises CorruptError, which lists
    all of them, for files that cannot be read or change meanwhile.
    """
    count = len(names)
    report = progress or (lambda *_: None)
    report(0, count)
    with quiet(), ThreadPoolExecutor(_count_cores()) as pool:
        digests = [digest for batch in _map(pool, partial(_digest, root), names) for digest in batch]
        key = make_key("images", digests, tuple(frame), fit)
        images = find_images(key)
        if images is None:
            batches = _decode_all(root, list(zip(names, digests, strict=True)), frame, fit, pool, report)
            images = write_images(key, (count, frame.channels, frame.height, frame.width), batches)
        else:
            report(count, count)
    return images, digests


def read_picture(content: bytes, frame: Frame, fit: Fit) -> npt.NDArray[np.uint8]:
    """Return an image file that was read already as uint8 (channels, height, width); raise UsageError if it is none."""
    with open_picture(io.BytesIO(content), 2 * max(frame.height, frame.width)) as picture:
        return prepare_picture(picture, (frame.height, frame.width), frame.channels, fit)


def _count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _map(pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[list[Result]]:
    """Yield what a function returns for items, in batches, so that few results wait in memory."""
    for start in range(0, len(items), _BATCH):
        yield list(pool.map(function, items[start : start + _BATCH]))


def _digest(root: Path, name: str) -> str:
    """Return the SHA-256 of a file, or nothing for one that cannot be read, which decoding will say."""
    try:
        return sha256(read_file(root / name)).hexdigest()
    except UsageError:
        return ""


def _decode_all(
    root: Path,
    files: Sequence[tuple[str, str]],
    frame: Frame,
    fit: Fit,
    pool: ThreadPoolExecutor,
    report: Callable[[int, int], object],
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield batches of images; once a file cannot be read, none more, but look at the others before raising."""
    unreadable: dict[str, str] = {}
    changed: list[str] = []

    def decode(file: tuple[str, str]) -> npt.NDArray[np.uint8] | None:
        name, digest = file
        try:
            data = read_file(root / name)
            if sha256(data).hexdigest() != digest:
                changed.append(name)
            return read_picture(data, frame, fit)
        except UsageError as error:
            unreadable[name] = str(error)
            return None

    done = 0
    for images in _map(pool, decode, files):
        if not unreadable:
            yield np.stack([image for image in images if image is not None])
        done += len(images)
        report(done, len(files))
    problems = list_unreadable(root, unreadable)
    if changed:
        hint = "wait until whatever writes there has finished, and try again"
        problems.append(report_places("E511", root, sorted(changed), "changed while it was being read", hint))
    raise_errors(problems)


def read_file(path: Path) -> bytes:
    """Return a picture's file; raise UsageError for one that is too large or cannot be read."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UsageError(f"the file has more than {_LARGEST_FILE // 10**6} MB; make it smaller")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror or error}") from None
