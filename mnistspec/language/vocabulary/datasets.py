"""The data sets that a spec may name: what is known about each without loading it."""

from __future__ import annotations

from dataclasses import dataclass

_DIGITS = tuple("0123456789")
_CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


@dataclass(frozen=True)
class DatasetInfo:
    """A data set of one-channel images with ten classes, in IDX files."""

    name: str
    summary: str
    torchvision_class: str
    class_names: tuple[str, ...]
    image_size: tuple[int, int] = (28, 28)
    train_images: int = 60_000

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        return (1, *self.image_size)


DATASETS = {
    info.name: info
    for info in (
        DatasetInfo("mnist", "handwritten digits, 60,000 + 10,000; ships with mnistspec", "MNIST", _DIGITS),
        DatasetInfo("fashion-mnist", "Zalando's articles of clothing, 60,000 + 10,000", "FashionMNIST", _CLOTHES),
        DatasetInfo("kmnist", "cursive Japanese characters, 60,000 + 10,000", "KMNIST", _KANA),
        DatasetInfo("qmnist", "MNIST rebuilt from NIST, with 60,000 test digits", "QMNIST", _DIGITS),
    )
}
