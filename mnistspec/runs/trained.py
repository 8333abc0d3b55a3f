"""A trained network, with all that is needed to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mnistspec.data.images import read_images
from mnistspec.training.evaluation import BATCH_SIZE, Evaluation, evaluate, normalize

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec


@dataclass(frozen=True)
class TrainedModel:
    """The network of a run after an epoch, in eval mode; ``mean`` and ``std`` normalise its input in [0, 1]."""

    network: nn.Sequential
    spec: Spec
    epoch: int
    mean: float
    std: float

    @torch.inference_mode()
    def predict(self, images: object) -> Tensor:
        """Return the probabilities (n, classes), on the CPU, for images with light ink on black.

        Images are uint8 or floats in [0, 1], as an array or a tensor (h, w), (n, h, w) or (n, 1, h, w); or a PIL image
        or the path of an image file, which are prepared as photos; or a list of these. Raises UsageError for others.
        """
        _, height, width = self.spec.data.input_shape
        values = normalize(read_images(images, (height, width)), self.mean, self.std)
        device = next((parameter.device for parameter in self.network.parameters()), values.device)
        return torch.cat([self.network(batch.to(device)).softmax(1).cpu() for batch in torch.split(values, BATCH_SIZE)])

    def evaluate(self, data: Dataset, device: torch.device) -> Evaluation:
        """Put the test set through the network, on a device."""
        there = data.to(device)
        return evaluate(self.network.to(device), there.test_images, there.test_labels, mean=self.mean, std=self.std)
