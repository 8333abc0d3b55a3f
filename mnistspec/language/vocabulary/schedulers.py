"""The schedulers, by the names and arguments of torch.optim.lr_scheduler, without torch."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Interval
from pydantic import Field, model_validator

from mnistspec.language.vocabulary.optimizers import LearningRate, Momentum
from mnistspec.language.vocabulary.unit import Model, Unit, inconsistent

Epochs = Annotated[int, Interval(gt=0, le=10_000)]


class Warmup(Model):
    """A linear rise of the learning rate before the schedule proper begins."""

    epochs: float = Field(gt=0, le=10_000, description="length; parts of an epoch are allowed")
    start_factor: float = Field(default=1 / 3, gt=0, le=1, description="where it starts, as a factor of lr")


class Scheduler(Unit, family="scheduler"):
    """How the learning rate moves; what torch wants in steps is worked out from the epochs."""

    peak: ClassVar[str | None] = None  # the key with the largest learning rate; None: it is the optimizer's lr

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - not all need them
        """Return the arguments of torch's class, stepped every batch, for ``total`` batches in epochs of ``steps``."""
        return self.model_dump(exclude={"warmup"})


class _Warmable(Scheduler):
    """A schedule that a warm-up may come before."""

    warmup: Warmup | None = Field(
        default=None, description="{epochs, start_factor}: a linear rise first; the schedule begins after it"
    )


class ConstantLR(_Warmable, word="constant"):
    """The optimizer's lr throughout."""

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - the same for every length
        return {"factor": 1.0, "total_iters": 0}


class OneCycleLR(Scheduler, word="onecycle", scalar="max_lr", aliases=("onecyclelr", "1cycle")):
    """Up to max_lr and down again over the whole run, stepped every batch."""

    peak = "max_lr"
    max_lr: LearningRate = Field(examples=[0.1])
    pct_start: float = Field(default=0.3, gt=0, lt=1, description="share of the run spent rising")
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: Momentum = 0.85
    max_momentum: Momentum = 0.95
    div_factor: float = Field(default=25.0, ge=1, le=1e9, description="max_lr / the first lr")
    final_div_factor: float = Field(default=1e4, ge=1, le=1e12, description="the first lr / the last lr")
    three_phase: bool = False

    @model_validator(mode="after")
    def _phases_fit(self) -> OneCycleLR:
        if self.three_phase and self.pct_start >= 0.5:
            message = "three_phase needs a pct_start below 0.5: it rises and falls in that share of the run each"
            raise inconsistent("pct_start", message)
        return self

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - counts in the whole run
        arguments = {"total_steps": total, **self.model_dump()}
        if self.pct_start * total == 1:  # torch divides by the length of the rise less one
            arguments["pct_start"] += 1e-9
        return arguments


class CosineAnnealingLR(_Warmable, word="cosine", scalar="eta_min", aliases=("cosineannealing", "cosineannealinglr")):
    """Half a cosine from lr to eta_min over the whole run, stepped every batch."""

    eta_min: float = Field(default=0.0, ge=0, le=100)

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - counts in the whole run
        return {"T_max": total, "eta_min": self.eta_min}


class StepLR(_Warmable, word="step", scalar="step_size", aliases=("steplr",)):
    """lr times gamma after every step_size epochs."""

    step_size: Epochs = Field(description="epochs between two falls", examples=[5])
    gamma: float = Field(default=0.1, gt=0, le=1)

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - counts in epochs
        return {"step_size": self.step_size * steps, "gamma": self.gamma}


class MultiStepLR(_Warmable, word="multistep", scalar="milestones", aliases=("multisteplr",)):
    """lr times gamma after each of the epochs in milestones."""

    milestones: tuple[Epochs, ...] = Field(
        min_length=1, description="epochs after which lr falls, in rising order", examples=[(5, 10)]
    )
    gamma: float = Field(default=0.1, gt=0, le=1)

    @model_validator(mode="after")
    def _rising(self) -> MultiStepLR:
        if any(a >= b for a, b in zip(self.milestones, self.milestones[1:], strict=False)):
            message = "milestones must rise"
            raise inconsistent("milestones", message)
        return self

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - counts in epochs
        return {"milestones": [epoch * steps for epoch in self.milestones], "gamma": self.gamma}


class Exponential(_Warmable, word="exponential", scalar="gamma", aliases=("exponentiallr",)):
    """lr times gamma after every epoch."""

    torch_class = "StepLR"
    gamma: float = Field(gt=0, le=1, examples=[0.9])

    def arguments(self, total: int, steps: int) -> dict[str, Any]:  # noqa: ARG002 - counts in epochs
        return {"step_size": steps, "gamma": self.gamma}
