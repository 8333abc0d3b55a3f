"""What a network makes of images that it does not learn from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from mnistspec.training.fast.acceleration import to_fastest_order
from mnistspec.training.footprint import Footprint, eval_mode, measure_footprint
from mnistspec.training.memory import allocating, available_memory, write_bytes
from mnistspec.wording import plural

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


def normalize(images: Tensor, mean: float, std: float) -> Tensor:
    """Return grey values in [0, 255] of any shape as (x / 255 - mean) / std, float32."""
    return images.to(torch.float32, copy=True).mul_(1 / (255 * std)).sub_(mean / std)


@torch.inference_mode()
def compute_logits(model: nn.Module, images: Tensor, *, mean: float, std: float) -> Tensor:
    """Return the logits (n, classes) for grey values in [0, 255], (n, 1, height, width), by the model in eval mode.

    Images and model are on one device; the model's mode and buffers stay as they were.
    """
    with eval_mode(model):
        footprint = measure_footprint(model, normalize(images[:1], mean, std))
        size = fit_batch(footprint, images.device)
        advice = f"it needs about {write_bytes(size * footprint.passing)}: free memory, or make the network smaller"
        with allocating(f"a pass without learning of {plural(size, 'image')} at a time", advice):
            batches = (normalize(batch, mean, std) for batch in torch.split(images, size))
            return torch.cat([model(to_fastest_order(batch)) for batch in batches])


def fit_batch(footprint: Footprint, device: torch.device, largest: int = BATCH_SIZE) -> int:
    """Return the number of images that go through a network at a time without learning: as many as fit, at least 1."""
    free = available_memory(device)
    budget = _BUDGET if free is None else min(free, _BUDGET)
    return max(1, min(largest, budget // max(1, footprint.passing)))


def evaluate(model: nn.Module, images: Tensor, labels: Tensor, *, mean: float, std: float) -> Evaluation:
    """Return the model's logits for uint8 images (n, height, width); see ``compute_logits``."""
    return Evaluation(compute_logits(model, images.unsqueeze(1), mean=mean, std=std).cpu(), labels.cpu())
