"""Training on an accelerator, wherever there is one: it learns as on the CPU, and waits for nothing within an epoch."""

from __future__ import annotations

import dataclasses
from itertools import islice

import pytest
import torch

from mnistspec import build_model, load_dataset
from mnistspec.data.dataset import Dataset
from mnistspec.language.loader import load_spec
from mnistspec.language.manual.shipped import list_shipped
from mnistspec.training.device import choose_device
from mnistspec.training.trainer import Training

KINDS = [
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")),
    pytest.param("mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="needs an MPS device")),
]


def small_mnist() -> Dataset:
    whole = load_dataset("mnist")
    return dataclasses.replace(
        whole,
        train_images=whole.train_images[:7000],
        train_labels=whole.train_labels[:7000],
        test_images=whole.test_images[:1000],
        test_labels=whole.test_labels[:1000],
    )


def start_training(kind: str, *settings: str) -> Training:
    """Return a run of step 6, as shipped but for the settings, that has not begun."""
    spec = load_spec(list_shipped()["step6"], list(settings))
    torch.manual_seed(spec.train.seed)
    return Training(build_model(spec), small_mnist(), spec.train, choose_device(kind))


@pytest.mark.parametrize("kind", ["cpu", *KINDS])
def test_it_learns(kind: str) -> None:
    training = start_training(kind, "train.epochs=2")
    for _ in training.run():
        pass
    assert [metrics.epoch for metrics in training.metrics] == [1, 2]
    assert training.metrics[-1].test_accuracy > 90
    assert {tensor.device.type for tensor in training.model.state_dict().values()} == {kind}


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_losses_are_those_of_the_cpu(kind: str) -> None:
    """Without dropout, whose numbers are drawn by the device: the rest is the same but for the order of sums."""
    losses = []
    for device in ("cpu", kind):
        training = start_training(device, "train.epochs=1", "defaults.dropout.p=0.0")
        list(islice(training.run(), 5))
        losses.append(training.meter.losses[:5].cpu())
    torch.testing.assert_close(losses[0], losses[1], atol=2e-3, rtol=0)


@pytest.mark.parametrize("kind", KINDS[:1])
def test_no_step_waits_for_the_device(kind: str) -> None:
    steps = start_training(kind, "train.epochs=1").run()
    next(steps)  # the look at the loss that every fiftieth step takes, and what torch sets up once
    torch.cuda.set_sync_debug_mode("error")
    try:
        list(islice(steps, 40))
    finally:
        torch.cuda.set_sync_debug_mode("default")
