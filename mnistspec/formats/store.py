"""The cache of decoded images: one file of uint8 for each content and preparation, and what is known of each set."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel

from mnistspec.errors import MnistspecError
from mnistspec.files import TEMPORARY, digest_file, open_itself, remove
from mnistspec.formats.cache import find_folder, recall, remember
from mnistspec.formats.image_set import StoredSet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

_DEAD = 3600.0  # seconds after which a temporary file that nobody writes to was left by a process that was killed

Shape = tuple[int, int, int, int]


@dataclass(frozen=True)
class Images:
    """Images (n, channels, height, width) in a file of the cache, from an offset in bytes on."""

    key: str
    path: Path
    offset: int
    shape: Shape


class SetEntry(BaseModel):
    """What is known of a set beside its images; the fields are those of a StoredSet."""

    images: str  # their key
    labels: list[int]
    parts: dict[str, list[int]]
    groups: list[int]
    names: list[str]
    classes: list[str]
    digest: str


class _Seal(BaseModel):
    """What is known of a file of images."""

    sha256: str
    offset: int
    shape: Shape


def recall_set(key: str, manifest: str) -> StoredSet | None:
    """Return a set that was remembered, or None if something has changed or is missing or damaged."""
    found = recall(key, SetEntry)
    images = found and found[0] == manifest and find_images(found[1].images)
    return _combine(images, found[1]) if found and images else None


def remember_set(key: str, manifest: str, images: Images, entry: SetEntry) -> StoredSet:
    """Remember a set and return it; the images of its earlier state are removed, so that the cache does not grow."""
    earlier = recall(key, SetEntry)
    remember(key, manifest, entry)
    if earlier and earlier[1].images != images.key:
        for suffix in (".npy", ".json"):
            remove(images.path.with_name(earlier[1].images + suffix))
    return _combine(images, entry)


def find_images(key: str) -> Images | None:
    """Return images of the cache, or None if they are missing or damaged.

    Their SHA-256 is computed where size or times of the file are not what they were when it was written.
    """
    path = find_folder()[0] / f"{key}.npy"
    found = recall(key, _Seal)
    try:
        if not found:
            return None
        stamp, seal = found
        if stamp != _stamp(path):
            if digest_file(path) != seal.sha256:
                return None
            remember(key, _stamp(path), seal)
    except OSError:
        return None
    return Images(key, path, seal.offset, seal.shape)


def write_images(key: str, shape: Shape, batches: Iterable[npt.NDArray[np.uint8]]) -> Images:
    """Write images that come in batches, whole or not at all.

    Raises MnistspecError where they cannot be written, such as for lack of space.
    """
    folder, _ = find_folder()
    _check_space(folder, math.prod(shape))
    path = folder / f"{key}.npy"
    temporary = folder / f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}"
    try:
        with open(temporary, "xb", opener=open_itself) as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
            offset = file.tell()
            file.writelines(np.ascontiguousarray(batch).data for batch in batches)
            file.flush()
            os.fsync(file.fileno())
        seal = _Seal(sha256=digest_file(temporary), offset=offset, shape=shape)
        temporary.replace(path)
    except OSError as error:
        raise MnistspecError(
            f"cannot write {path}: {error.strerror or error}; free some space, or name another folder with "
            "MNISTSPEC_CACHE"
        ) from error
    finally:
        remove(temporary)
    remember(key, _stamp(path), seal)
    return Images(key, path, offset, shape)


def _combine(images: Images, entry: SetEntry) -> StoredSet:
    return StoredSet(
        path=images.path,
        offset=images.offset,
        shape=images.shape,
        labels=np.array(entry.labels, np.int64),
        parts={part: np.array(indices, np.int64) for part, indices in entry.parts.items()},
        groups=np.array(entry.groups, np.int64),
        names=tuple(entry.names),
        classes=tuple(entry.classes),
        digest=entry.digest,
        note=find_folder()[1],
    )


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _check_space(folder: Path, needed: int) -> None:
    """Raise MnistspecError if a folder has too little space, once what killed processes left there is removed."""
    for leftover in folder.glob(f"*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _DEAD:
                leftover.unlink()
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise MnistspecError(
            f"{folder}: the decoded images take {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free; "
            "free some space, or name another folder with MNISTSPEC_CACHE"
        )
