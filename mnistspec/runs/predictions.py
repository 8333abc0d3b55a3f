"""What a run's last epoch made of the images that it was measured on, kept so that nobody has to measure it again.

Nothing here imports torch.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistspec.errors import CorruptError
from mnistspec.files import read_limited
from mnistspec.runs.documents import seal, unseal
from mnistspec.runs.models import PredictionsRecord, parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from mnistspec.data.stored import Images
    from mnistspec.training.evaluation import Evaluation

    Array = npt.NDArray[Any]

SHOWN = 60  # mistakes whose pixels are kept
_ARRAYS = ("label", "guess", "confidence", "mistake", "pixels")
_METADATA = "metadata"
_MAX_BYTES = 256 * 2**20
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, in a zip file: the same predictions are the same bytes


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrongly classified image, uint8 (channels, height, width), its number, and the probability of the guess."""

    image: Array
    number: int
    label: int
    guess: int
    confidence: float


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels and guesses (n,) of the smallest unsigned type, and the probability of each guess, float32 (n,).

    A confidence is NaN where the scores were not finite: no guess at all. ``pixels``, uint8 (k, channels, height,
    width), are those of the images ``numbers`` (k,): the most confident mistakes first, the first of equals first.
    """

    labels: Array
    guesses: Array
    confidences: Array
    numbers: Array
    pixels: Array
    class_names: tuple[str, ...]

    @classmethod
    def of(cls, evaluation: Evaluation, images: Images, class_names: Sequence[str]) -> Predictions:
        """Return the predictions of an evaluation of uint8 images (n, channels, height, width)."""
        kind = np.uint8 if len(class_names) <= 2**8 else np.uint16
        labels, guesses = (t.numpy().astype(kind) for t in (evaluation.labels, evaluation.predictions))
        is_finite = evaluation.logits.isfinite().all(1).numpy()
        confidences = np.where(is_finite, evaluation.probabilities.max(1).values.numpy(), np.float32("nan"))
        wrong = np.flatnonzero(guesses != labels)
        shown = wrong[np.argsort(-confidences[wrong], kind="stable")][:SHOWN]
        pixels = images[shown.tolist()].numpy(force=True)
        return cls(labels, guesses, confidences, shown.astype(np.uint32), pixels, tuple(class_names))

    @cached_property
    def is_right(self) -> Array:
        """Whether each guess is right, (n,)."""
        right: Array = (self.labels == self.guesses) & np.isfinite(self.confidences)
        return right

    @property
    def accuracy(self) -> float:
        """The share of right guesses in percent."""
        return 100 * int(self.is_right.sum()) / len(self.labels)

    @property
    def wrong(self) -> int:
        """How many guesses are wrong."""
        return int(np.count_nonzero(self.labels != self.guesses))

    @cached_property
    def confusion(self) -> Array:
        """The counts of images by label (row) and guess (column), int64 (classes, classes)."""
        classes = len(self.class_names)
        cells = self.labels.astype(np.int64) * classes + self.guesses
        return np.bincount(cells, minlength=classes**2).reshape(classes, classes)

    def mistakes(self, count: int = SHOWN) -> tuple[Mistake, ...]:
        """Return the most confident mistakes, the most confident first."""
        return tuple(
            Mistake(image, number, int(self.labels[number]), int(self.guesses[number]), float(self.confidences[number]))
            for image, number in zip(self.pixels[:count], self.numbers[:count].tolist(), strict=True)
        )

    def to_bytes(self, record: PredictionsRecord) -> bytes:
        """Return the file, the same for the same predictions, with a SHA-256 over all of it inside."""
        arrays = dict(zip(_ARRAYS, self.arrays, strict=True))
        text = json.dumps(seal(record.as_data(), _digest(arrays)), sort_keys=True)
        arrays[_METADATA] = np.frombuffer(text.encode(), np.uint8)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, array in arrays.items():
                data = io.BytesIO()
                np.lib.format.write_array(data, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", _BEGINNING), data.getvalue(), zipfile.ZIP_DEFLATED)
        return content.getvalue()

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays in the order of the file, in which grey pixels are (k, height, width)."""
        pixels = self.pixels[:, 0] if self.pixels.shape[1] == 1 else self.pixels
        return self.labels, self.guesses, self.confidences, self.numbers, pixels


def read_predictions(path: Path) -> tuple[Predictions, PredictionsRecord]:
    """Return the content of predictions.npz; raise CorruptError where it is damaged or does not fit together."""
    content = read_limited(path, _MAX_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            names = (*_ARRAYS, _METADATA) if size <= _MAX_BYTES else ()
            arrays = {name: np.asarray(file[name]) for name in names}
        metadata = json.loads(arrays.pop(_METADATA).tobytes())
    except Exception as error:  # noqa: BLE001 - of zlib, zipfile, json and numpy, each has errors of its own
        raise CorruptError(f"{path}: damaged, or not a file that mnistspec wrote: {error}") from None
    record = parse(PredictionsRecord, unseal(metadata, path, _digest(arrays)), path)
    labels, guesses, confidences, numbers, pixels = arrays.values()
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels
    predictions = Predictions(labels, guesses, confidences, numbers, pixels, tuple(record.classes))
    if not _fits_together(predictions):
        raise CorruptError(f"{path}: its arrays do not belong together")
    return predictions, record


def _fits_together(predictions: Predictions) -> bool:
    labels, guesses, confidences, numbers, _ = predictions.arrays
    pixels = predictions.pixels
    count, classes = len(labels) if labels.ndim == 1 else 0, len(predictions.class_names)
    return (
        count > 0
        and all(array.shape == (count,) and array.dtype.kind == "u" for array in (labels, guesses))
        and max(labels.max(), guesses.max()) < classes
        and confidences.shape == (count,)
        and confidences.dtype == np.float32
        and numbers.dtype == np.uint32
        and numbers.shape == pixels.shape[:1]
        and pixels.dtype == np.uint8
        and pixels.ndim == 4
        and pixels.shape[1] in {1, 3}
        and bool((numbers < count).all())
    )


def _digest(arrays: dict[str, Array]) -> bytes:
    """Return the SHA-256 over each array's name, type, shape and bytes."""
    digest = sha256()
    for name in _ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.digest()
