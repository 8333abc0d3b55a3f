"""IDX files, the format of MNIST and its relatives: a big-endian header, then the values in row-major order.

The format: a magic number (two zero bytes, a type code, the number of dimensions), 32-bit sizes, the values.
Source: the description that LeCun, Cortes and Burges published with MNIST.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mnistspec.errors import CorruptError, UsageError
from mnistspec.formats.arrays.files import AGAIN, DAMAGE, ArrayFile, check_packing
from mnistspec.formats.arrays.sets import Arrays, ArraySet
from mnistspec.formats.image_set import PARTS
from mnistspec.formats.problems import refuse
from mnistspec.wording import join_names, quote, write_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

# Type codes that MNIST and its relatives use: unsigned bytes, and QMNIST's 32-bit label records.
_TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype(">u1"), 0x0C: np.dtype(">i4")}
_MAX_DIMENSIONS = 3
# Five times the largest file of a known data set, so that a header that lies cannot fill the memory.
_MAX_BYTES = 256 * 2**20
_CHUNK = 2**20
_GZIP_MAGIC = b"\x1f\x8b"
_KINDS = ("images", "labels")
_PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "val", "valid": "val", "validation": "val"}
_NAME = re.compile(
    rf"(?P<prefix>.*?)(?P<part>{'|'.join(_PARTS)})[-_.](?P<kind>images|labels)([-_.]idx\d?([-_.]\w+)?)?(\.gz)?"
)
_EXAMPLES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz")


@dataclass(frozen=True, eq=False)
class IdxFile:
    """What an IDX file holds.

    values: uint8 or int32, in the shape that the header states; digest: SHA-256 of the unpacked file.
    """

    values: npt.NDArray[Any]
    digest: str


class _FlawError(Exception):
    """What is wrong with a file's content: what was expected and what was found."""


def read_idx(path: Path, *, expected_digest: str | None = None) -> IdxFile:
    """Read an IDX file, packed with gzip or not, strictly.

    Raises CorruptError when the file is damaged, truncated, too long, or not the one that `expected_digest` (SHA-256
    of the unpacked file) stands for, and UsageError when it cannot be opened.
    """
    content = bytearray()
    flaw, values = None, None
    try:
        with path.open("rb") as raw:
            values = _read_values(raw, content)
    except _FlawError as error:
        flaw = str(error)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        flaw = f"expected whole gzip data, found damage after {len(content)} unpacked bytes ({error})"
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    digest = sha256(content).hexdigest()
    if expected_digest not in (None, digest):
        raise CorruptError(f"{path}: damaged: expected SHA-256 {expected_digest} once unpacked, found {digest}")
    if values is None:
        raise CorruptError(f"{path}: damaged: {flaw}")
    return IdxFile(values, digest)


def _read_values(raw: IO[bytes], content: bytearray) -> npt.NDArray[Any]:
    """Unpack `raw` into `content` (kept by the caller even if this fails) and return the values as a view of it."""
    file = _unpack(raw)
    content += file.read(4)
    dtype, shape = _parse_header(content, file, _MAX_DIMENSIONS)
    if not 0 < dtype.itemsize * math.prod(shape) <= _MAX_BYTES - len(content):
        raise _FlawError(f"expected 1 to {_MAX_BYTES} bytes of values, found a header that says {write_shape(shape)}")
    start = len(content)
    size = start + dtype.itemsize * math.prod(shape)
    # One byte more than expected, to see that there is none; it also makes gzip check its own checksum.
    while chunk := file.read(min(_CHUNK, size + 1 - len(content))):
        content += chunk
    if len(content) != size:
        found = f"{len(content)}" if len(content) < size else "more"
        raise _FlawError(f"expected {size} bytes for the {write_shape(shape)} values of its header, found {found}")
    values = np.frombuffer(content, dtype, offset=start).astype(dtype.newbyteorder("="), copy=False)
    return values.reshape(shape)


