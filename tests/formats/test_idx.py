"""IDX files: what is written is read back, and nothing else is accepted."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import math
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.errors import CorruptError, UsageError
from mnistspec.formats.idx import read_idx

if TYPE_CHECKING:
    from pathlib import Path


def pack(shape: tuple[int, ...], values: bytes, code: int = 8) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + values


SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)
SMALL = pack((2, 3), bytes(range(6)))


@given(shape=SHAPES, data=st.data(), packed=st.booleans())
def test_bytes_come_back(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple[int, ...], data: st.DataObject, packed: bool
) -> None:
    values = data.draw(st.binary(min_size=math.prod(shape), max_size=math.prod(shape)))
    content = pack(shape, values)
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    file = read_idx(path, expected_digest=hashlib.sha256(content).hexdigest())
    assert file.values.dtype == np.uint8
    assert file.values.shape == shape
    assert file.values.tobytes() == values


@given(values=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=20))
def test_integers_come_back(tmp_path_factory: pytest.TempPathFactory, values: list[int]) -> None:
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(pack((len(values),), struct.pack(f">{len(values)}i", *values), code=0x0C))
    file = read_idx(path)
    assert file.values.dtype == np.int32
    assert file.values.tolist() == values


@given(cut=st.integers(0, len(SMALL) - 1), packed=st.booleans())
def test_every_truncation_is_corrupt(tmp_path_factory: pytest.TempPathFactory, cut: int, packed: bool) -> None:
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(SMALL[:cut]) if packed else SMALL[:cut])
    with pytest.raises(CorruptError, match="damaged: expected"):
        read_idx(path)


@given(cut=st.integers(2, len(gzip.compress(SMALL)) - 1))
def test_every_truncated_gzip_is_corrupt(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(SMALL)[:cut])
    with pytest.raises(CorruptError, match="damaged: expected"):
        read_idx(path)


@given(content=st.binary(max_size=40))
def test_any_bytes_are_an_idx_file_or_corrupt(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(content)
    with contextlib.suppress(CorruptError):
        assert read_idx(path).values.size > 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an IDX magic number (00 00 08 or 0c, then 1 to 3 dimensions), found an empty file"),
        (b"\x89PNG", "expected an IDX magic number (00 00 08 or 0c, then 1 to 3 dimensions), found 89 50 4e 47"),
        (SMALL[:9], "expected a header of 12 bytes, found 9"),
        (SMALL[:-1], "expected 18 bytes for the 2x3 values of its header, found 17"),
        (SMALL + b"!", "expected 18 bytes for the 2x3 values of its header, found more"),
        (pack((0, 3), b""), "expected 1 to 268435456 bytes of values, found a header that says 0x3"),
        (
            pack((2**32 - 1,) * 3, b""),
            "expected 1 to 268435456 bytes of values, found a header that says 4294967295x4294967295x4294967295",
        ),
    ],
)
def test_messages_say_what_was_expected_and_found(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CorruptError) as caught:
        read_idx(path)
    assert str(caught.value) == f"{path}: damaged: {message}"


def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(pack((10, 28, 28), bytes(50_000_000))))
    with pytest.raises(CorruptError) as caught:
        read_idx(path)
    assert (
        str(caught.value) == f"{path}: damaged: expected 7856 bytes for the 10x28x28 values of its header, found more"
    )


def test_a_flipped_pixel_is_found_by_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    flipped = SMALL[:-1] + b"\x85"
    path.write_bytes(flipped)
    wanted, found = (hashlib.sha256(content).hexdigest() for content in (SMALL, flipped))
    with pytest.raises(CorruptError) as caught:
        read_idx(path, expected_digest=wanted)
    assert str(caught.value) == f"{path}: damaged: expected SHA-256 {wanted} once unpacked, found {found}"


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_idx(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"
