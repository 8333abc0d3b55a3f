"""A trained network, with all that is needed to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mnistspec.training.evaluation import Evaluation, evaluate, normalize

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
    def predict(self, images: Tensor) -> Tensor:
        """Return the probabilities (n, classes) for uint8 images (n, height, width), light ink on black."""
        probabilities: Tensor = self.network(normalize(images.unsqueeze(1), self.mean, self.std)).softmax(1)
        return probabilities

    def evaluate(self, data: Dataset, device: torch.device) -> Evaluation:
        """Put the test set through the network, on a device."""
        there = data.to(device)
        return evaluate(self.network.to(device), there.test_images, there.test_labels, mean=self.mean, std=self.std)
