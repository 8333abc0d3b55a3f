"""The files of a folder in one pass: which are pictures, which are left out, and which links are refused."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What systems and programs put into folders, beside all that begins with a dot.
_JUNK = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information",
         "lost+found", "__pycache__"}  # fmt: skip
_EXTENSIONS = {"png", "apng", "jpg", "jpeg", "jpe", "jfif", "mpo", "gif", "webp", "bmp", "dib", "tif", "tiff",
               "pgm", "ppm", "pbm", "pnm", "avif"}  # fmt: skip


class File(NamedTuple):
    """A picture's file: its path relative to the folder, with slashes, and what changes when its content does."""

    name: str
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass
class Tree:
    """What is in a folder: pictures in the order of their names, sub-folders, and what is no part of the set."""

    files: list[File] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # links and the like, with the reason
    misnamed: list[str] = field(default_factory=list)  # names that are no UTF-8
    ignored: Counter[str] = field(default_factory=Counter)  # files that are no pictures, by extension

    @property
    def manifest(self) -> str:
        """A SHA-256 that is the same as long as nothing in the folder has changed."""
        lines = [f"{name}\0{size}\0{mtime}\0{ctime}" for name, size, mtime, ctime in self.files]
        rest = "\0\0".join([*self.folders, "", *self.refused, "", *self.misnamed])
        return sha256("\0\0".join([*lines, rest]).encode(errors="surrogateescape")).hexdigest()


def scan(root: Path, skip: Sequence[str] = ()) -> Tree:
    """Return what is in a folder and below it, without what is hidden and what a pattern of ``skip`` matches.

    No link to a folder is followed, and none that leads out. Raises UsageError for a folder that cannot be read.
    """
    tree = Tree()
    skipped = re.compile("|".join(map(fnmatch.translate, skip)) or r"(?!)")
    real_root = Path(os.path.realpath(root))
    todo = [""]
    while todo:
        prefix = todo.pop()
        for entry in _list(root, prefix):
            name = prefix + entry.name
            if entry.name.startswith(".") or entry.name.lower() in _JUNK or skipped.match(name):
                continue
            if not _is_utf_8(name):
                tree.misnamed.append(name)
            elif entry.is_symlink() and (reason := _refuse(Path(entry.path), real_root)):
                tree.refused[name] = reason
            elif entry.is_dir():
                if not skipped.match(f"{name}/"):
                    tree.folders.append(name)
                    todo.append(f"{name}/")
            else:
                _add_file(tree, name, entry)
    tree.files.sort()
    tree.folders.sort()
    tree.refused = dict(sorted(tree.refused.items()))
    tree.misnamed.sort()
    return tree


def _list(root: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
    folder = root / prefix
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise UsageError(f"{folder}: the folder cannot be read: {error.strerror or error}", "E501") from None


def _add_file(tree: Tree, name: str, entry: os.DirEntry[str]) -> None:
    stem, dot, extension = entry.name.rpartition(".")
    if not stem or extension.lower() not in _EXTENSIONS:
        tree.ignored[dot + extension.lower() if stem else ""] += 1
        return
    found = entry.stat()
    if stat.S_ISREG(found.st_mode):
        tree.files.append(File(name, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    else:
        tree.refused[name] = "neither a file nor a folder"


def _refuse(link: Path, real_root: Path) -> str:
    """Return why a link is not followed, or nothing for one to a file within the folder."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # the second is a loop
        return "a link that leads nowhere"
    if target.is_dir():
        return "a link to a folder"
    return "" if target.is_relative_to(real_root) else "a link that leads out of the folder"


def _is_utf_8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
