"""Folders of IDX files: any size, number of classes and names, and nothing that lies."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.formats.idx import IdxSet
from tests.formats.idx_folders import write_folder
from tests.formats.painting import load

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (4, 6, 5), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 0, 1], np.uint8)


def pack(values: npt.NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write(folder: Path, **files: bytes) -> IdxSet:
    """Write files under these names, in which __ is a dot and _ a hyphen."""
    for name, content in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_bytes(content)
    return IdxSet(folder)


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        (GREY, GREY[:, None]),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2)),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2)),
    ],
    ids=["n,h,w", "n,h,w,3", "n,3,h,w"],
)
@pytest.mark.parametrize(
    "names",
    [
        ("train_images_idx3_ubyte", "train_labels_idx1_ubyte", "t10k_images_idx3_ubyte", "t10k_labels_idx1_ubyte"),
        ("train_images__idx3_ubyte", "train_labels__idx1_ubyte", "t10k_images__idx3_ubyte", "t10k_labels__idx1_ubyte"),
        (
            "emnist_letters_train_images_idx3_ubyte__gz",
            "emnist_letters_train_labels_idx1_ubyte__gz",
            "emnist_letters_test_images_idx3_ubyte__gz",
            "emnist_letters_test_labels_idx1_ubyte__gz",
        ),
        ("TRAIN_IMAGES", "TRAIN_LABELS", "TEST_IMAGES", "TEST_LABELS"),
    ],
)
def test_values_and_labels_come_back(
    tmp_path: Path, names: tuple[str, ...], images: npt.NDArray[np.uint8], wanted: npt.NDArray[np.uint8]
) -> None:
    contents = [pack(values) for values in (images, LABELS, images[::-1], LABELS[::-1])]
    packed = [gzip.compress(content) if names[0].endswith("gz") else content for content in contents]
    data = write(tmp_path, **dict(zip(names, packed, strict=True)))
    assert data.survey().counts == {"train": 4, "test": 4}
    stored = data.read()
    np.testing.assert_array_equal(load(stored), np.concatenate([wanted, wanted[::-1]]))
    assert stored.labels.tolist() == [0, 1, 0, 1, 1, 0, 1, 0]
    assert stored.classes == ("0", "1")
    assert stored.names[0] == f"{data.list_files()[0].name}[0]"


def test_without_a_test_part_one_is_chosen(tmp_path: Path) -> None:
    data = write(tmp_path, train_images=pack(GREY), train_labels=pack(LABELS))
    assert data.survey().counts == {"train": 2, "test": 2}


def test_val_is_a_part_of_its_own(tmp_path: Path) -> None:
    files = {f"{part}_{kind}": pack(GREY if kind == "images" else LABELS)
             for part in ("train", "val", "test") for kind in ("images", "labels")}  # fmt: skip
    assert write(tmp_path, **files).survey().counts == {"train": 4, "val": 4, "test": 4}


def test_of_a_packed_and_a_plain_file_the_packed_one_is_read(tmp_path: Path) -> None:
    data = write(
        tmp_path,
        train_images=pack(GREY), train_images__gz=gzip.compress(pack(255 - GREY)), train_labels=pack(LABELS),
    )  # fmt: skip
    np.testing.assert_array_equal(load(data.read())[:, 0], 255 - GREY)


def test_more_than_ten_classes_of_a_large_size(tmp_path: Path) -> None:
    images, labels = np.zeros((200, 64, 48), np.uint8), np.arange(200, dtype=np.uint8) % 100
    images[:, 0, 0] = labels
    stored = write(tmp_path, train_images=pack(images), train_labels=pack(labels)).read()
    assert len(stored.classes) == 100
    assert stored.shape == (200, 1, 64, 48)
    assert load(stored)[:, 0, 0, 0].tolist() == stored.labels.tolist()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no IDX files"),
        ({"train_images": pack(GREY)}, "no file with its labels beside it"),
        ({"train_labels": pack(LABELS)}, "no file with its images beside it"),
        (
            {"a_train_images": pack(GREY), "a_train_labels": pack(LABELS), "train_images": pack(GREY)},
            'files of several sets, "a-..." and "..."',
        ),
    ],
)
def test_a_folder_that_is_no_such_set(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    with pytest.raises(MnistspecError, match=words) as caught:
        write(tmp_path, **files).survey()
    assert (caught.value.code, caught.value.exit_code) == ("E530", 2)


def test_a_path_that_is_no_folder(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "no such folder"), (Path(__file__), "not a folder")):
        with pytest.raises(MnistspecError, match=words) as caught:
            IdxSet(path).survey()
        assert caught.value.code == "E501"


IMAGES = pack(GREY)
LIE = struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**16, 2**16)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (b"", "found an empty file"),
        (IMAGES[:9], "expected a header of 16 bytes, found 9"),
        (IMAGES[:-1], "expected 136 bytes for the 4x6x5 values of its header, found 135"),
        (IMAGES + b"!", "expected 136 bytes for the 4x6x5 values of its header, found 137"),
        (LIE, "found 16"),
        (gzip.compress(LIE), "no pictures are packed so small"),
        (gzip.compress(IMAGES[:-1]), "expected 120 bytes for its 4x6x5 values, found fewer"),
        (gzip.compress(IMAGES + b"!"), "expected 120 bytes for its 4x6x5 values, found more"),
        (gzip.compress(IMAGES)[:-5], "damaged"),
        (gzip.compress(IMAGES)[:-8] + bytes(8), "damaged: CRC check failed"),
        (b"\x1f\x8b rubbish", "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # packed bytes hold the time
)
def test_damaged_files_are_refused(tmp_path: Path, images: bytes, words: str) -> None:
    with pytest.raises(CorruptError, match=words) as caught:
        write(tmp_path, train_images=images, train_labels=pack(LABELS)).read()
    assert caught.value.code == "E534"
    assert str(caught.value).startswith(f"{tmp_path / 'train-images'}: ")


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "set"
    inside.mkdir()
    write(inside, train_labels=pack(LABELS))
    (tmp_path / "elsewhere").write_bytes(IMAGES)
    (inside / "train-images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorruptError, match="a link that leads out of the folder"):
        IdxSet(inside).survey()


def test_the_bytes_of_mnists_own_form(tmp_path: Path) -> None:
    stored = IdxSet(write_folder(tmp_path / "mnist")).read()
    raw = (tmp_path / "mnist" / "t10k-images-idx3-ubyte").read_bytes()[16:]
    assert load(stored)[stored.parts["test"]].tobytes() == raw
