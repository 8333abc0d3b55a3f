"""The recipe: `train:`."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny, model_validator

from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.optimizers import SGD, Optimizer
from mnistspec.language.vocabulary.schedulers import ConstantLR, Epochs, Scheduler
from mnistspec.language.vocabulary.unit import Model, inconsistent


class Train(Model):
    """How the network is trained."""

    epochs: Epochs = 15
    batch_size: int = Field(default=128, gt=0, le=60_000)
    seed: int = Field(
        default=1, ge=0, lt=2**32, description="of the initialisation, the order, the augmentation and the dropout"
    )
    holdout: int = Field(
        default=0,
        ge=0,
        le=59_000,
        description="the last N training images take the test set's place, to choose a recipe by",
    )
    optimizer: SerializeAsAny[Optimizer] = SGD(lr=0.01, momentum=0.9)
    scheduler: SerializeAsAny[Scheduler] = ConstantLR()
    augment: tuple[SerializeAsAny[Augmentation], ...] = Field(
        default=(), max_length=16, description="applied in this order, to training images only"
    )

    @model_validator(mode="after")
    def _warmup_fits(self) -> Train:
        warmup = getattr(self.scheduler, "warmup", None)
        if warmup is not None and warmup.epochs >= self.epochs:
            message = f"the warm-up of {warmup.epochs:g} epochs is as long as the whole run of {self.epochs}"
            raise inconsistent("scheduler", message)
        return self
