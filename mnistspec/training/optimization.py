"""torch's optimizers and schedulers from the recipe's; every schedule is stepped once a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn, optim
from torch.optim import lr_scheduler

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler

    from mnistspec.spec.recipe import Optimizer, Scheduler, Warmup


def make_optimizer(recipe: Optimizer, model: nn.Module) -> optim.Optimizer:
    """Return torch's optimizer over all parameters of the model."""
    torch_class = getattr(optim, recipe.torch_class)
    optimizer: optim.Optimizer = torch_class(model.parameters(), **recipe.model_dump())
    return optimizer


def make_scheduler(recipe: Scheduler, optimizer: optim.Optimizer, epochs: int, steps: int) -> LRScheduler:
    """Return the schedule for ``epochs`` of ``steps`` batches, to be stepped after every batch but the last."""
    warmup: Warmup | None = getattr(recipe, "warmup", None)
    torch_class = getattr(lr_scheduler, recipe.torch_class)
    if warmup is None:
        schedule: LRScheduler = torch_class(optimizer, **recipe.arguments(epochs * steps, steps))
        return schedule
    rise_steps = max(1, round(warmup.epochs * steps))
    rise = lr_scheduler.LinearLR(optimizer, start_factor=warmup.start_factor, total_iters=rise_steps)
    rest = torch_class(optimizer, **recipe.arguments(max(1, epochs * steps - rise_steps), steps))
    return lr_scheduler.SequentialLR(optimizer, [rise, rest], milestones=[rise_steps])
