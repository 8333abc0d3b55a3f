"""Optimizers and schedules: torch's own, over the right number of steps."""

from __future__ import annotations

import copy
import math
import warnings

import pytest
import torch
from hypothesis import assume, example, given
from torch import nn, optim

from mnistspec.errors import UsageError
from mnistspec.language.vocabulary.optimizers import SGD, Adam, AdamW, NAdam, Optimizer, RMSprop
from mnistspec.language.vocabulary.schedulers import (
    ConstantLR,
    CosineAnnealingLR,
    Exponential,
    MultiStepLR,
    OneCycleLR,
    Scheduler,
    StepLR,
    Warmup,
)  # fmt: skip
from mnistspec.training.device import choose_device
from mnistspec.training.optimization import make_optimizer, make_scheduler, place_scheduler
from tests.language.strategies import optimizers, schedulers
from tests.profiles import examples


def learning_rates(recipe: Scheduler, lr: float, epochs: int, steps: int) -> list[float]:
    """Return the learning rate of each step of a run."""
    optimizer = make_optimizer(SGD(lr=lr, momentum=0.9), nn.Linear(2, 2))
    schedule = make_scheduler(recipe, optimizer, epochs, steps)
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch wants optimizer.step() in between
        for step in range(epochs * steps):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            if step + 1 < epochs * steps:
                schedule.step()
    return rates


def test_constant_is_constant() -> None:
    assert set(learning_rates(ConstantLR(), 0.1, 3, 4)) == {0.1}


def test_step_falls_between_epochs() -> None:
    rates = learning_rates(StepLR(step_size=2, gamma=0.5), 0.8, 5, 3)
    assert rates == pytest.approx([0.8] * 6 + [0.4] * 6 + [0.2] * 3)


def test_multistep_falls_after_its_milestones() -> None:
    rates = learning_rates(MultiStepLR(milestones=(1, 3), gamma=0.1), 1.0, 4, 2)
    assert rates == pytest.approx([1.0] * 2 + [0.1] * 4 + [0.01] * 2)


def test_exponential_falls_after_each_epoch() -> None:
    assert learning_rates(Exponential(gamma=0.5), 1.0, 3, 2) == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.25])


def test_cosine_follows_half_a_cosine() -> None:
    rates = learning_rates(CosineAnnealingLR(eta_min=0.1), 1.0, 2, 50)
    expected = [0.1 + 0.45 * (1 + math.cos(math.pi * step / 100)) for step in range(100)]
    assert rates == pytest.approx(expected)


def test_onecycle_is_torchs() -> None:
    rates = learning_rates(OneCycleLR(max_lr=0.5, pct_start=0.4), 0.1, 2, 10)
    optimizer = optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1, momentum=0.9)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.5, pct_start=0.4, total_steps=20)
    expected = []
    for _ in range(20):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(expected) < 20:
            schedule.step()
    assert rates == expected
    assert max(rates) == pytest.approx(0.5)


def test_warmup_rises_then_the_schedule_begins() -> None:
    recipe = CosineAnnealingLR(warmup=Warmup(epochs=1, start_factor=0.25))
    rates = learning_rates(recipe, 1.0, 3, 4)
    assert rates[:5] == pytest.approx([0.25, 0.4375, 0.625, 0.8125, 1.0])
    assert rates[4:] == pytest.approx([0.5 * (1 + math.cos(math.pi * step / 8)) for step in range(8)])


def test_the_shortest_warmup_is_one_step() -> None:
    recipe = ConstantLR(warmup=Warmup(epochs=0.01, start_factor=0.25))
    assert learning_rates(recipe, 1.0, 1, 4) == pytest.approx([0.25, 1, 1, 1])


@given(schedulers(3))
@example(OneCycleLR(max_lr=0.1, pct_start=0.5))  # of two steps, or of one: torch would divide by a rise of no length
@example(OneCycleLR(max_lr=0.1, pct_start=1 / 15))
@example(OneCycleLR(max_lr=0.1, pct_start=0.4, three_phase=True))
@example(CosineAnnealingLR(warmup=Warmup(epochs=2.9)))
@example(StepLR(step_size=3, warmup=Warmup(epochs=0.01)))
@examples(40)
def test_every_schedule_covers_every_length(recipe: Scheduler) -> None:
    for epochs, steps in ((1, 1), (1, 2), (2, 1), (3, 5)):
        rates = learning_rates(recipe, 0.01, epochs, steps)
        assert all(math.isfinite(rate) and rate >= 0 for rate in rates)


