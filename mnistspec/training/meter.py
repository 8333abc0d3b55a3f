"""The figures of the epoch that is under way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mnistspec.training.state import check_tensors

if TYPE_CHECKING:
    from mnistspec.training.metrics import EpochMetrics


class Meter:
    """Loss and accuracy of an epoch's batches, kept on the device: adding costs no synchronisation, reading does."""

    def __init__(self, steps: int, device: torch.device) -> None:
        self.losses = torch.zeros(steps, device=device)  # the mean loss of each batch
        self.right = torch.zeros((), dtype=torch.int64, device=device)
        self.images = torch.zeros(steps, dtype=torch.int64)
        self.steps = 0

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add one batch: its mean loss, logits (n, classes) and labels (n,)."""
        self.losses[self.steps] = loss.detach()
        self.right += logits.detach().argmax(1).eq(labels).sum()
        self.images[self.steps] = len(labels)
        self.steps += 1

    @property
    def loss(self) -> float:
        """The mean loss of the images so far."""
        count = max(1, int(self.images.sum()))
        return float(self.losses.double().cpu() @ self.images.double()) / count

    @property
    def accuracy(self) -> float:
        """The share of the images so far that were classified rightly, in percent."""
        return 100 * int(self.right) / max(1, int(self.images.sum()))

    def first_not_finite(self) -> int | None:
        """Return the first step (from 0) whose loss is not finite, or None."""
        if math.isfinite(float(self.losses[: self.steps].sum())):  # the usual case, in one look
            return None
        bad = self.losses[: self.steps].isfinite().logical_not_().nonzero()
        return int(bad[0]) if len(bad) else None

    def state_dict(self) -> dict[str, Tensor]:
        """Return what ``load_state_dict`` needs to go on from here."""
        return {"losses": self.losses[: self.steps], "right": self.right, "images": self.images[: self.steps]}

    def load_state_dict(self, state: dict[str, Tensor], steps: int) -> None:
        """Continue from a state that was saved after ``steps`` steps; raise ValueError for any other."""
        check_tensors(state, {"losses": self.losses[:steps], "right": self.right, "images": self.images[:steps]})
        self.steps = steps
        self.losses[:steps] = state["losses"]
        self.images[:steps] = state["images"]
        self.right.copy_(state["right"])


@dataclass(frozen=True)
class Progress:
    """Where a run is after a step; ``metrics`` is set once the epoch's test pass is done."""

    epoch: int  # the epoch under way or just done, from 1
    step: int  # steps done in it
    steps: int  # steps that it has
    lr: float  # of that step
    meter: Meter
    metrics: EpochMetrics | None = None
