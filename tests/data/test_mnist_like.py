"""The data sets: the shipped MNIST, folders of the user's, and what is wrong with them."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.data import store
from mnistspec.data.dataset import Dataset, load_dataset
from mnistspec.data.histogram import measure_levels
from mnistspec.data.statistics import describe_dataset
from mnistspec.errors import CorruptError, UsageError
from mnistspec.language.vocabulary.datasets import MNIST
from tests.formats.idx_folders import STANDARD_NAMES, write_folder, write_images, write_labels
from tests.needs import FASHION, needs_fashion


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load_dataset("mnist")


def test_mnist_is_what_the_world_knows(mnist: Dataset) -> None:
    assert (mnist.train_images.shape, mnist.test_images.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28))
    assert (mnist.train_images[:].dtype, mnist.train_labels.dtype) == (torch.uint8, torch.int64)
    assert (*mnist.mean, *mnist.std) == pytest.approx((0.1307, 0.3081), abs=5e-5)
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.digest == hashlib.sha256("\n".join(MNIST.digests).encode()).hexdigest()


def test_mnist_equals_torchvisions_reading(mnist: Dataset, tmp_path: Path) -> None:
    from torchvision.datasets import MNIST  # noqa: PLC0415 - slow to import

    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in STANDARD_NAMES:
        (raw / name).write_bytes(gzip.decompress((store.SHIPPED_FOLDER / f"{name}.gz").read_bytes()))
    for train, images, labels in (
        (True, mnist.train_images, mnist.train_labels),
        (False, mnist.test_images, mnist.test_labels),
    ):
        reading = MNIST(tmp_path, train=train)
        assert torch.equal(reading.data, images[:].squeeze(1))
        assert torch.equal(reading.targets, labels)


@pytest.mark.parametrize("place", [40, 5000, -3])
def test_a_flipped_byte_in_the_shipped_files_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(store.SHIPPED_FOLDER, folder)
    monkeypatch.setattr(store, "SHIPPED_FOLDER", folder)
    path = folder / "train-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[place] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(CorruptError) as caught:
        load_dataset("mnist")
    found = hashlib.sha256(content).hexdigest()
    wanted = MNIST.digests[1]
    assert str(caught.value) == f"{path}: damaged: expected SHA-256 {wanted} once unpacked, found {found}"


@pytest.mark.parametrize("place", [20, 5000])
def test_a_flipped_byte_in_the_packed_data_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(store.SHIPPED_FOLDER, folder)
    monkeypatch.setattr(store, "SHIPPED_FOLDER", folder)
    path = folder / "train-labels-idx1-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    message = f"^{path}: damaged: expected SHA-256 {MNIST.digests[1]} once unpacked, found [0-9a-f]{{64}}$"
    with pytest.raises(CorruptError, match=message):
        load_dataset("mnist")
    with pytest.raises(CorruptError, match=f"^{path}: damaged: expected whole gzip data, found damage after "):
        load_dataset("mnist", data_dir=folder)


@needs_fashion
def test_fashion_mnist_from_debians_package() -> None:
    fashion = load_dataset("fashion-mnist", data_dir=FASHION)
    assert (*fashion.mean, *fashion.std) == pytest.approx((0.2860, 0.3530), abs=5e-5)
    assert fashion.train_labels.bincount().tolist() == [6000] * 10
    assert fashion.class_names[9] == "ankle boot"


def test_packed_or_not_is_the_same_data(tmp_path: Path) -> None:
    raw = write_folder(tmp_path / "raw")
    packed = tmp_path / "packed"
    packed.mkdir()
    for name in STANDARD_NAMES:
        (packed / f"{name}.gz").write_bytes(gzip.compress((raw / name).read_bytes()))
    first, second = (load_dataset("mnist", data_dir=folder) for folder in (raw, packed))
    assert first.digest == second.digest
    assert torch.equal(first.train_images[:], second.train_images[:])


def test_qmnist_under_its_own_names(tmp_path: Path) -> None:
    for split, count in (("train", 20), ("test", 10)):
        write_images(tmp_path / f"qmnist-{split}-images-idx3-ubyte", count)
        records = np.arange(count * 8, dtype=">i4").reshape(count, 8)
        records[:, 0] %= 10
        header = struct.pack(">III", 0x0C02, count, 8)
        (tmp_path / f"qmnist-{split}-labels-idx2-int").write_bytes(header + records.tobytes())
    qmnist = load_dataset("qmnist", data_dir=tmp_path)
    assert qmnist.train_labels.tolist() == [8 * i % 10 for i in range(20)]
    assert qmnist.train_labels.dtype == torch.int64
    assert len(qmnist.test_images) == 10


@given(pixels=st.lists(st.integers(0, 255), min_size=1, max_size=200))
def test_statistics_are_those_of_numpy(pixels: list[int]) -> None:
    (levels,) = measure_levels(torch.tensor(pixels, dtype=torch.uint8).view(-1, 1, 1, 1))
    scaled = np.array(pixels) / 255
    expected = (scaled.min(), scaled.max(), scaled.mean(), scaled.std())
    assert (levels.minimum, levels.maximum, levels.mean, levels.std) == pytest.approx(expected, abs=1e-7)


def test_describe_adds_up(tmp_path: Path) -> None:
    dataset = load_dataset("mnist", data_dir=write_folder(tmp_path, train=25))
    statistics = describe_dataset(dataset)
    assert statistics.train.shape == (25, 1, 28, 28)
    assert statistics.train.images_per_class == {str(c): 3 if c < 5 else 2 for c in range(10)}
    assert sum(statistics.test.images_per_class.values()) == statistics.test.images == 10
    (levels,) = statistics.train.levels
    assert ((levels.mean,), (levels.std,)) == (dataset.mean, dataset.std)
    assert statistics.digest == dataset.digest


def test_unknown_name() -> None:
    with pytest.raises(UsageError) as caught:
        load_dataset("fashion_mnist")
    assert str(caught.value) == 'unknown data set "fashion_mnist"; did you mean "fashion-mnist"?'
    with pytest.raises(UsageError) as caught:
        load_dataset("cifar")
    assert str(caught.value) == 'unknown data set "cifar"; there are mnist, fashion-mnist, kmnist, qmnist'


def test_missing_folder_and_files(tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    with pytest.raises(UsageError) as caught:
        load_dataset("kmnist", data_dir=folder)
    assert (
        str(caught.value)
        == f"{folder}: no such folder; --data-dir and MNISTSPEC_DATA name a folder with the IDX files of kmnist"
    )
    write_folder(folder)
    for name in STANDARD_NAMES[1:3]:
        (folder / name).unlink()
    with pytest.raises(UsageError) as caught:
        load_dataset("kmnist", data_dir=folder)
    assert str(caught.value) == (
        f"{folder}: train-labels-idx1-ubyte and t10k-images-idx3-ubyte not found, neither here nor in "
        'KMNIST/raw or raw below; kmnist needs them, packed as .gz or not, with "-idx" or ".idx", in capitals or not'
    )


def test_inconsistent_files(tmp_path: Path) -> None:
    labels = write_folder(tmp_path) / "train-labels-idx1-ubyte"
    images = tmp_path / "t10k-images-idx3-ubyte"
    cases = (
        (partial(write_labels, labels, [1] * 19), f"{labels}: expected 20 labels, one for each image, found 19"),
        (partial(write_labels, labels, [10] * 20), f"{labels}: expected labels from 0 to 9, found 10"),
        (partial(write_images, labels, 20), f"{labels}: expected one label a byte, found 20x28x28 bytes"),
        (partial(write_images, images, 10, (32, 32)),
         f"{images}: expected images of 28x28 bytes, found 10x32x32 bytes"),
        (partial(write_labels, images, [1] * 10), f"{images}: expected images of 28x28 bytes, found 10 bytes"),
    )  # fmt: skip
    for damage, message in cases:
        write_folder(tmp_path)
        damage()
        with pytest.raises(CorruptError) as caught:
            load_dataset("mnist", data_dir=tmp_path)
        assert str(caught.value) == message
