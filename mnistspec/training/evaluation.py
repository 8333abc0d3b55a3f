"""What a network makes of images that it does not learn from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from mnistspec.training.fast.acceleration import to_fastest_order

BATCH_SIZE = 500


@dataclass(frozen=True)
class Evaluation:
    """Logits for a set of labelled images: (n, classes) and (n,), on the CPU."""

    logits: Tensor
    labels: Tensor

    @property
    def loss(self) -> float:
        """Return the mean cross-entropy."""
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
def evaluate(model: nn.Module, images: Tensor, labels: Tensor, *, mean: float, std: float) -> Evaluation:
    """Return the model's logits for uint8 images (n, height, width); the model's mode and buffers stay as they were.

    Images, labels and model are on one device.
    """
    was_training = model.training
    model.eval()
    try:
        batches = (normalize(batch.unsqueeze(1), mean, std) for batch in torch.split(images, BATCH_SIZE))
        logits = [model(to_fastest_order(batch)) for batch in batches]
    finally:
        model.train(was_training)
    return Evaluation(torch.cat(logits).cpu(), labels.cpu())
