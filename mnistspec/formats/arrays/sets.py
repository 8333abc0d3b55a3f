"""Sets whose pictures are arrays, with an array of labels for each part: what .npz and IDX files have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mnistspec.files import digest_file
from mnistspec.formats.arrays.labels import number_labels, read_labels
from mnistspec.formats.arrays.layout import Layout, check_depth, prepare_pixels, scale_to_bytes
from mnistspec.formats.arrays.parts import divide, write_manifest
from mnistspec.formats.cache import make_key
from mnistspec.formats.headers import Frame, Headers, choose_frame
from mnistspec.formats.image_set import ImageSet, Kind, Problem, Survey
from mnistspec.formats.problems import raise_errors, refuse
from mnistspec.formats.splits import count_classes
from mnistspec.formats.store import SetEntry, find_images, recall_set, remember_set, write_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.formats.arrays.files import ArrayFile
    from mnistspec.formats.image_set import StoredSet


class Arrays(NamedTuple):
    """The two arrays of one part."""

    images: ArrayFile
    labels: ArrayFile


class _Findings(NamedTuple):
    """What headers and labels tell; the labels are of all images, part after part."""

    arrays: Mapping[str, Arrays]
    layouts: Mapping[str, Layout]
    kinds: tuple[Kind, ...]
    frame: Frame
    classes: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    parts: Mapping[str, npt.NDArray[np.int64]]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ArraySet(ImageSet):
    """A set of arrays. Of its files the headers and the labels are read for a survey, and no picture."""

    @abstractmethod
    def list_files(self) -> list[Path]:
        """Return the files that the set is in; raise an error for a path that is no such set."""

    @abstractmethod
    def open_parts(self) -> dict[str, Arrays]:
        """Return the arrays of each part that there is, in the order of PARTS.

        Raises an error where there are none, or one without the other, or a header is damaged.
        """

    def survey(self) -> Survey:
        """Return what headers and labels tell."""
        found = self._look()
        height, width, channels = found.frame
        by_class = count_classes(found.labels, found.parts, len(found.classes))
        return Survey(found.classes, (height, width), channels, by_class, found.kinds, found.problems)

    def read(self, progress: Callable[[int, int], None] | None = None) -> StoredSet:
        """Return the decoded set."""
        files = self.list_files()
        manifest = write_manifest(files)
        key = make_key(self.format, str(self.path.resolve()), self.preparation, self.split, self.classes)
        if stored := recall_set(key, manifest):
            return stored
        found = self._look()
        raise_errors(found.problems)
        digests = [digest_file(file) for file in files]
        images_key = make_key("arrays", digests, tuple(found.frame), self.preparation.fit)
        images = find_images(images_key)
        if images is None:
            height, width, channels = found.frame
            blocks = self._decode(found, files, manifest, progress)
            images = write_images(images_key, (len(found.labels), channels, height, width), blocks)
        entry = SetEntry(
            images=images.key,
            labels=found.labels.tolist(),
            parts={part: indices.tolist() for part, indices in found.parts.items()},
            groups=list(range(len(found.labels))),
            names=[f"{arrays.images.name}[{row}]" for arrays in found.arrays.values() for row in range(len(arrays[0]))],
            classes=list(found.classes),
            digest=_identify(found, digests),
        )
        return remember_set(key, manifest, images, entry)

    def _look(self) -> _Findings:
        arrays = self.open_parts()
        for images, _ in arrays.values():
            if not len(images):
                refuse("E530", f"{images.place}: no pictures", "add some, or leave the array out")
        layouts = {part: Layout.of(pair.images) for part, pair in arrays.items()}
        kinds = [layout.describe(arrays[part].images) for part, layout in layouts.items()]
        frame, problems = choose_frame(self.path, Headers(kinds=kinds, unreadable={}), self.preparation)
        assert frame is not None  # noqa: S101 - there are pictures
        labels = {part: read_labels(pair.labels, pair.images) for part, pair in arrays.items()}
        classes, numbers = number_labels(labels, self.classes, str(self.path))
        every = np.concatenate(list(numbers.values()))
        ends = np.cumsum([len(part) for part in numbers.values()])
        own = {part: np.arange(end - len(numbers[part]), end) for part, end in zip(numbers, ends, strict=True)}
        parts, more = divide(self.path, own, every, np.arange(len(every)), classes, self.split)
        return _Findings(arrays, layouts, tuple(kinds), frame, classes, every, parts, (*problems, *more))

    def _decode(
        self, found: _Findings, files: list[Path], manifest: str, progress: Callable[[int, int], None] | None
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield blocks of prepared pictures, part after part."""
        height, width, channels = found.frame
        done = 0
        for part, (images, _) in found.arrays.items():
            highest = 0
            for block in images.blocks():
                highest = max(highest, block.max())
                pixels = scale_to_bytes(found.layouts[part].arrange(block), images)
                yield prepare_pixels(pixels, (height, width), channels, self.preparation.fit)
                done += len(block)
                if progress:
                    progress(done, len(found.labels))
            check_depth(images, highest)
        if write_manifest(files) != manifest:
            refuse("E511", f"{self.path}: changed while it was being read", "wait until it is whole, and try again")


def _identify(found: _Findings, digests: list[str]) -> str:
    """Return the SHA-256 that identifies the data: contents, names, classes and parts."""
    parts = [indices.tobytes() for indices in found.parts.values()]
    return sha256(
        b"\0".join([*map(str.encode, (*digests, *found.classes)), found.labels.tobytes(), *parts])
    ).hexdigest()
