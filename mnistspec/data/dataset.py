"""MNIST-like data sets as uint8 tensors, from the files that ship with this package or from the user's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import torch

from mnistspec.data.histogram import measure_levels
from mnistspec.data.store import find_data, find_in_folder, find_or_fetch, find_shipped, given_folder
from mnistspec.data.stored import select
from mnistspec.errors import CorruptError, UsageError, check_type
from mnistspec.files import to_path
from mnistspec.formats.idx import IdxFile, read_idx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from mnistspec.data.stored import Images
    from mnistspec.language.vocabulary.datasets import Data


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set in memory.

    Images are uint8 (n, channels, height, width), labels int64 (n); mean and std are those of the training pixels in
    [0, 1] by channel; digest is a SHA-256 over what the images came from and identifies the data.
    """

    name: str
    train_images: Images
    train_labels: Tensor
    test_images: Images
    test_labels: Tensor
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    path: str | None = None  # of the folder or file that the user gave, as given

    def __post_init__(self) -> None:
        """Raise CorruptError for training images without any contrast, which cannot be normalised."""
        if not any(self.std):
            level = " ".join(str(round(255 * mean)) for mean in self.mean)
            raise CorruptError(
                f"{self.path or self.name}: all pixels of all training images have the "
                f"{'grey level' if len(self.mean) == 1 else 'colour'} {level}: there is nothing to learn from"
            )

    def hold_out(self, count: int) -> Dataset:
        """Return the data set with its last ``count`` training images in the test set's place; mean and std stay."""
        if not count:
            return self
        if count >= len(self.train_images):
            raise UsageError(
                f"holdout is {count:,}, but {self.name} has only {len(self.train_images):,} training images here"
            )
        return replace(
            self,
            train_images=select(self.train_images, slice(None, -count)),
            train_labels=self.train_labels[:-count],
            test_images=select(self.train_images, slice(-count, None)),
            test_labels=self.train_labels[-count:],
        )

    def to(self, device: torch.device) -> Dataset:
        """Return the data set with its tensors on a device."""
        names = ("train_images", "train_labels", "test_images", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def load_dataset(name: str, *, data_dir: str | Path | None = None, cache_dir: str | Path | None = None) -> Dataset:
    """Load a data set by its name.

    It comes from `data_dir` (four IDX files) if that is given or the environment variable MNISTSPEC_DATA names it, else
    from this package if it ships with it, else from `cache_dir` (default: the platform's cache folder), downloaded on
    first use.

    Raises UsageError for an unknown name or missing files, CorruptError for damaged or inconsistent ones, and
    MnistspecError when a download fails.
    """
    check_type("the name of a data set", name, str)
    folder = given_folder(None if data_dir is None else to_path("data_dir", data_dir))
    cache = None if cache_dir is None else to_path("cache_dir", cache_dir)
    data = find_data(name)
    if folder is not None:
        return _read_dataset(data, find_in_folder(data, folder), folder=str(folder))
    if data.digests:
        return _read_dataset(data, find_shipped(data), data.digests)
    return _read_dataset(data, find_or_fetch(data, cache))


def _read_dataset(
    data: Data, paths: Sequence[Path], digests: Sequence[str | None] = (None,) * 4, *, folder: str | None = None
) -> Dataset:
    files = [read_idx(path, expected_digest=digest) for path, digest in zip(paths, digests, strict=True)]
    images = [_check_images(data, path, file) for path, file in zip(paths[::2], files[::2], strict=True)]
    labels = [_check_labels(data, path, file) for path, file in zip(paths[1::2], files[1::2], strict=True)]
    for path, pixels, classes in zip(paths[1::2], images, labels, strict=True):
        if len(pixels) != len(classes):
            raise CorruptError(f"{path}: expected {len(pixels)} labels, one for each image, found {len(classes)}")
    levels = measure_levels(images[0])
    return Dataset(
        name=data.word,
        train_images=images[0],
        train_labels=labels[0],
        test_images=images[1],
        test_labels=labels[1],
        class_names=data.class_names,
        mean=tuple(level.mean for level in levels),
        std=tuple(level.std for level in levels),
        digest=sha256("\n".join(file.digest for file in files).encode()).hexdigest(),
        path=folder,
    )


def _check_images(data: Data, path: Path, file: IdxFile) -> Tensor:
    if file.values.dtype != np.uint8 or file.values.shape[1:] != data.image_size:
        height, width = data.image_size
        raise CorruptError(f"{path}: expected images of {height}x{width} bytes, found {_describe_values(file)}")
    return torch.from_numpy(file.values).unsqueeze(1)


def _check_labels(data: Data, path: Path, file: IdxFile) -> Tensor:
    values = file.values
    if values.dtype == np.int32 and values.ndim == 2:
        values = values[:, 0]  # QMNIST's label records begin with the class
    elif values.dtype != np.uint8 or values.ndim != 1:
        raise CorruptError(f"{path}: expected one label a byte, found {_describe_values(file)}")
    labels = torch.from_numpy(values.astype(np.int64))
    for label in (int(labels.min()), int(labels.max())):
        if not 0 <= label < len(data.class_names):
            raise CorruptError(f"{path}: expected labels from 0 to {len(data.class_names) - 1}, found {label}")
    return labels


def _describe_values(file: IdxFile) -> str:
    kind = "bytes" if file.values.dtype == np.uint8 else "32-bit integers"
    return f"{'x'.join(map(str, file.values.shape))} {kind}"
