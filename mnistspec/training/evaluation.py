"""What a network makes of images that it does not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from mnistspec.training.fast.acceleration import to_fastest_order
from mnistspec.training.footprint import Footprint, eval_mode, measure_footprint
from mnistspec.training.memory import allocating, available_memory, write_bytes
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mnistspec.data.stored import Images

BATCH_SIZE = 500  # images at a time, where they fit
_BUDGET = 2 * 2**30  # bytes; the same everywhere, since the size of a batch may change the last bits of a figure


@dataclass(frozen=True)
class Evaluation:
    """Logits for a set of labelled images: (n, classes) and (n,), on the CPU."""

    logits: Tensor
    labels: Tensor

    @property
    def loss(self) -> float:
        """Return the mean cross-entropy, in which all classes weigh the same."""
        return float(F.cross_entropy(self.logits.double(), self.labels))

    @property
    def predictions(self) -> Tensor:
        """Return the class with the highest score for each image, (n,)."""
        return self.logits.argmax(1)

    @property
    def probabilities(self) -> Tensor:
        """Return the softmax of the logits, (n, classes)."""
        return self.logits.softmax(1)

    @property
    def accuracy(self) -> float:
        """Return the share of right predictions in percent; an image whose logits are not finite is wrong."""
        right = self.predictions.eq(self.labels) & self.logits.isfinite().all(1)
        return 100 * int(right.sum()) / len(self.labels)

    def confusion(self) -> Tensor:
        """Return the counts of images by label (row) and prediction (column), (classes, classes)."""
        classes = self.logits.shape[1]
        return torch.bincount(self.labels * classes + self.predictions, minlength=classes**2).view(classes, classes)


def by_channel(values: Iterable[float], device: torch.device) -> Tensor:
    """Return a number for each channel of images as (channels, 1, 1), float32."""
    return torch.tensor(list(values), dtype=torch.float32, device=device).view(-1, 1, 1)


def normalize(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return values in [0, 255], (..., channels, height, width), as (x / 255 - mean) / std by channel, float32."""
    scale = by_channel((1 / (255 * each) for each in std), images.device)
    shift = by_channel((m / s for m, s in zip(mean, std, strict=True)), images.device)
    return images.to(torch.float32, copy=True).mul_(scale).sub_(shift)


@torch.inference_mode()
def compute_logits(model: nn.Module, images: Images, *, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return the logits (n, classes) for values in [0, 255], (n, channels, height, width), by the model in eval mode.

    They are computed where the model is; its mode and buffers stay as they were.
    """
    first = images[:1]
    device = next((parameter.device for parameter in model.parameters()), first.device)
    with eval_mode(model):
        footprint = measure_footprint(model, normalize(first.to(device), mean, std))
        size = fit_batch(footprint, device)
        advice = f"it needs about {write_bytes(size * footprint.passing)}: free memory, or make the network smaller"
        with allocating(f"a pass without learning of {plural(size, 'image')} at a time", advice):
            batches = (normalize(batch.to(device), mean, std) for batch in images.split(size))
            return torch.cat([model(to_fastest_order(batch)) for batch in batches])


def fit_batch(footprint: Footprint, device: torch.device, largest: int = BATCH_SIZE) -> int:
    """Return the number of images that go through a network at a time without learning: as many as fit, at least 1."""
    free = available_memory(device)
    budget = _BUDGET if free is None else min(free // 2, _BUDGET)  # half: what a layer needs for itself is not counted
    return max(1, min(largest, budget // max(1, footprint.passing)))


def evaluate(
    model: nn.Module, images: Images, labels: Tensor, *, mean: Sequence[float], std: Sequence[float]
) -> Evaluation:
    """Return the model's logits for uint8 images (n, channels, height, width); see ``compute_logits``."""
    return Evaluation(compute_logits(model, images, mean=mean, std=std).cpu(), labels.cpu())
