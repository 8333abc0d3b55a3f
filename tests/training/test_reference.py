"""``Training`` against a plain torch loop that is written out here.

The loop repeats what a recipe promises, from torch's and numpy's own parts: which images, in which order, prepared how,
with which dropout and which learning rate. Only the choice of dropped values is taken from the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler

from mnistspec import build_model
from mnistspec.training.fast.dropout import SPARSE_BELOW, draw_mask, draw_positions
from tests.training.reference import (
    BATCH,
    EPOCHS,
    SEED,
    SMALL,
    draw_batches,
    make_generator,
    make_training,
    read_spec,
    small_data,
)

if TYPE_CHECKING:
    from pathlib import Path

# Only one ReLU, with many values: where rounding alone decides about a sign, a gradient is another.
LAYERS = "[conv: {out_channels: 6, bias: false}, bn, relu, %s, maxpool, conv: 8, %s, gap, fc: 10]"
DROPOUT = {"off": LAYERS % ("dropout: 0", "dropout: 0"), "on": LAYERS % ("dropout: 0.05", "dropout: 0.3")}


class DrawnDropout(nn.Module):
    """Dropout by a generator that is set for each step; values are counted by pixel, then by channel."""

    generator: np.random.Generator

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return values
        kept, count = torch.ones_like(values.movedim(1, -1).contiguous()), values.numel()
        sparse = self.p < SPARSE_BELOW
        kept.view(-1)[(draw_positions if sparse else draw_mask)(DrawnDropout.generator, self.p, count)] = 0
        return values * kept.movedim(-1, 1) / (1 - self.p)


MakeOptimizer: TypeAlias = "Callable[[Iterator[nn.Parameter]], optim.Optimizer]"
MakeSchedule: TypeAlias = "Callable[[optim.Optimizer, int], lr_scheduler.LRScheduler]"

RECIPES: dict[str, tuple[str, str, MakeOptimizer, MakeSchedule]] = {
    "nesterov, one cycle": (
        "{sgd: {lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.001}}",
        "{onecycle: 0.1}",
        lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.001),
        lambda o, steps: lr_scheduler.OneCycleLR(o, 0.1, total_steps=EPOCHS * steps),
    ),
    "adam, step": (
        "{adam: {lr: 0.002, betas: [0.8, 0.99]}}",
        "{step: {step_size: 1, gamma: 0.5}}",
        lambda p: optim.Adam(p, lr=0.002, betas=(0.8, 0.99)),
        lambda o, steps: lr_scheduler.LambdaLR(o, lambda step: 0.5 ** (step // steps)),
    ),
    "adamw, cosine after a warm-up": (
        "{adamw: {lr: 0.003, weight_decay: 0.1}}",
        "{cosine: {warmup: {epochs: 1, start_factor: 0.25}}}",
        lambda p: optim.AdamW(p, lr=0.003, weight_decay=0.1),
        lambda o, steps: lr_scheduler.LambdaLR(
            o,
            lambda step: (
                0.25 + 0.75 * step / steps
                if step < steps
                else (1 + np.cos(np.pi * (step - steps) / (EPOCHS * steps - steps))) / 2
            ),
        ),
    ),
    "nadam, multistep": (
        "{nadam: {lr: 0.001}}",
        "{multistep: {milestones: [1, 2], gamma: 0.1}}",
        lambda p: optim.NAdam(p, lr=0.001),
        lambda o, steps: lr_scheduler.LambdaLR(o, lambda step: 0.1 ** (step // steps)),
    ),
    "rmsprop, constant": (
        "{rmsprop: {lr: 0.001, momentum: 0.5, eps: 0.001}}",
        "constant",
        lambda p: optim.RMSprop(p, lr=0.001, momentum=0.5, eps=0.001),
        lambda o, steps: lr_scheduler.LambdaLR(o, lambda _: 1.0),  # noqa: ARG005 - the same for any number of steps
    ),
}


@pytest.mark.parametrize("holdout", [0, 20])
@pytest.mark.parametrize("dropout", DROPOUT)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_plain_loop_learns_the_same(tmp_path: Path, recipe: str, dropout: str, holdout: int) -> None:
    data = small_data()
    optimizer_text, schedule_text, make_optimizer, make_schedule = RECIPES[recipe]
    spec = read_spec(tmp_path, DROPOUT[dropout], optimizer=optimizer_text, scheduler=schedule_text, holdout=holdout)
    training, batches = make_training(spec)
    progress = list(training.run())

    torch.manual_seed(SEED)
    model = build_model(spec)
    for name, module in model.named_children():
        if isinstance(module, nn.Dropout):
            model.set_submodule(name, DrawnDropout(module.p))
    count = len(data.train_images) - holdout
    steps = -(-count // BATCH)
    optimizer = make_optimizer(model.parameters())
    schedule = make_schedule(optimizer, steps)
    inputs = (data.train_images[:] / 255 - data.mean[0]) / data.std[0]
    rates, losses = [], []
    for index, (epoch, step, batch) in enumerate(draw_batches(count)):
        torch.testing.assert_close(batches[index], inputs[batch], atol=1e-5, rtol=0)
        rates.append(optimizer.param_groups[0]["lr"])
        DrawnDropout.generator = make_generator(epoch, step, 2)
        loss = nn.functional.cross_entropy(model(inputs[batch]), data.train_labels[batch])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step() if index + 1 < EPOCHS * steps else None
        losses.append(loss.item())

    assert len(batches) == EPOCHS * steps
    assert [p.lr for p in progress if not p.metrics] == pytest.approx(rates, rel=1e-9)
    for name, tensor in model.state_dict().items():
        ours = training.model.state_dict()[name]
        torch.testing.assert_close(ours, tensor, atol=1e-4, rtol=1e-3)
    weights = [len(batch) for _, _, batch in draw_batches(count, 1)]
    mean_losses = [float(np.average(losses[e * steps : (e + 1) * steps], weights=weights)) for e in range(EPOCHS)]
    assert [metrics.train_loss for metrics in training.metrics] == pytest.approx(mean_losses, rel=1e-4)
    tested = (inputs[count:], data.train_labels[count:])
    if not holdout:
        tested = ((data.test_images[:] / 255 - data.mean[0]) / data.std[0], data.test_labels)
    logits = model.eval()(tested[0]).detach()
    assert training.metrics[-1].test_loss == pytest.approx(
        float(nn.functional.cross_entropy(logits, tested[1])), rel=1e-3
    )
    assert training.metrics[-1].test_accuracy == 100 * int(logits.argmax(1).eq(tested[1]).sum()) / len(tested[1])


def test_a_cycle_whose_rise_is_one_step(tmp_path: Path) -> None:
    """Two steps, half of them rising: torch itself would divide by zero."""
    spec = read_spec(tmp_path, SMALL, epochs=1, batch_size=64, scheduler="{onecycle: {max_lr: 0.1, pct_start: 0.5}}")
    rates = [progress.lr for progress in make_training(spec)[0].run()]
    assert rates == pytest.approx([0.1 / 25, 0.1 / 25 / 1e4, 0.1 / 25 / 1e4])


def test_the_first_of_equally_good_epochs_is_the_best(tmp_path: Path) -> None:
    training, _ = make_training(read_spec(tmp_path, SMALL, optimizer="{sgd: 1e-9}"))
    states = [
        {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
        for progress in training.run()
        if progress.metrics
    ]
    assert len({metrics.test_accuracy for metrics in training.metrics}) == 1
    assert training.best_epoch == 1
    assert not states[0]["fc1.bias"].equal(states[-1]["fc1.bias"])
    assert training.best["fc1.bias"].equal(states[0]["fc1.bias"])


def test_seconds_are_kept_across_a_resume(tmp_path: Path) -> None:
    spec = read_spec(tmp_path, SMALL)
    training, _ = make_training(spec)
    steps = training.run()
    next(steps), next(steps)
    assert training.seconds > 0
    resumed, _ = make_training(spec)
    resumed.load_state_dict(training.state_dict(), metrics=training.metrics, step=training.step, seconds=1000.0)
    list(resumed.run())
    assert [metrics.seconds > 1000 for metrics in resumed.metrics] == [True, False, False]
