"""IDX files, the format of MNIST and its relatives: a big-endian header, then the values in row-major order.

The format: a magic number (two zero bytes, a type code, the number of dimensions), 32-bit sizes, the values.
Source: the description that LeCun, Cortes and Burges published with MNIST.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mnistspec.errors import CorruptError, UsageError
from mnistspec.wording import write_shape

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

# Type codes that MNIST and its relatives use: unsigned bytes, and QMNIST's 32-bit label records.
_TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype(">u1"), 0x0C: np.dtype(">i4")}
_MAX_DIMENSIONS = 3
# Five times the largest file of a known data set, so that a header that lies cannot fill the memory.
_MAX_BYTES = 256 * 2**20
_CHUNK = 2**20
_GZIP_MAGIC = b"\x1f\x8b"


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
    packed = raw.read(2) == _GZIP_MAGIC
    raw.seek(0)
    file: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
    content += file.read(4)
    dtype, shape = _parse_header(content, file)
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


def _parse_header(content: bytearray, file: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Parse the magic number in `content`, then read the sizes from `file` into it; return type and shape."""
    known = len(content) == 4 and content[:2] == b"\0\0" and content[2] in _TYPES
    if not known or not 1 <= content[3] <= _MAX_DIMENSIONS:
        found = content.hex(" ") or "an empty file"
        raise _FlawError(f"expected an IDX magic number (00 00 08 or 0c, then 1 to 3 dimensions), found {found}")
    dtype, dimensions = _TYPES[content[2]], content[3]
    content += file.read(4 * dimensions)
    if len(content) != 4 + 4 * dimensions:
        raise _FlawError(f"expected a header of {4 + 4 * dimensions} bytes, found {len(content)}")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if not 0 < dtype.itemsize * math.prod(shape) <= _MAX_BYTES - len(content):
        raise _FlawError(f"expected 1 to {_MAX_BYTES} bytes of values, found a header that says {write_shape(shape)}")
    return dtype, shape
