"""The recipe: optimizers, schedulers, augmentations and the rest of `train:`, by torch's names and arguments, all without torch."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, SerializeAsAny, model_validator
from pydantic_core import PydanticCustomError

from mnistspec.spec.units import Degrees, Factor, Model, Shear, Translate, Unit

LearningRate = Annotated[float, Field(gt=0, le=100)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Decay = Annotated[float, Field(ge=0, le=1)]
Eps = Annotated[float, Field(gt=0, le=1)]
Epochs = Annotated[int, Field(gt=0, le=10_000)]


class Optimizer(Unit, family="optimizer"):
    """How gradients change the parameters; the arguments are those of torch.optim."""

    torch_class: ClassVar[str]
    lr: LearningRate


class SGD(Optimizer, word="sgd", scalar="lr"):
    """Stochastic gradient descent, with momentum if given."""

    torch_class = "SGD"
    lr: LearningRate = 1e-3
    momentum: Momentum = 0.0
    dampening: Momentum = 0.0
    weight_decay: Decay = 0.0
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> SGD:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            message = "nesterov needs a momentum above 0 and no dampening"
            raise PydanticCustomError("consistency", "{message}", {"message": message, "field": "nesterov"})
        return self


class Adam(Optimizer, word="adam", scalar="lr"):
    """Adam; weight_decay is added to the gradient."""

    torch_class = "Adam"
    lr: LearningRate = 1e-3
    betas: tuple[Momentum, Momentum] = (0.9, 0.999)
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    amsgrad: bool = False


class AdamW(Adam, word="adamw", scalar="lr"):
    """Adam with weight decay apart from the gradient."""

    torch_class = "AdamW"
    weight_decay: Decay = 1e-2


class NAdam(Optimizer, word="nadam", scalar="lr"):
    """Adam with Nesterov momentum."""

    torch_class = "NAdam"
    lr: LearningRate = 2e-3
    betas: tuple[Momentum, Momentum] = (0.9, 0.999)
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    momentum_decay: Decay = 4e-3


class RMSprop(Optimizer, word="rmsprop", scalar="lr"):
    """Gradients divided by a running mean of their size."""

    torch_class = "RMSprop"
    lr: LearningRate = 1e-2
    alpha: Momentum = 0.99
    eps: Eps = 1e-8
    weight_decay: Decay = 0.0
    momentum: Momentum = 0.0
    centered: bool = False


class Warmup(Model):
    """A linear rise of the learning rate before the schedule proper begins."""

    epochs: float = Field(gt=0, le=10_000, description="length; parts of an epoch are allowed")
    start_factor: float = Field(1 / 3, gt=0, le=1, description="where it starts, as a factor of lr")


class Scheduler(Unit, family="scheduler"):
    """How the learning rate moves; what torch wants in steps is worked out from the epochs."""


class _Warmable(Scheduler):
    """A schedule that a warm-up may come before."""

    warmup: Warmup | None = Field(None, description="{epochs, start_factor}: a linear rise first; the schedule begins after it")


class Constant(_Warmable, word="constant"):
    """The optimizer's lr throughout."""


class OneCycle(Scheduler, word="onecycle", scalar="max_lr", aliases=("onecyclelr", "1cycle")):
    """Up to max_lr and down again over the whole run, stepped every batch."""

    max_lr: LearningRate
    pct_start: float = Field(0.3, gt=0, lt=1, description="share of the run spent rising")
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: Momentum = 0.85
    max_momentum: Momentum = 0.95
    div_factor: float = Field(25.0, ge=1, le=1e9, description="max_lr / the first lr")
    final_div_factor: float = Field(1e4, ge=1, le=1e12, description="the first lr / the last lr")
    three_phase: bool = False


class Cosine(_Warmable, word="cosine", scalar="eta_min", aliases=("cosineannealing", "cosineannealinglr")):
    """Half a cosine from lr to eta_min over the whole run, stepped every batch."""

    eta_min: float = Field(0.0, ge=0, le=100)


class Step(_Warmable, word="step", scalar="step_size", aliases=("steplr",)):
    """lr times gamma after every step_size epochs."""

    step_size: Epochs = Field(description="epochs between two falls")
    gamma: float = Field(0.1, gt=0, le=1)


class MultiStep(_Warmable, word="multistep", scalar="milestones", aliases=("multisteplr",)):
    """lr times gamma after each of the epochs in milestones."""

    milestones: tuple[Epochs, ...] = Field(min_length=1, description="epochs after which lr falls, in rising order")
    gamma: float = Field(0.1, gt=0, le=1)

    @model_validator(mode="after")
    def _rising(self) -> MultiStep:
        if any(a >= b for a, b in zip(self.milestones, self.milestones[1:], strict=False)):
            message = "milestones must rise"
            raise PydanticCustomError("consistency", "{message}", {"message": message, "field": "milestones"})
        return self


class Exponential(_Warmable, word="exponential", scalar="gamma", aliases=("exponentiallr",)):
    """lr times gamma after every epoch."""

    gamma: float = Field(gt=0, le=1)


class Augmentation(Unit, family="augmentation"):
    """A change of a training image, drawn anew for each image; the arguments are those of torchvision.transforms."""


class Rotation(Augmentation, word="rotation", scalar="degrees", aliases=("rotate", "randomrotation")):
    """Turns the image about its centre."""

    degrees: Degrees


class Affine(Augmentation, word="affine", scalar="degrees", aliases=("randomaffine",)):
    """Turns, shifts, scales and shears the image, in one step."""

    degrees: Degrees = (0.0, 0.0)
    translate: Translate = (0.0, 0.0)
    scale: tuple[Annotated[float, Field(gt=0, le=100)], Annotated[float, Field(gt=0, le=100)]] = Field(
        (1.0, 1.0), description="range of factors, smallest first"
    )
    shear: Shear = (0.0, 0.0, 0.0, 0.0)

    @model_validator(mode="after")
    def _in_range(self) -> Affine:
        if self.scale[0] > self.scale[1]:
            message = "scale must be a list with the smallest number first"
            raise PydanticCustomError("consistency", "{message}", {"message": message, "field": "scale"})
        if max(map(abs, self.shear)) >= 90:
            message = "shear must stay below 90 degrees"
            raise PydanticCustomError("consistency", "{message}", {"message": message, "field": "shear"})
        return self


class ColorJitter(Augmentation, word="color_jitter", aliases=("jitter", "colourjitter")):
    """Changes brightness, then contrast; the images are grey, so there is no saturation or hue."""

    brightness: Factor = (1.0, 1.0)
    contrast: Factor = (1.0, 1.0)


class Train(Model):
    """How the network is trained."""

    epochs: Epochs = 15
    batch_size: int = Field(128, gt=0, le=60_000)
    seed: int = Field(1, ge=0, lt=2**32, description="of the initialisation, the order, the augmentation and the dropout")
    holdout: int = Field(
        0, ge=0, le=59_000, description="the last so many training images take the test set's place, to choose a recipe by"
    )
    optimizer: SerializeAsAny[Optimizer] = SGD(lr=0.01, momentum=0.9)
    scheduler: SerializeAsAny[Scheduler] = Constant()
    augment: tuple[SerializeAsAny[Augmentation], ...] = Field(
        (), max_length=16, description="applied in this order, to training images only"
    )
