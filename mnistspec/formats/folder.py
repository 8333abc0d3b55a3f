"""Folders of pictures: a sub-folder for each class, or train/ and test/, and val/ if need be, with these inside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mnistspec.errors import CorruptError, UsageError
from mnistspec.formats.cache import make_key
from mnistspec.formats.decoding import read_pictures
from mnistspec.formats.headers import choose_frame, read_headers
from mnistspec.formats.image_set import PARTS, ImageSet, Problem, Survey
from mnistspec.formats.layout import understand
from mnistspec.formats.problems import UNREADABLE, raise_errors
from mnistspec.formats.splits import choose, count_classes, group_names
from mnistspec.formats.store import SetEntry, recall_set, remember_set
from mnistspec.formats.tree import scan
from mnistspec.wording import join_names, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from mnistspec.formats.headers import Frame
    from mnistspec.formats.image_set import Kind, StoredSet
    from mnistspec.formats.layout import Layout
    from mnistspec.formats.tree import Tree


class _Findings(NamedTuple):
    """What names and headers tell of a folder."""

    layout: Layout
    kinds: tuple[Kind, ...]
    frame: Frame
    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    parts: Mapping[str, npt.NDArray[np.int64]]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class FolderSet(ImageSet):
    """Picture files in a folder for each class; ``skip`` has patterns of paths, relative to the set, to leave out."""

    format = "folder"

    def survey(self) -> Survey:
        """Return what names and headers tell."""
        found = self._look(self._scan())
        height, width, channels = found.frame
        classes = found.layout.classes
        by_class = count_classes(found.labels, found.parts, len(classes))
        return Survey(classes, (height, width), channels, by_class, found.kinds, found.problems)

    def read(self, progress: Callable[[int, int], None] | None = None) -> StoredSet:
        """Return the decoded set."""
        tree = self._scan()
        manifest = tree.manifest
        key = make_key("folder", str(self.path.resolve()), self.preparation, self.split, self.classes, self.skip)
        if stored := recall_set(key, manifest):
            return stored
        found = self._look(tree)
        if any(problem.code != UNREADABLE for problem in found.problems if not problem.is_warning):
            raise_errors(found.problems)
        names = [picture.name for picture in found.layout.pictures]
        images, digests = read_pictures(self.path, names, found.frame, self.preparation.fit, progress)
        entry = SetEntry(
            images=images.key,
            labels=found.labels.tolist(),
            parts={part: indices.tolist() for part, indices in found.parts.items()},
            groups=found.groups.tolist(),
            names=names,
            classes=list(found.layout.classes),
            digest=_identify(found, digests),
        )
        return remember_set(key, manifest, images, entry)

    def _scan(self) -> Tree:
        if not self.path.is_dir():
            what = "not a folder" if self.path.exists() else "no such folder"
            raise UsageError(f"{self.path}: {what}", "E501")
        return scan(self.path, self.skip)

    def _look(self, tree: Tree) -> _Findings:
        """Return what names and headers tell; raise an error that has all problems if there are no pictures at all."""
        layout = understand(self.path, tree, self.classes)
        names = [picture.name for picture in layout.pictures]
        key = make_key("headers", str(self.path.resolve()), self.classes, self.skip)
        headers = read_headers(self.path, names, key, tree.manifest)
        frame, problems = choose_frame(self.path, headers, self.preparation)
        if frame is None:
            raise_errors([*layout.problems, *problems])
            raise CorruptError(f"{self.path}: no pictures", "E504")
        number = {label: index for index, label in enumerate(layout.classes)}
        labels = np.array([number[picture.label] for picture in layout.pictures], np.int64)
        keys = [picture.key for picture in layout.pictures]
        groups, more = group_names(self.path, names, keys, self.split.group)
        parts, rest = self._divide(layout, labels, groups)
        every = (*layout.problems, *problems, *more, *rest)
        return _Findings(layout, tuple(headers.kinds), frame, labels, groups, parts, every)

    def _divide(
        self, layout: Layout, labels: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]
    ) -> tuple[dict[str, npt.NDArray[np.int64]], list[Problem]]:
        """Return the indices of each part; where the set has no test part, it is chosen from what is trained on."""
        own = np.array([PARTS.index(picture.part or "train") for picture in layout.pictures])
        parts = {part: np.flatnonzero(own == index) for index, part in enumerate(PARTS)}
        if len(parts["test"]) or not self.split.test:
            return parts, []
        train = parts["train"]
        chosen = train[choose(labels[train], groups[train], self.split.test, self.split.split_seed)]
        parts |= {"train": np.setdiff1d(train, chosen), "test": chosen}
        tested = set(labels[chosen].tolist())
        lacking = [label for index, label in enumerate(layout.classes) if index in set(labels.tolist()) - tested]
        if not lacking:
            return parts, []
        what = "group of pictures" if self.split.group else "picture"
        counts = Counter(picture.label for picture in layout.pictures)
        shown = join_names([f"{quote(label)} ({counts[label]:,})" for label in lacking[:5]])
        message = f"{self.path}: classes with only one {what}: {shown}"
        hint = "a class needs two, one to learn from and one to test on"
        return parts, [Problem("E505", message, hint, tuple(lacking))]


def _identify(found: _Findings, digests: list[str]) -> str:
    """Return the SHA-256 that identifies the data: contents, names, classes and parts."""
    part_of = {index: part for part, indices in found.parts.items() for index in indices.tolist()}
    lines = [
        f"{part_of[index]}\0{picture.label}\0{picture.name}\0{digest}"
        for index, (picture, digest) in enumerate(zip(found.layout.pictures, digests, strict=True))
    ]
    return sha256("\0\0".join([*found.layout.classes, "", *lines]).encode()).hexdigest()
