"""torch's optimizers and schedulers from the recipe's; every schedule is stepped once a batch."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING

import torch
from torch import nn, optim
from torch.optim import lr_scheduler

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler

    from mnistspec.language.vocabulary.optimizers import Optimizer
    from mnistspec.language.vocabulary.schedulers import Scheduler, Warmup


def make_optimizer(recipe: Optimizer, model: nn.Module) -> optim.Optimizer:
    """Return torch's optimizer over all parameters of the model; it takes its step in one call where torch has that."""
    torch_class = getattr(optim, recipe.torch_class)
    fused = {"fused": True} if "fused" in signature(torch_class).parameters and _can_fuse(model) else {}
    optimizer: optim.Optimizer = torch_class(model.parameters(), **recipe.model_dump(), **fused)
    return optimizer


def _can_fuse(model: nn.Module) -> bool:
    """Return whether all parameters are of kinds that torch's fused optimizers update; on a CPU they skip others."""
    return all(p.dtype == torch.float32 and p.device.type in {"cpu", "cuda"} for p in model.parameters())


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


def place_scheduler(schedule: LRScheduler, step: int, lr: float) -> None:
    """Set a schedule to where it is after ``step`` steps, which led to ``lr``, without taking them one by one.

    The optimizer's momentum, where the schedule moves it, is right again after the next step.
    """
    for group in schedule.optimizer.param_groups:
        group["lr"] = lr
    schedule.last_epoch = step
    if isinstance(schedule, lr_scheduler.SequentialLR):
        for part, start in zip(schedule._schedulers, [0, *schedule._milestones], strict=True):  # noqa: SLF001 - torch has no other way
            part.last_epoch = step - start
