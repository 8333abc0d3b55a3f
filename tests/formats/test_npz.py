"""Archives of arrays: each layout, type and name gives the right values and labels, and nothing else is accepted."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.formats.image_set import Preparation, Split
from mnistspec.formats.npz import NpzSet
from tests.formats.painting import load

N, H, W = 6, 4, 5
GREY = np.random.default_rng(0).integers(0, 256, (N, H, W), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (N, H, W, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def save(path: Path, **arrays: Any) -> NpzSet:
    np.savez_compressed(path, **arrays)
    return NpzSet(path)


def medmnist(path: Path, images: npt.NDArray[Any] = GREY, labels: npt.NDArray[Any] = LABELS) -> NpzSet:
    """A set with the same pictures in both parts."""
    return save(path, train_images=images, train_labels=labels, test_images=images, test_labels=labels)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of an archive that is to be written."""
    return tmp_path / "set.npz"


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        (GREY, GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2)),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2)),
        (GREY.astype(np.uint16) * 257, GREY[:, None]),
        ((GREY.astype(np.uint16) * 257).astype(">u2"), GREY[:, None]),
        (GREY / 255, GREY[:, None]),
        ((GREY / 255).astype(np.float32), GREY[:, None]),
    ],
    ids=["n,h,w", "n,h,w,1", "n,1,h,w", "n,h,w,3", "n,3,h,w", "16 bits", "big-endian", "float64", "float32"],
)
def test_every_layout_and_type_gives_the_same_pictures(
    path: Path, images: npt.NDArray[Any], wanted: npt.NDArray[np.uint8]
) -> None:
    images_set = medmnist(path, images)
    survey, stored = images_set.survey(), images_set.read()
    assert (survey.size, survey.channels, survey.counts) == ((H, W), wanted.shape[1], {"train": N, "test": N})
    assert survey.problems == ()
    assert stored.shape == (2 * N, *wanted.shape[1:])
    np.testing.assert_array_equal(load(stored), np.concatenate([wanted, wanted]))
    assert stored.labels.tolist() == [*LABELS, *LABELS]
    assert stored.parts["train"].tolist() == list(range(N))
    assert stored.parts["test"].tolist() == list(range(N, 2 * N))
    assert stored.names[0] == "train_images[0]"
    assert stored.names[-1] == "test_images[5]"


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("x_train", "y_train", "x_test", "y_test"), {"train": N, "test": N}),
        (("X_train", "Y_train", "X_test", "Y_test"), {"train": N, "test": N}),
        (("x_train", "y_train", "x_val", "y_val"), {"train": N - 3, "val": N, "test": 3}),
        (("train_images", "train_labels", "validation_images", "validation_labels"), {"train": 3, "val": N, "test": 3}),
        (("images", "labels"), {"train": 3, "test": 3}),
        (("x", "y"), {"train": 3, "test": 3}),
    ],
)
def test_names_of_arrays(path: Path, names: tuple[str, ...], parts: dict[str, int]) -> None:
    """Without a test part it is chosen: of three classes with two pictures each, one picture each."""
    arrays = dict(zip(names, [GREY, LABELS] * (len(names) // 2), strict=True))
    assert save(path, **arrays).survey().counts == parts


def test_the_chosen_test_part_takes_nothing_from_the_others(path: Path) -> None:
    labels = np.arange(100) % 5
    images = np.arange(100, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    save(path, x_train=images, y_train=labels, x_val=images, y_val=labels)
    stored = NpzSet(path, split=Split(test=0.2, split_seed=3)).read()
    train, val, test = (set(stored.parts[part].tolist()) for part in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (80, 100, 20)
    assert train | test == set(range(100))
    assert val == set(range(100, 200))
    assert np.bincount(stored.labels[stored.parts["test"]]).tolist() == [4] * 5
    np.testing.assert_array_equal(load(stored)[stored.parts["test"], 0, 0, 0], stored.parts["test"])


@pytest.mark.parametrize(
    ("train", "test", "classes", "numbers"),
    [
        ([3, 10, 2, 3, 2, 10], [10, 2, 3], ("2", "3", "10"), [1, 2, 0, 1, 0, 2, 2, 0, 1]),
        ([-1, 7, -1, 7], [7, -1], ("-1", "7"), [0, 1, 0, 1, 1, 0]),
        ([[1], [2], [1], [2]], [[2], [1]], ("1", "2"), [0, 1, 0, 1, 1, 0]),
        ([True, False, True, False], [True, False], ("0", "1"), [1, 0, 1, 0, 1, 0]),
        (["oak10", "oak9", "Ash", "oak9"], ["oak10", "Ash"], ("Ash", "oak9", "oak10"), [2, 1, 0, 1, 2, 0]),
        ([b"oak", b"ash"], [b"ash", b"oak"], ("ash", "oak"), [1, 0, 0, 1]),
    ],
)
def test_labels_are_numbered_in_order(
    path: Path, train: list[Any], test: list[Any], classes: tuple[str, ...], numbers: list[int]
) -> None:
    save(path, x_train=GREY[: len(train)], y_train=train, x_test=GREY[: len(test)], y_test=test)
    stored = NpzSet(path).read()
    assert stored.classes == NpzSet(path).survey().classes == classes
    assert stored.labels.tolist() == numbers


def test_a_class_that_is_missing_in_one_part_moves_no_other(path: Path) -> None:
    images_set = save(path, x_train=GREY, y_train=LABELS, x_test=GREY[:2], y_test=[0, 2])
    stored = images_set.read()
    assert stored.labels[stored.parts["test"]].tolist() == [0, 2]
    (problem,) = images_set.survey().problems
    assert (problem.code, problem.is_warning, problem.places) == ("E503", True, ("1",))


def test_a_class_that_is_never_trained_on_is_an_error(path: Path) -> None:
    images_set = save(path, x_train=GREY[:4], y_train=[0, 2, 0, 2], x_test=GREY[:3], y_test=[0, 1, 2])
    (problem,) = images_set.survey().problems
    assert (problem.code, problem.is_warning, problem.places) == ("E503", False, ("1",))
    with pytest.raises(CorruptError, match='no picture to learn from in the class "1"'):
        images_set.read()


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        ([0, 1, 2, 0, 1, 2], ("a", "b", "c"), [0, 1, 2, 0, 1, 2]),
        ([1, 2, 3, 1, 2, 3], ("a", "b", "c"), [0, 1, 2, 0, 1, 2]),
        ([7, 99, -5, 7, 99, -5], ("a", "b", "c"), [1, 2, 0, 1, 2, 0]),
        (["b", "a", "c", "b", "a", "c"], ("c", "b", "a"), [1, 2, 0, 1, 2, 0]),
    ],
)
def test_classes_have_names(path: Path, labels: list[Any], names: tuple[str, ...], numbers: list[int]) -> None:
    medmnist(path, labels=np.array(labels))
    stored = NpzSet(path, classes=names).read()
    assert stored.classes == names
    assert stored.labels.tolist() == numbers * 2


def test_named_classes_without_pictures_keep_their_numbers(path: Path) -> None:
    medmnist(path, labels=np.array([0, 2, 2, 0, 0, 2]))
    survey = NpzSet(path, classes=("a", "b", "c")).survey()
    assert [(problem.code, problem.places) for problem in survey.problems] == [("E503", ("b",))]


def test_pictures_are_brought_to_another_size_and_colour(path: Path) -> None:
    grey = np.zeros((2, 2, 4), np.uint8)
    grey[1] = 90
    save(path, x_train=grey, y_train=[0, 1], x_test=grey[:, :, :2], y_test=[0, 1])
    preparation = Preparation(size=(4, 4), channels="colour")
    images = load(NpzSet(path, preparation).read())
    assert images.shape == (4, 3, 4, 4)

    assert images[1, 0, :, 0].tolist() == [0, 90, 90, 0]
    assert (images[3] == 90).all()


def test_a_second_reading_finds_the_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = medmnist(path).read()
    monkeypatch.setattr(NpzSet, "open_parts", lambda _: pytest.fail("read again"))
    second = NpzSet(path).read()
    assert (second.path, second.digest, second.names) == (first.path, first.digest, first.names)
    np.testing.assert_array_equal(load(second), load(first))


def test_what_changed_is_read_again(path: Path) -> None:
    first = medmnist(path).read()
    second = medmnist(path, 255 - GREY).read()
    assert second.digest != first.digest
    np.testing.assert_array_equal(load(second)[:N, 0], 255 - GREY)
    third = medmnist(path, labels=LABELS[::-1]).read()
    assert third.digest not in {first.digest, second.digest}
    assert third.labels[:N].tolist() == LABELS[::-1].tolist()


def test_progress_counts_all_pictures(path: Path) -> None:
    calls: list[tuple[int, int]] = []
    medmnist(path).read(lambda done, of: calls.append((done, of)))
    assert calls == [(N, 2 * N), (2 * N, 2 * N)]


class Bomb:
    """What does something once it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize("where", ["images", "labels"])
def test_nothing_is_unpickled(path: Path, where: str) -> None:
    objects = np.empty(N, object)
    objects[:] = [Bomb() for _ in range(N)]
    save(path, **{"images": GREY, "labels": LABELS, where: objects})
    with pytest.raises(CorruptError, match="an array of objects, which may be anything: it is not unpickled") as caught:
        NpzSet(path).survey()
    assert caught.value.code == "E531"


@pytest.mark.parametrize(
    ("images", "code", "words"),
    [
        (GREY.astype(np.int64), "E531", ["int64, whose white is not known", "save train_images.astype(np.uint8)"]),
        (GREY > 9, "E531", ["bool", "save (train_images * 255).astype(np.uint8)"]),
        (GREY.astype(np.float32), "E531", ["from 0 to 248", "save train_images.astype(np.uint8)"]),
        (GREY / 127.5 - 1, "E531", ["from -1 to 0.945098", "scale them to 0 (black) to 1 (white)"]),
        (np.full((N, H, W), np.nan), "E531", ["from nan to nan"]),
        (np.full((N, H, W), np.inf), "E531", ["from inf to inf"]),
        (GREY.astype(np.uint16), "E531", ["16 bits, whose white is 65535, but no value above 248"]),
        (GREY.astype(np.complex64), "E531", ["complex64"]),
        (GREY.reshape(N, -1), "E532", ["6x20", "reshape(-1, height, width)"]),
        (GREY[:, :, :4].reshape(N, -1), "E532", ["6x16", "reshape(-1, 4, 4)"]),
        (COLOUR[..., [0, 1, 2, 0]], "E532", ["6x4x5x4", "without a fourth channel"]),
        (GREY[:, None, None], "E532", ["6x1x1x4x5", "volumes"]),
        (COLOUR[:, :3], "E532", ["6x3x5x3"]),
        (GREY[:, :0], "E532", ["pictures of 0x5"]),
        (GREY[:0], "E530", ["no pictures"]),
        (np.asfortranarray(GREY), "E532", ["np.ascontiguousarray(train_images)"]),
        (np.zeros((N, 1), [("a", "u1")]), "E531", ["an array of records"]),
    ],
)
def test_other_pictures_are_refused(path: Path, images: npt.NDArray[Any], code: str, words: list[str]) -> None:
    labels = LABELS[: len(images)]
    with pytest.raises(MnistspecError) as caught:
        save(path, train_images=images, train_labels=labels).read()
    assert caught.value.code == code
    assert str(caught.value).startswith(f"{path}, train_images: ")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "code", "words"),
    [
        (np.eye(3)[LABELS], "E533", ["one-hot labels, 6x3", "save y_train.argmax(axis=1)"]),
        (np.eye(3, dtype=int)[LABELS], "E533", ["one-hot"]),
        (np.ones((N, 3), int), "E533", ["several labels for a picture"]),
        (np.zeros((N, 14), int), "E533", ["several labels for a picture"]),
        (np.ones((N, 2, 2), int), "E533", ["labels of 6x2x2"]),
        (LABELS.astype(float), "E533", ["float64", "save y_train.astype(int)"]),
        (LABELS[:-1], "E533", ["5 labels for 6 pictures"]),
        (np.array([b"\xff", b"a"] * 3), "E533", ["not UTF-8"]),
        (np.array([2**63, 1] * 3, np.uint64), "E533", ["more than 63 bits"]),
        (np.zeros(N, int), "E510", ["1 different label"]),
    ],
)
def test_other_labels_are_refused(path: Path, labels: npt.NDArray[Any], code: str, words: list[str]) -> None:
    with pytest.raises(MnistspecError) as caught:
        save(path, x_train=GREY, y_train=labels).survey()
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


def test_more_classes_than_can_be_told_apart(path: Path) -> None:
    images = np.zeros((1001, 1, 2), np.uint8)
    with pytest.raises(CorruptError, match="1,001 different labels"):
        save(path, x_train=images, y_train=np.arange(1001)).survey()


def test_words_and_numbers_do_not_mix(path: Path) -> None:
    with pytest.raises(CorruptError, match="the labels of test are words, those of train numbers"):
        save(path, x_train=GREY, y_train=LABELS, x_test=GREY, y_test=LABELS.astype(str)).survey()


@pytest.mark.parametrize(
    ("classes", "words"),
    [(("a", "b"), "3 different labels from 0 to 2, but 2 names"), (("a", "b", "c", "d"), "")],
)
def test_names_that_do_not_fit(path: Path, classes: tuple[str, ...], words: str) -> None:
    medmnist(path)
    if words:
        with pytest.raises(MnistspecError, match=words) as caught:
            NpzSet(path, classes=classes).survey()
        assert (caught.value.code, caught.value.exit_code) == ("E537", 2)
    else:
        assert NpzSet(path, classes=classes).survey().problems[0].places == ("d",)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images_train": GREY}, 'its arrays: "images_train"'),
        ({}, "its arrays: none"),
        ({"x_train": GREY}, "its name would be y_train"),
        ({"test_labels": LABELS}, "its name would be test_images"),
        ({"x_train": GREY, "train_images": GREY, "y_train": LABELS}, "are both the images of the train part"),
    ],
)
def test_arrays_that_are_missing(path: Path, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(MnistspecError, match=words) as caught:
        save(path, **arrays).survey()
    assert (caught.value.code, caught.value.exit_code) == ("E530", 2)


def test_no_train_part(path: Path) -> None:
    (problem,) = save(path, x_test=GREY, y_test=LABELS).survey().problems
    assert (problem.code, problem.message) == ("E502", f"{path}: there is test, but no train part")


def npy(header: str, values: bytes) -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + values


def pack(path: Path, **members: bytes) -> NpzSet:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return NpzSet(path)


LABEL_BYTES = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", b"\0\1")


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2)}", bytes(7)), "expected 8 bytes"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2)}", bytes(9)), "expected 8 bytes"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 99999, 99999)}", bytes(8)), "expected"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -2, 2)}", bytes(8)), "its header says -2x-2x2"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", bytes(1)), "expected"),
        (npy("{'descr': '|S0', 'fortran_order': False, 'shape': (2, 2, 2)}", b""), "expected"),
        (npy("__import__('os').abort()", b""), "not an array of numpy"),
        (npy("[" * 100, b""), "not an array of numpy"),
        (b"\x93NUMPY\x09\x00", "not an array of numpy"),
        (b"", "not an array of numpy"),
        (pickle.dumps([1]), "not an array of numpy"),
    ],
)
def test_lying_headers_are_refused(path: Path, images: bytes, words: str) -> None:
    with pytest.raises(CorruptError, match=words) as caught:
        pack(path, images=images, labels=LABEL_BYTES).survey()
    assert caught.value.code in {"E534", "E532"}


def test_an_archive_that_would_fill_the_disk_is_refused(path: Path) -> None:
    rows = 2**14
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("images.npy", "w") as member:
            member.write(npy(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows + 1}, 128, 128)}}", b""))
            for _ in range(rows + 1):
                member.write(bytes(128 * 128))
        archive.writestr("labels.npy", npy(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows + 1},)}}", b""))
    with pytest.raises(CorruptError, match="no pictures are packed so small"):
        NpzSet(path).survey()


ARCHIVE = io.BytesIO()
np.savez_compressed(ARCHIVE, x_train=GREY, y_train=LABELS)
CONTENT = ARCHIVE.getvalue()


@settings(max_examples=200)
@given(place=st.integers(0, len(CONTENT) - 1), change=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_archive_is_refused_or_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("npz") / "set.npz"
    damaged = bytearray(CONTENT)
    damaged[place] ^= change
    path.write_bytes(damaged[:place] if cut else damaged)
    try:
        stored = NpzSet(path).read()
    except MnistspecError:
        return
    np.testing.assert_array_equal(load(stored)[:, 0], GREY)
    assert stored.labels.tolist() == LABELS.tolist()


def test_a_path_that_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(MnistspecError, match="no such file"):
        NpzSet(tmp_path / "a.npz").survey()
    with pytest.raises(MnistspecError, match="not a file"):
        NpzSet(tmp_path).survey()
    (tmp_path / "b.npz").write_bytes(b"text")
    with pytest.raises(CorruptError, match="not an archive of numpy's arrays"):
        NpzSet(tmp_path / "b.npz").survey()
