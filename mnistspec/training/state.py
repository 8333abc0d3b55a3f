"""Whether saved tensors fit the training that is to resume from them; a checkpoint may come from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mnistspec.training.optimization import make_optimizer, make_scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnistspec.language.vocabulary.recipe import Train


def check_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raise ValueError, with the first tensor's name, where names, shapes or types differ."""
    for name in sorted(found.keys() | expected.keys()):
        here, there = found.get(name), expected.get(name)
        if here is None or there is None:
            raise ValueError(f"{name} is {'missing' if here is None else 'not known'}")
        if (here.shape, here.dtype) != (there.shape, there.dtype):
            shapes = [f"{'x'.join(map(str, tensor.shape)) or 'one'} {tensor.dtype}" for tensor in (here, there)]
            raise ValueError(f"{name} is {shapes[0]}, and should be {shapes[1]}")


def expected_moments(recipe: Train, model: nn.Module, steps: int, done: int) -> dict[str, Tensor]:
    """Return what the optimizer holds after ``done`` steps, as tensors without content: ``<parameter>.<name>``.

    Found out by letting its twin step on a single number. Twice, and with the schedule: a cycle of the momentum gives
    plain SGD a buffer, perhaps only from the second step on.
    """
    number = nn.Parameter(torch.zeros(1))
    number.grad = torch.zeros(1)
    optimizer = make_optimizer(recipe.optimizer, nn.ParameterList([number]))
    scheduler = make_scheduler(recipe.scheduler, optimizer, recipe.epochs, steps)
    for step in range(min(done, 2)):
        if step:
            scheduler.step()
        optimizer.step()
    state = {name: value for name, value in optimizer.state[number].items() if value is not None}
    return {
        f"{index}.{name}": torch.empty(parameter.shape if value.ndim else (), dtype=value.dtype, device="meta")
        for index, parameter in enumerate(model.parameters())
        for name, value in state.items()
    }
