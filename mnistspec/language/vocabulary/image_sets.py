"""Data of one's own: the formats that a spec may name, with what is known of a set once it was surveyed."""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from annotated_types import Interval, Len, MaxLen, MinLen
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mnistspec.language.vocabulary.datasets import Data
from mnistspec.language.vocabulary.unit import must_be

if TYPE_CHECKING:
    from mnistspec.formats.image_set import ImageSet, Survey

MAX_SIDE = 512  # pixels
MAX_CLASSES = 1_000


def _read_size(value: object) -> object:
    sides = value if isinstance(value, tuple) else (value, value)
    is_whole = all(isinstance(side, int) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not is_whole or not all(1 <= side <= MAX_SIDE for side in sides):
        raise must_be(f"a number of pixels up to {MAX_SIDE}, or a list of height and width")
    return sides


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise must_be(f"a regular expression ({error})") from None
    return pattern


def _check_different(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise must_be("a list of names that differ")
    return names


_SIDE = {"type": "integer", "minimum": 1, "maximum": MAX_SIDE}
Size = Annotated[
    tuple[int, int],
    BeforeValidator(_read_size),
    WithJsonSchema({
        "description": "of the images; unless given, that of all files, if they agree",
        "anyOf": [_SIDE, {"type": "array", "items": _SIDE, "minItems": 2, "maxItems": 2}],
    }),
]  # fmt: skip
Name = Annotated[str, MinLen(1), MaxLen(200)]
Names = Annotated[tuple[Name, ...], Len(2, MAX_CLASSES), AfterValidator(_check_different)]
Location = Annotated[str, MinLen(1), MaxLen(2_000)]


class OwnData(Data):
    """Images of the user's own. ``size``, ``channels`` and ``classes`` are all there once the set was surveyed."""

    path: Location
    size: Size | None = None
    channels: Literal["grey", "colour"] | None = Field(
        default=None, description="unless given, colour if any image has colour"
    )
    fit: Literal["pad", "crop", "stretch"] = Field(
        default="pad", description="what is done to images of another shape: nothing is cut off, or the middle is taken"
    )
    classes: Names | None = Field(default=None, description="unless given, all that there are, in natural order")
    test: Annotated[float, Interval(gt=0, lt=1)] = Field(
        default=0.2, description="where the set has no test part: this share of each class"
    )
    split_seed: int = Field(default=0, ge=0, lt=2**32, description="chooses these images, and those of train.holdout")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.classes or ()

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return (3 if self.channels == "colour" else 1, *(self.size or (1, 1)))

    @property
    def train_count(self) -> int | None:
        """Not known from the spec alone."""
        return None

    @property
    def display_name(self) -> str:
        """The path, which tells one's sets apart."""
        return self.path

    @property
    def short_name(self) -> str:
        """The name of the folder, or of the file without what follows its dot."""
        path = Path(self.path)
        return (path.stem if path.suffix in {".npz", ".csv", ".tsv"} else path.name) or self.word

    @property
    def is_complete(self) -> bool:
        """Whether shapes and classes are known."""
        return None not in (self.size, self.channels, self.classes)

    def placed(self, folder: Path) -> Self:
        """Return the data with its path from the working folder, not from ``folder``, where the spec lies."""
        path = Path(self.path).expanduser()
        where = self.path if path.is_absolute() or self.path.startswith("~") else os.path.normpath(folder / path)
        return self.model_copy(update={"path": Path(where).as_posix()})

    def completed(self, survey: Survey) -> Self:
        """Return the data with what was found of it."""
        channels = "grey" if survey.channels == 1 else "colour"
        return self.model_copy(update={"size": survey.size, "channels": channels, "classes": survey.classes})

    @abstractmethod
    def open(self) -> ImageSet:
        """Return the set, which has not been looked at yet."""

    def _common(self, group: str | None = None) -> dict[str, Any]:
        """Return the arguments of every ImageSet."""
        from mnistspec.formats.image_set import Preparation, Split  # noqa: PLC0415 - numpy: a spec may have no such data

        return {
            "path": Path(self.path).expanduser(),
            "preparation": Preparation(self.size, self.channels, self.fit),
            "split": Split(self.test, self.split_seed, group),
            "classes": self.classes,
        }


class FileData(OwnData):
    """Images in files of their own."""

    group: Annotated[str, MaxLen(500), AfterValidator(_check_pattern)] | None = Field(
        default=None, description="a regular expression: files with the same first match stay in one part"
    )
    skip: tuple[Name, ...] = Field(default=(), max_length=100, description="patterns of files to leave out: *.gif")


class Folder(FileData, word="folder", scalar="path", aliases=("imagefolder", "directory", "dir")):
    """A folder with a sub-folder for each class; or with train/ and test/, and val/, that have these inside."""

    path: Location = Field(description="relative to the spec that says it", examples=["leaves"])

    def open(self) -> ImageSet:
        """Return the set."""
        from mnistspec.formats.folder import FolderSet  # noqa: PLC0415 - numpy, as above

        return FolderSet(**self._common(self.group), skip=self.skip)


class Csv(FileData, word="csv", scalar="path", aliases=("table", "tsv")):
    """A table with the paths of images and their labels, or with Kaggle's columns label, pixel0, pixel1 and so on."""

    path: Location = Field(description="relative to the spec that says it", examples=["train.csv"])
    image: Name | None = Field(default=None, description="the column with the images' paths; without it, pixel0 ...")
    label: Name = Field(default="label", description="the column with the classes")
    part: Name | None = Field(default=None, description="the column that says train, val or test")

    def open(self) -> ImageSet:
        """Return the set."""
        from mnistspec.formats.csv import CsvSet  # noqa: PLC0415 - numpy, as above

        arguments = self._common(self.group)
        return CsvSet(**arguments, skip=self.skip, image=self.image, label=self.label, part=self.part)


class Npz(OwnData, word="npz", scalar="path", aliases=("numpy", "arrays")):
    """numpy's arrays by MedMNIST's names (train_images, train_labels, val_, test_) or by Keras's (x_train, y_train)."""

    path: Location = Field(description="relative to the spec that says it", examples=["pathmnist.npz"])

    def open(self) -> ImageSet:
        """Return the set."""
        from mnistspec.formats.npz import NpzSet  # noqa: PLC0415 - numpy, as above

        return NpzSet(**self._common())


class Idx(OwnData, word="idx", scalar="path"):
    """A folder of IDX files, MNIST's format, of any size and number of classes."""

    path: Location = Field(description="relative to the spec that says it", examples=["digits"])

    def open(self) -> ImageSet:
        """Return the set."""
        from mnistspec.formats.idx import IdxSet  # noqa: PLC0415 - numpy, as above

        return IdxSet(**self._common())
