"""Tables of pictures, CSV: a row a picture, with the path of its file or with its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mnistspec.errors import MnistspecError
from mnistspec.files import digest_file
from mnistspec.formats.arrays.labels import number_labels, parse_labels
from mnistspec.formats.arrays.parts import divide, write_manifest
from mnistspec.formats.arrays.pixels import decode_pixels
from mnistspec.formats.arrays.rows import Columns, Rows, check_files, read_rows
from mnistspec.formats.cache import make_key, recall, remember
from mnistspec.formats.decoding import read_pictures
from mnistspec.formats.headers import Frame, Headers, choose_frame, read_headers
from mnistspec.formats.image_set import PARTS, ImageSet, Kind, Problem, Survey
from mnistspec.formats.problems import UNREADABLE, raise_errors, refuse
from mnistspec.formats.splits import count_classes, group_names
from mnistspec.formats.store import SetEntry, find_images, recall_set, remember_set, write_images

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from mnistspec.formats.image_set import StoredSet
    from mnistspec.formats.store import Images


class _Findings(NamedTuple):
    """What the table and the headers of its files tell."""

    rows: Rows
    manifest: str
    kinds: tuple[Kind, ...]
    frame: Frame
    classes: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    parts: Mapping[str, npt.NDArray[np.int64]]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class CsvSet(ImageSet):
    """A table with a row for each picture.

    ``image`` is the column with the paths of files, relative to the table; without it the columns pixel0, pixel1, ...
    hold the pixels, row by row. ``label`` is the column with the classes, ``part`` one that says train, val or test.
    """

    format = "csv"

    image: str | None = None
    label: str = "label"
    part: str | None = None

    def survey(self) -> Survey:
        """Return what the table and the headers of its files tell."""
        found = self._look()
        height, width, channels = found.frame
        by_class = count_classes(found.labels, found.parts, len(found.classes))
        return Survey(found.classes, (height, width), channels, by_class, found.kinds, found.problems)

    def read(self, progress: Callable[[int, int], None] | None = None) -> StoredSet:
        """Return the decoded set."""
        found = self._look()
        key = self._key("csv", self.preparation, self.split, self.classes)
        if stored := recall_set(key, found.manifest):
            return stored
        if any(problem.code != UNREADABLE for problem in found.problems if not problem.is_warning):
            raise_errors(found.problems)
        images, digests = self._decode(found, progress)
        entry = SetEntry(
            images=images.key,
            labels=found.labels.tolist(),
            parts={part: indices.tolist() for part, indices in found.parts.items()},
            groups=found.groups.tolist(),
            names=found.rows.names,
            classes=list(found.classes),
            digest=_identify(found, digests),
        )
        return remember_set(key, found.manifest, images, entry)

    def _key(self, what: str, *more: object) -> str:
        columns = (self.image, self.label, self.part, self.skip)
        return make_key(what, str(self.path.resolve()), *columns, self.preparation.size, *more)

    def _look(self) -> _Findings:
        rows = self._read_rows()
        manifest, problems = write_manifest([self.path]), list(rows.problems)
        if not rows.names:
            raise_errors(problems)
            refuse("E530", f"{self.path}: no rows", "add a row for each picture below the names of the columns")
        if rows.size:
            kind = Kind(*rows.size, False, "uint8", False, len(rows.names), rows.names[0])
            headers = Headers(kinds=[kind], unreadable={})
        else:
            state, names, more = check_files(self.path, rows.names)
            manifest, problems = f"{manifest} {state}", [*problems, *more]
            headers = read_headers(self.path.parent, names, self._key("headers"), manifest)
        frame, more = choose_frame(self.path, headers, self.preparation)
        problems += more
        if frame is None:
            raise_errors(problems)
            raise AssertionError(self.path)  # each name is a picture or a problem
        is_whole = all(problem.is_warning for problem in problems)
        try:
            classes, numbers = number_labels({"": parse_labels(rows.labels)}, self.classes, str(self.path))
        except MnistspecError:
            raise_errors(problems)  # of rows that are wrong, which may have the other labels
            raise
        labels, part_of = numbers[""], np.array(rows.parts)
        groups, more = group_names(self.path, rows.names, rows.names, self.split.group)
        own = {part: np.flatnonzero(part_of == part) for part in PARTS}
        parts, rest = divide(self.path, own, labels, groups, classes, self.split)
        problems += more + (rest if is_whole else [])
        return _Findings(rows, manifest, tuple(headers.kinds), frame, classes, labels, groups, parts, tuple(problems))

    def _read_rows(self) -> Rows:
        """Return the rows as they were remembered, or read anew if the table has changed."""
        key = self._key("rows")
        manifest = write_manifest([self.path]) if self.path.is_file() else ""
        known = recall(key, Rows)
        if known and known[0] == manifest:
            return known[1]
        rows = read_rows(self.path, Columns(self.image, self.label, self.part, self.skip), self.preparation.size)
        remember(key, manifest, rows)
        return rows

    def _decode(self, found: _Findings, progress: Callable[[int, int], None] | None) -> tuple[Images, list[str]]:
        """Return the images, and a SHA-256 for each file that they come from."""
        frame, fit, names, size = found.frame, self.preparation.fit, found.rows.names, found.rows.size
        if size is None:
            return read_pictures(self.path.parent, names, frame, fit, progress)
        digest = digest_file(self.path)
        key = make_key("pixels", digest, size, tuple(frame), fit)
        images = find_images(key)
        if images is None:
            shape = (len(names), frame.channels, frame.height, frame.width)
            report = (lambda done: progress(done, len(names))) if progress else (lambda _: None)
            images = write_images(key, shape, decode_pixels(self.path, size, frame, fit, report))
        if write_manifest([self.path]) != found.manifest:
            refuse("E511", f"{self.path}: changed while it was being read", "wait until it is whole, and try again")
        return images, [digest]


def _identify(found: _Findings, digests: list[str]) -> str:
    """Return the SHA-256 that identifies the data: contents, names, classes and parts."""
    words = [word.encode() for word in (*digests, *found.classes, *found.rows.names)]
    numbers = [numbers.tobytes() for numbers in (found.labels, *found.parts.values())]
    return sha256(b"\0".join([*words, *numbers])).hexdigest()
