"""The data sets that a spec may name: what is known about each without loading it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from mnistspec.language.vocabulary.unit import Unit

_DIGITS = tuple("0123456789")
_CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


class Data(Unit, family="data set"):
    """Images with their classes."""

    subject: ClassVar[str] = ""  # what a visitor of a page draws, such as "a digit"; nothing if it cannot be drawn

    @property
    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the labels."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""

    @property
    @abstractmethod
    def train_count(self) -> int | None:
        """The number of training images that everybody has; None where that is not known."""

    @property
    def display_name(self) -> str:
        """What people call it."""
        return self.word

    @property
    def short_name(self) -> str:
        """What a page calls it, which strangers may read."""
        return self.word

    @property
    def task(self) -> str:
        """What a page asks its visitor to do."""
        return f"Draw {self.subject}" if self.subject else "Open or drop a picture"


class NamedData(Data):
    """Images of one channel in four IDX files: training images and labels, test images and labels.

    ``file_names`` has the names of the four, first those of torchvision's download; ``digests`` the SHA-256 of each,
    unpacked, where they ship with mnistspec.
    """

    names: ClassVar[tuple[str, ...]]
    image_size: ClassVar[tuple[int, int]] = (28, 28)
    train_images: ClassVar[int] = 60_000
    file_names: ClassVar[tuple[tuple[str, ...], ...]] = (
        (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ),
    )
    has_label_records: ClassVar[bool] = False  # a label file holds eight 32-bit numbers an image, the class first
    digests: ClassVar[tuple[str, ...]] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.names

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return (1, *self.image_size)

    @property
    def train_count(self) -> int | None:
        """The published number of training images."""
        return self.train_images


class MNIST(NamedData, word="mnist", aliases=("digits",)):
    """Handwritten digits, 60,000 + 10,000; ships with mnistspec."""

    names = _DIGITS
    subject = "a digit"
    digests = (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    )


class FashionMNIST(NamedData, word="fashion-mnist", aliases=("fashion", "fmnist")):
    """Zalando's articles of clothing, 60,000 + 10,000."""

    names = _CLOTHES
    subject = "a piece of clothing"


class KMNIST(NamedData, word="kmnist", aliases=("kuzushiji-mnist",)):
    """Cursive Japanese characters, 60,000 + 10,000."""

    names = _KANA
    subject = "a kana"


class QMNIST(NamedData, word="qmnist"):
    """MNIST rebuilt from NIST, with 60,000 test digits."""

    names = _DIGITS
    subject = "a digit"
    file_names = (
        (
            "qmnist-train-images-idx3-ubyte",
            "qmnist-train-labels-idx2-int",
            "qmnist-test-images-idx3-ubyte",
            "qmnist-test-labels-idx2-int",
        ),
        *NamedData.file_names,
    )
    has_label_records = True


def list_named() -> dict[str, type[NamedData]]:
    """Return the data sets that have a name of their own."""
    return {word: member for word, member in Data.members.items() if issubclass(member, NamedData)}
