"""Images in a file: those that are asked for are read, so that a set larger than the memory trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from mnistspec.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Images(Protocol):
    """Images (n, channels, height, width), uint8: a tensor, or what reads them; ``images[:]`` is all as a tensor."""

    @property
    def shape(self) -> torch.Size:
        """Their number, channels, height and width."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: int | slice | Tensor | list[int], /) -> Tensor: ...

    def split(self, size: int, /) -> Iterable[Tensor]:
        """Return the images in order, ``size`` at a time."""

    def to(self, device: torch.device, /) -> Images:
        """Return the images where a device can reach them."""


class StoredImages:
    """Some of the uint8 images (n, channels, height, width) of a file, with what is used of a tensor's interface.

    They are read and not mapped, so that they also train where a process may not have the addresses (``ulimit -v``).
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, int, int, int], index: Tensor | None = None) -> None:
        """Take the images ``index`` of the ``shape[0]`` that begin at this byte of the file; all if it is None."""
        self._path, self._offset, self._whole = path, offset, shape
        self.index = torch.arange(shape[0]) if index is None else index
        self.shape = torch.Size((len(self.index), *shape[1:]))

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, which: int | slice | Tensor | list[int]) -> Tensor:
        """Return images as a tensor on the CPU: (channels, height, width) for a number, else (n, ...)."""
        chosen = self.index[which.cpu() if isinstance(which, Tensor) else which]
        return self._read(chosen.view(-1)).view(*chosen.shape, *self.shape[1:])

    def split(self, size: int) -> Iterable[Tensor]:
        """Yield the images in order, ``size`` at a time."""
        return (self[start : start + size] for start in range(0, len(self), size))

    def select(self, index: Tensor | slice) -> StoredImages:
        """Return the images with these places among these, unread."""
        return StoredImages(self._path, self._offset, self._whole, self.index[index])

    def to(self, _device: torch.device) -> StoredImages:
        """Return the images themselves: they stay in their file, and each batch travels alone."""
        return self

    def _read(self, index: Tensor) -> Tensor:
        size = self.shape[1:].numel()
        images = np.empty((len(index), size), np.uint8)
        try:
            with self._path.open("rb", buffering=0) as file:
                for row, number in zip(images, index.tolist(), strict=True):
                    file.seek(self._offset + number * size)
                    if file.readinto(row.data) != size:
                        raise CorruptError(f"{self._path}: image {number} is not whole; remove the file")
        except OSError as error:
            raise CorruptError(f"{self._path}: cannot be read any more: {error.strerror or error}") from None
        return torch.from_numpy(images)


def select(images: Images, index: Tensor | slice) -> Images:
    """Return the images with these places; those in a file stay there."""
    return images.select(index) if isinstance(images, StoredImages) else images[index]