@given(schedulers(3))
@example(OneCycleLR(max_lr=0.1, pct_start=0.4))  # moves the momentum, too
@example(CosineAnnealingLR())  # each lr follows from the one before it
@example(CosineAnnealingLR(warmup=Warmup(epochs=1)))
@example(ConstantLR(warmup=Warmup(epochs=1.2)))
@example(MultiStepLR(milestones=(1, 2), warmup=Warmup(epochs=0.5)))
@examples(40)
def test_a_schedule_is_placed_where_its_steps_lead(recipe: Scheduler) -> None:
    """The same numbers, to the last bit, as if all steps had been taken: resumed runs keep their bytes."""
    epochs, steps = 3, 5
    straight = learning_rates(recipe, 0.01, epochs, steps)
    for place in range(1, epochs * steps - 1):
        optimizers = [make_optimizer(SGD(lr=0.01, momentum=0.9), nn.Linear(2, 2)) for _ in range(2)]
        stepped, placed = (make_scheduler(recipe, optimizer, epochs, steps) for optimizer in optimizers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch wants optimizer.step() in between
            for _ in range(place):
                stepped.step()
            place_scheduler(placed, place, straight[place])
            for step in range(place + 1, epochs * steps):
                stepped.step()
                placed.step()
                first, second = (optimizer.param_groups[0] for optimizer in optimizers)
                assert first["lr"] == second["lr"] == straight[step]
                assert first["momentum"] == second["momentum"]


@given(optimizers())
@examples(25)
def test_every_optimizer_takes_a_step(recipe: Optimizer) -> None:
    # Without a memory the variance of a gradient is zero, and torch takes the root of what rounding leaves below it.
    assume(not (isinstance(recipe, RMSprop) and recipe.centered and recipe.alpha < 0.01))
    model = nn.Linear(3, 3)
    optimizer = make_optimizer(recipe, model)
    assert type(optimizer).__name__ == recipe.torch_class
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    assert all(parameter.isfinite().all() for parameter in model.parameters())


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("scheduler", [CosineAnnealingLR, ConstantLR])
def test_a_warmup_may_take_the_only_step(scheduler: type[CosineAnnealingLR | ConstantLR]) -> None:
    optimizer = make_optimizer(SGD(lr=0.1), nn.Linear(1, 1))
    schedule = make_scheduler(scheduler(warmup=Warmup(epochs=0.5)), optimizer, 1, 1)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 / 3)
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


@pytest.mark.parametrize("recipe", [SGD(lr=0.1), Adam(), AdamW(), NAdam(), RMSprop()])
def test_arguments_reach_torch(recipe: Optimizer) -> None:
    group = make_optimizer(recipe, nn.Linear(2, 2)).param_groups[0]
    for name, value in recipe.model_dump().items():
        assert group[name] == value


def test_devices_that_are_not_there_are_told_of() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device(None).type in {"cpu", "cuda", "mps"}
    with pytest.raises(UsageError, match='"tpu" is not a device'):
        choose_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match='the device "cuda" is not on this machine; it has: cpu'):
            choose_device("cuda")


@pytest.mark.parametrize("recipe", [SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-2), Adam(), AdamW()])
def test_a_fused_step_is_the_plain_one(recipe: Optimizer) -> None:
    models = [copy.deepcopy(model) for model in [nn.Linear(5, 4)] * 2]
    plain = getattr(optim, recipe.torch_class)(models[1].parameters(), **recipe.model_dump(), fused=False)
    fused = make_optimizer(recipe, models[0])
    assert fused.param_groups[0]["fused"]
    for step in range(5):
        for model, optimizer in zip(models, (fused, plain), strict=True):
            optimizer.zero_grad()
            torch.autograd.backward(model(torch.full((2, 5), step / 3)).square().sum())
            optimizer.step()
    for ours, theirs in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_what_a_fused_step_would_skip_is_not_fused() -> None:
    """On a CPU torch's fused optimizers leave half-precision parameters as they are, without a word."""
    model = nn.Linear(3, 3).to(torch.bfloat16)
    optimizer = make_optimizer(SGD(lr=0.5), model)
    for some in (model, nn.Sequential(nn.Linear(3, 3), model)):
        assert not make_optimizer(SGD(lr=0.5), some).param_groups[0]["fused"]
    before = model.weight.clone()
    torch.autograd.backward(model(torch.ones(2, 3, dtype=torch.bfloat16)).sum())
    optimizer.step()
    assert not model.weight.equal(before)