def _parse_header(content: bytearray, file: IO[bytes], dimensions: int) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Parse the magic number in `content`, then read the sizes from `file` into it; return type and shape."""
    known = len(content) == 4 and content[:2] == b"\0\0" and content[2] in _TYPES
    if not known or not 1 <= content[3] <= dimensions:
        found = content.hex(" ") or "an empty file"
        wanted = f"an IDX magic number (00 00 08 or 0c, then 1 to {dimensions} dimensions)"
        raise _FlawError(f"expected {wanted}, found {found}")
    dtype, dimensions = _TYPES[content[2]], content[3]
    content += file.read(4 * dimensions)
    if len(content) != 4 + 4 * dimensions:
        raise _FlawError(f"expected a header of {4 + 4 * dimensions} bytes, found {len(content)}")
    return dtype, struct.unpack_from(f">{dimensions}I", content, 4)


def open_idx(path: Path) -> ArrayFile:
    """Read the header of an IDX file, packed or not; raise an error for one that cannot be, or that lies."""
    content = bytearray()
    try:
        with path.open("rb") as raw:
            file = _unpack(raw)
            content += file.read(4)
            dtype, shape = _parse_header(content, file, _MAX_DIMENSIONS + 1)
        size = path.stat().st_size
    except _FlawError as error:
        refuse("E534", f"{path}: damaged: {error}", AGAIN)
    except OSError as error:
        refuse("E534", f"{path}: cannot be read: {error.strerror or error}", AGAIN)
    except DAMAGE as error:
        refuse("E534", f"{path}: damaged: {error}", AGAIN)
    start, length = len(content), dtype.itemsize * math.prod(shape)
    if file is raw and size != start + length:
        message = f"expected {start + length} bytes for the {write_shape(shape)} values of its header, found {size}"
        refuse("E534", f"{path}: damaged: {message}", AGAIN)
    check_packing(str(path), length, size)
    return ArrayFile(path.name, str(path), dtype, shape, partial(_open_at, path, start))


@contextmanager
def _open_at(path: Path, start: int) -> Iterator[IO[bytes]]:
    """Open a file, packed or not, at a byte of its content."""
    with path.open("rb") as raw:
        file = _unpack(raw)
        file.read(start)
        yield file


def _unpack(raw: IO[bytes]) -> IO[bytes]:
    """Return what reads the content of a file, packed or not."""
    packed = raw.read(2) == _GZIP_MAGIC
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[return-value]


class IdxSet(ArraySet):
    """A folder with IDX files: images and labels of the training part, and of the others that there are."""

    format = "idx"

    def list_files(self) -> list[Path]:
        """Return the files."""
        return [path for pair in self._find().values() for path in pair]

    def open_parts(self) -> dict[str, Arrays]:
        """Return the arrays of each part."""
        return {part: Arrays(*map(open_idx, pair)) for part, pair in self._find().items()}

    def _find(self) -> dict[str, tuple[Path, Path]]:
        """Return the files with the images and the labels of each part."""
        if not self.path.is_dir():
            what = "not a folder" if self.path.exists() else "no such folder"
            refuse("E501", f"{self.path}: {what}", "idx: is the path of a folder with IDX files")
        sets = find_idx_files(self.path)
        if len(sets) > 1:
            names = join_names([quote(f"{prefix}...") for prefix in sets])
            refuse("E530", f"{self.path}: files of several sets, {names}", "put those of one set into a folder alone")
        files = next(iter(sets.values()), {})
        if not files:
            refuse("E530", f"{self.path}: no IDX files", f"they are named like {join_names(_EXAMPLES)}")
        pairs = {}
        for part in PARTS:
            found = [files.get((part, kind)) for kind in _KINDS]
            match found:
                case (None, None):
                    continue
                case (Path() as images, Path() as labels):
                    pairs[part] = images, labels
                case _:
                    there, lacking = _KINDS if found[0] else reversed(_KINDS)
                    message = f"{files[part, there]}: there is no file with its {lacking} beside it"
                    refuse("E530", message, f"name it like this one, with {lacking} in place of {there}")
        return pairs


def find_idx_files(folder: Path) -> dict[str, dict[tuple[str, str], Path]]:
    """Return the IDX files in a folder by their part and kind, for each beginning of their names.

    Of two files for the same, the packed one is taken, whose checksum shows damage.
    """
    sets: dict[str, dict[tuple[str, str], Path]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: (path.suffix.lower() != ".gz", path.name)):
        if (match := _NAME.fullmatch(path.name.lower())) and path.is_file():
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                refuse("E507", f"{path}: a link that leads out of the folder", "put the file itself there")
            files = sets.setdefault(match["prefix"], {})
            files.setdefault((_PARTS[match["part"]], match["kind"]), path)
    return sets
