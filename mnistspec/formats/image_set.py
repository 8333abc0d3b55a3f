"""What the formats share: an image set is surveyed by names and headers, and read once into a file of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

Fit = Literal["pad", "crop", "stretch"]
Channels = Literal["grey", "colour"]
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes an array: None is what the survey finds."""

    size: tuple[int, int] | None = None  # height, width
    channels: Channels | None = None
    fit: Fit = "pad"


@dataclass(frozen=True)
class Split:
    """Which images are the test part where the set has none: this share of each class, by a seed.

    Files with the same first match of ``group`` stay in one part.
    """

    test: float = 0.2
    split_seed: int = 0
    group: str | None = None


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a set, as a user reads it; ``places`` are all files (or rows) that have it."""

    code: str
    message: str  # begins with the place: "leaves/oak/7.png: cannot be read: ..."
    help: str = ""
    places: tuple[str, ...] = ()
    is_warning: bool = False


class Kind(NamedTuple):
    """Pictures of one size and mode."""

    height: int
    width: int
    has_colour: bool
    mode: str  # as Pillow names it, such as RGB; of arrays the type, such as uint8
    is_transparent: bool
    pictures: int
    example: str  # the first of the files


@dataclass(frozen=True)
class Survey:
    """What names and headers tell of a set, without decoding a picture."""

    classes: tuple[str, ...]
    size: tuple[int, int]  # height, width
    channels: int
    by_class: Mapping[str, tuple[int, ...]]  # images of each class, by part
    kinds: tuple[Kind, ...]  # the commonest first
    problems: tuple[Problem, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Images by part; parts without any are left out."""
        return {part: sum(counts) for part, counts in self.by_class.items() if sum(counts)}


@dataclass(frozen=True, eq=False)
class StoredSet:
    """A set that was decoded: uint8 images (n, channels, height, width) one after the other in a file.

    ``parts`` has the indices of each part's images, int64, in an order that does not depend on the machine;
    ``groups`` a number for each image that keeps pictures of one thing together, int64; ``names`` are the files,
    relative to the set, or the rows. ``digest`` is a SHA-256 over what the images come from, their labels and parts,
    and identifies the data, whatever its preparation. ``note`` is a sentence for the user if the set could not be kept.
    """

    path: Path
    offset: int  # of the first image in the file, in bytes
    shape: tuple[int, int, int, int]
    labels: npt.NDArray[np.int64]
    parts: Mapping[str, npt.NDArray[np.int64]]
    groups: npt.NDArray[np.int64]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    digest: str
    note: str = ""


@dataclass(frozen=True)
class ImageSet(ABC):
    """Images with their classes in one format. ``path`` is that of the folder or file."""

    format: ClassVar[str]

    path: Path
    preparation: Preparation = field(default_factory=Preparation)
    split: Split = field(default_factory=Split)
    classes: tuple[str, ...] | None = None
    skip: tuple[str, ...] = ()

    @abstractmethod
    def survey(self) -> Survey:
        """Return what names and headers tell; raise UsageError where the set is not there or cannot be taken for one.

        Remembered in the cache folder, so that a second call is quick; nothing is written beside the data.
        """

    @abstractmethod
    def read(self, progress: Callable[[int, int], None] | None = None) -> StoredSet:
        """Return the decoded set, from the cache if it is there and nothing has changed; else decode all of it.

        ``progress`` is called with the number of images that are done and that of all. Raises CorruptError, which
        lists all of them, where files cannot be read or something else would put a wrong picture or label into the
        training.
        """
