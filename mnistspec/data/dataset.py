"""MNIST-like data sets as uint8 tensors, from the files that ship with this package or from the user's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import torch

from mnistspec.data.histogram import measure_levels
from mnistspec.data.store import find_data, find_in_folder, find_or_fetch, find_shipped, given_folder
from mnistspec.data.stored import StoredImages, select
from mnistspec.errors import CorruptError, UsageError, check_type
from mnistspec.files import to_path
from mnistspec.formats.idx import IdxFile, read_idx
from mnistspec.formats.splits import choose
from mnistspec.language.vocabulary.datasets import Data
from mnistspec.language.vocabulary.image_sets import OwnData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Literal

    from torch import Tensor

    from mnistspec.data.stored import Images
    from mnistspec.language.vocabulary.datasets import NamedData


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
    validation: tuple[Images, Tensor] | None = None  # images and labels of the set's own validation part
    groups: Tensor | None = None  # of the training images of one's own, int64 (n): those of a group stay together
    split_seed: int = 0  # chooses the held-out among these
    note: str = ""  # a sentence for the user

    def __post_init__(self) -> None:
        """Raise CorruptError for training images without any contrast, which cannot be normalised."""
        if not any(self.std):
            level = " ".join(str(round(255 * mean)) for mean in self.mean)
            raise CorruptError(
                f"{self.path or self.name}: all pixels of all training images have the "
                f"{'grey level' if len(self.mean) == 1 else 'colour'} {level}: there is nothing to learn from"
            )

    def hold_out(self, count: int | Literal["val"]) -> Dataset:
        """Return the data set with ``count`` training images, or its validation part, in the test set's place.

        They are the last of a set with a name, and a choice of each class, by a seed, of one's own. Mean and std stay.
        """
        if not count:
            return self
        if count == "val":
            if self.validation is None:
                raise UsageError(f"{self.path or self.name} has no validation part; hold out a number of images")
            images, labels = self.validation
            return replace(self, test_images=images, test_labels=labels)
        if count >= len(self.train_images):
            raise UsageError(
                f"holdout is {count:,}, but {self.name} has only {len(self.train_images):,} training images here"
            )
        held, rest = self._choose(count)
        return replace(
            self,
            train_images=select(self.train_images, rest),
            train_labels=self.train_labels[rest],
            test_images=select(self.train_images, held),
            test_labels=self.train_labels[held],
            groups=None,
        )

    def _choose(self, count: int) -> tuple[slice | Tensor, slice | Tensor]:
        """Return which training images are held out, and which stay."""
        if self.groups is None:
            return slice(-count, None), slice(None, -count)
        chosen = choose(self.train_labels.numpy(), self.groups.numpy(), count, self.split_seed + 1)
        is_held = torch.zeros(len(self.train_labels), dtype=torch.bool)
        is_held[torch.from_numpy(chosen)] = True
        return is_held.nonzero().view(-1), (~is_held).nonzero().view(-1)

    def to(self, device: torch.device) -> Dataset:
        """Return the data set with its tensors on a device."""
        names = ("train_images", "train_labels", "test_images", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def load_dataset(
    name: str | Data,
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Load a data set by its name, or that of a spec, ``spec.data``.

    Pictures of one's own are where the spec says, or at `data_dir` if that is given, and are decoded once into a cache
    of their own; `progress` gets the number of those that are done, and of all.

    A set with a name comes from `data_dir` (four IDX files) if that is given or the environment variable MNISTSPEC_DATA
    names it, else from this package if it ships with it, else from `cache_dir` (default: the platform's cache folder),
    downloaded on first use.

    Raises UsageError for an unknown name or missing files, CorruptError for damaged or inconsistent ones, and
    MnistspecError when a download fails.
    """
    check_type("the name of a data set", name, str, Data)
    given = None if data_dir is None else to_path("data_dir", data_dir)
    if isinstance(name, OwnData):
        return _read_own(name if given is None else name.model_copy(update={"path": str(given)}), progress)
    folder = given_folder(given)
    cache = None if cache_dir is None else to_path("cache_dir", cache_dir)
    data = find_data(name.word if isinstance(name, Data) else name)
    if folder is not None:
        return _read_dataset(data, find_in_folder(data, folder), folder=str(folder))
    if data.digests:
        return _read_dataset(data, find_shipped(data), data.digests)
    return _read_dataset(data, find_or_fetch(data, cache))


def _read_own(data: OwnData, progress: Callable[[int, int], None] | None) -> Dataset:
    stored = data.open().read(progress)
    labels = torch.from_numpy(stored.labels)
    index = {part: torch.from_numpy(numbers) for part, numbers in stored.parts.items()}
    images = StoredImages(stored.path, stored.offset, stored.shape)
    parts = {part: (images.select(numbers), labels[numbers]) for part, numbers in index.items() if len(numbers)}
    (train_images, train_labels), (test_images, test_labels) = parts["train"], parts["test"]
    levels = measure_levels(train_images)
    return Dataset(
        name=data.word,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=stored.classes,
        mean=tuple(level.mean for level in levels),
        std=_replace_zeros([level.std for level in levels]),
        digest=stored.digest,
        path=data.path,
        validation=parts.get("val"),
        groups=torch.from_numpy(stored.groups)[index["train"]],
        split_seed=data.split_seed,
        note=stored.note,
    )


def _replace_zeros(deviations: list[float]) -> tuple[float, ...]:
    """Return 1 for a channel without contrast, which is 0 once its mean is taken away; all zeros are an error later."""
    return tuple(each or 1.0 for each in deviations) if any(deviations) else tuple(deviations)


def _read_dataset(
    data: NamedData, paths: Sequence[Path], digests: Sequence[str | None] = (None,) * 4, *, folder: str | None = None
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


def _check_images(data: NamedData, path: Path, file: IdxFile) -> Tensor:
    if file.values.dtype != np.uint8 or file.values.shape[1:] != data.image_size:
        height, width = data.image_size
        raise CorruptError(f"{path}: expected images of {height}x{width} bytes, found {_describe_values(file)}")
    return torch.from_numpy(file.values).unsqueeze(1)


def _check_labels(data: NamedData, path: Path, file: IdxFile) -> Tensor:
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
