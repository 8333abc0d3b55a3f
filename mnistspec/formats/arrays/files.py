"""Arrays in files: their headers are read at once, their values in blocks, so that no header can fill the memory."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from mnistspec.formats.problems import refuse
from mnistspec.wording import write_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import numpy.typing as npt

_BLOCK_BYTES = 2**24
_LARGE, _DENSEST = 2**28, 200  # bytes, and how many of them are in a packed one at most
AGAIN = "copy or download the file again"
# What the readers of zip and gzip raise for damaged files; zipfile also asks for passwords with RuntimeError.
DAMAGE = (zlib.error, EOFError, gzip.BadGzipFile, zipfile.BadZipFile, RuntimeError, ValueError, OSError)


def check_packing(place: str, size: int, packed: int) -> None:
    """Refuse values of a size that no pictures packed into so few bytes have: they would fill the disk."""
    if size > _LARGE and size > _DENSEST * packed:
        message = f"{place}: {size / 1e6:,.0f} MB of values in {packed / 1e6:,.1f} MB of a file"
        refuse("E534", message, "no pictures are packed so small; " + AGAIN)


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """An array in a file whose header was read: values in row-major order, the first dimension counts the images."""

    name: str  # of the array, or the file
    place: str  # as messages name it: "leaves.npz, train_images"
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    open: Callable[[], AbstractContextManager[IO[bytes]]]  # a stream that begins with the first value

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """The bytes of one image or label."""
        return self.dtype.itemsize * math.prod(self.shape[1:])

    def blocks(self, rows: int | None = None) -> Iterator[npt.NDArray[Any]]:
        """Yield the values, ``rows`` images at a time, or what 16 MiB hold; raise an error for a damaged file."""
        step = rows or max(1, _BLOCK_BYTES // max(1, self.row_bytes))
        try:
            with self.open() as stream:
                for start in range(0, len(self), step):
                    count = min(step, len(self) - start)
                    yield self._read(stream, count)
                if stream.read(1):  # reading to the end also checks the file's own checksum
                    self._refuse_length("more")
        except DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            refuse("E534", f"{self.place}: damaged: {reason}", AGAIN)

    def values(self) -> npt.NDArray[Any]:
        """Return all values."""
        return np.concatenate(list(self.blocks()) or [np.empty(self.shape, self.dtype)])

    def _read(self, stream: IO[bytes], count: int) -> npt.NDArray[Any]:
        content = bytearray()
        size = count * self.row_bytes
        while len(content) < size and (piece := stream.read(size - len(content))):
            content += piece
        if len(content) != size:
            self._refuse_length("fewer")
        values = np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])
        return values.astype(self.dtype.newbyteorder("="), copy=False)

    def _refuse_length(self, found: str) -> NoReturn:
        size, shape = len(self) * self.row_bytes, write_shape(self.shape)
        refuse("E534", f"{self.place}: damaged: expected {size:,} bytes for its {shape} values, found {found}", AGAIN)
