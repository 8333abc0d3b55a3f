"""The figures of an epoch that is done, without torch, so that whoever only reads them imports none."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Percent = Annotated[float, Field(ge=0, le=100)]
Duration = Annotated[float, Field(ge=0, lt=1e9)]  # in seconds


class EpochRow(BaseModel):
    """One epoch as metrics.csv has it: mean cross-entropies, accuracies in percent, the last learning rate, seconds.

    Train figures are those of the batches as they were learned from (augmented, with dropout, by the weights of that
    moment); test figures are those of the weights at the epoch's end, on the held-out images where there are some.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    epoch: int
    lr: float
    train_loss: float
    train_accuracy: Percent
    test_loss: float
    test_accuracy: Percent
    seconds: Duration


class EpochMetrics(EpochRow):
    """One epoch as the training knows it: of its seconds, ``test_seconds`` went into the test pass."""

    test_seconds: Duration
