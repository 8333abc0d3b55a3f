"""The optimizers, by the names and arguments of torch.optim, without torch."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval
from pydantic import Field, model_validator

from mnistspec.language.vocabulary.unit import Unit, inconsistent

LearningRate = Annotated[float, Interval(gt=0, le=100)]
Momentum = Annotated[float, Interval(ge=0, lt=1)]
Decay = Annotated[float, Interval(ge=0, le=1)]
Eps = Annotated[float, Interval(gt=0, le=1)]


class Optimizer(Unit, family="optimizer"):
    """How gradients change the parameters; the arguments are those of torch.optim."""

    lr: LearningRate


class SGD(Optimizer, word="sgd", scalar="lr"):
    """Stochastic gradient descent, with momentum if given."""

    lr: LearningRate = Field(default=1e-3, examples=[0.01])
    momentum: Momentum = 0.0
    dampening: Momentum = 0.0
    weight_decay: Decay = 0.0
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> SGD:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise inconsistent("nesterov", "nesterov needs a momentum above 0 and no dampening")
        return self


class Adam(Optimizer, word="adam", scalar="lr"):
    """Adam; weight_decay is added to the gradient."""

    lr: LearningRate = Field(default=1e-3, examples=[0.01])
    betas: tuple[Momentum, Momentum] = (0.9, 0.999)
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    amsgrad: bool = False


class AdamW(Adam, word="adamw", scalar="lr"):
    """Adam with weight decay apart from the gradient."""

    weight_decay: Decay = 1e-2


class NAdam(Optimizer, word="nadam", scalar="lr"):
    """Adam with Nesterov momentum."""

    lr: LearningRate = Field(default=2e-3, examples=[0.01])
    betas: tuple[Momentum, Momentum] = (0.9, 0.999)
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    momentum_decay: Decay = 4e-3


class RMSprop(Optimizer, word="rmsprop", scalar="lr"):
    """Gradients divided by a running mean of their size."""

    lr: LearningRate = Field(default=1e-2, examples=[0.01])
    alpha: Momentum = 0.99
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    momentum: Momentum = 0.0
    centered: bool = False
