"""Archives of numpy's arrays, .npz: MedMNIST's and Keras's names for the pictures and labels of each part.

Nothing is unpickled, and of a picture's array only the header is read for a survey. The format of an array: a magic
number, the length of a header, the header as a literal of Python, and the values. Source: numpy.lib.format.
"""

from __future__ import annotations

import math
import tokenize
import warnings
import zipfile
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mnistspec.formats.arrays.files import AGAIN, DAMAGE, ArrayFile, check_packing
from mnistspec.formats.arrays.sets import Arrays, ArraySet
from mnistspec.formats.image_set import PARTS
from mnistspec.formats.problems import refuse
from mnistspec.wording import join_names, quote, write_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SYNONYMS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_SHOWN = 8  # names that are listed
_VERSIONS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def _list_names(part: str) -> dict[str, list[str]]:
    """Return the names that the pictures and the labels of a part may have, without capitals."""
    words = _SYNONYMS[part]
    names = {
        "images": [f"{word}_images" for word in words] + [f"x_{word}" for word in words],
        "labels": [f"{word}_labels" for word in words] + [f"y_{word}" for word in words],
    }
    if part == "train":  # a set in one piece
        names["images"] += ["images", "x"]
        names["labels"] += ["labels", "y"]
    return names


class NpzSet(ArraySet):
    """A file of arrays, train_images and train_labels or x_train and y_train, and those of the other parts."""

    format = "npz"

    def list_files(self) -> list[Path]:
        """Return the file."""
        if not self.path.is_file():
            what = "not a file" if self.path.exists() else "no such file"
            refuse("E501", f"{self.path}: {what}", "npz: is the path of an archive of numpy's arrays")
        return [self.path]

    def open_parts(self) -> dict[str, Arrays]:
        """Return the arrays of each part."""
        self.list_files()
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = {info.filename: info for info in archive.infolist() if info.filename.endswith(".npy")}
        except DAMAGE as error:
            refuse("E534", f"{self.path}: not an archive of numpy's arrays: {error}", AGAIN)
        names = {name.removesuffix(".npy"): info for name, info in members.items()}
        found = {part: self._find_pair(part, list(names)) for part in PARTS}
        chosen = {part: pair for part, pair in found.items() if pair}
        if not chosen:
            there = join_names([*map(quote, list(names)[:_SHOWN])]) if names else "none"
            refuse(
                "E530",
                f"{self.path}: no arrays with pictures and labels; its arrays: {there}",
                "name them train_images, train_labels, val_..., test_..., or x_train, y_train, x_test, y_test",
            )
        return {part: Arrays(*(open_npy(self.path, names[name]) for name in pair)) for part, pair in chosen.items()}

    def _find_pair(self, part: str, names: Sequence[str]) -> tuple[str, str] | None:
        """Return the names of a part's two arrays, or None if there is neither."""
        found = {}
        for kind, accepted in _list_names(part).items():
            there = [name for name in names if name.lower() in accepted]
            if len(there) > 1:
                both = join_names(there)
                refuse("E530", f"{self.path}: {both} are both the {kind} of the {part} part", "keep one of them")
            found[kind] = there[0] if there else ""
        images, labels = found["images"], found["labels"]
        if bool(images) != bool(labels):
            name, lacking = (images, "labels") if images else (labels, "pictures")
            message = f"{self.path}: {name} is there, but not the array with its {lacking}"
            refuse("E530", message, f"its name would be {_name_other(name)}")
        return (images, labels) if images else None


def _name_other(name: str) -> str:
    """Return what the labels of these pictures, or the pictures of these labels, are called."""
    pairs = (("images", "labels"), ("labels", "images"), ("x", "y"), ("y", "x"))
    return next(name.lower().replace(this, other, 1) for this, other in pairs if this in name.lower())


def open_npy(path: Path, info: zipfile.ZipInfo) -> ArrayFile:
    """Read the header of an array in an archive; raise an error for one that cannot be taken, or that lies."""
    name = info.filename.removesuffix(".npy")
    place = f"{path}, {name}"
    if info.compress_type not in _PACKINGS or info.flag_bits & 1:
        refuse("E534", f"{place}: packed in a way that numpy does not read", "save it with np.savez_compressed")
    try:
        with _open_member(path, info, 0) as stream:
            shape, is_fortran, dtype = _read_header(stream)
            start = stream.tell()
    except DAMAGE as error:
        refuse("E534", f"{place}: not an array of numpy: {' '.join(str(error).split())[:200]}", AGAIN)
    if dtype.hasobject or dtype.names:
        message = f"{place}: an array of {'objects' if dtype.hasobject else 'records'}, which may be anything"
        advice = f"save np.stack({name}) if the pictures have one size, {name}.astype(str) if they are words"
        refuse("E531", f"{message}: it is not unpickled, since that would run what it says", advice)
    size = dtype.itemsize * math.prod(shape)
    if not shape or info.file_size != start + size or not dtype.itemsize:
        message = f"expected {size:,} bytes of values, as its header says, found {info.file_size - start:,}"
        refuse("E534", f"{place}: damaged: {message}", AGAIN)
    if is_fortran and len(shape) > 1 and max(shape) < math.prod(shape):
        refuse("E532", f"{place}: stored column by column", f"save np.ascontiguousarray({name})")
    check_packing(place, size, info.compress_size)
    return ArrayFile(name, place, dtype, shape, partial(_open_member, path, info, start))


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether the columns come first, and type; numpy evaluates nothing but literals for it."""
    version = np.lib.format.read_magic(stream)
    if version not in _VERSIONS:
        raise ValueError(f"version {version[0]}.{version[1]} of the format, which only arrays of records need")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's of headers that Python 2 wrote
            shape, is_fortran, dtype = _VERSIONS[version](stream)
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError("the header is no literal of Python") from error
    if min(shape, default=0) < 0:
        raise ValueError(f"its header says {write_shape(shape)}")
    return shape, is_fortran, dtype


@contextmanager
def _open_member(path: Path, info: zipfile.ZipInfo, start: int) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, archive.open(info.filename) as stream:
        stream.read(start)
        yield stream
