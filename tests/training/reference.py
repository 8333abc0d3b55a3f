"""A training as a user asks for it, what its network gets, and what numpy alone says about its order and draws."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mnistspec import build_model, load_dataset, load_spec
from mnistspec.training.trainer import Training

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec

CPU = torch.device("cpu")
EPOCHS, BATCH, SEED = 3, 32, 7
SMALL = "[flatten, fc: 10]"


@cache
def small_data() -> Dataset:
    """Return MNIST with 110 training images: with batches of 32 the last one has 14."""
    whole = load_dataset("mnist")
    return dataclasses.replace(
        whole,
        train_images=whole.train_images[:110],
        train_labels=whole.train_labels[:110],
        test_images=whole.test_images[:50],
        test_labels=whole.test_labels[:50],
    )


def read_spec(folder: Path, layers: str, **recipe: object) -> Spec:
    """Return a spec as a user writes it."""
    recipe = {"epochs": EPOCHS, "batch_size": BATCH, "seed": SEED, **recipe}
    train = ", ".join(f"{key}: {value}" for key, value in recipe.items())
    (folder / "spec.yaml").write_text(f"layers: {layers}\ntrain: {{{train}}}\n", encoding="utf-8")
    return load_spec(folder / "spec.yaml")


def make_training(spec: Spec) -> tuple[Training, list[Tensor]]:
    """Return a training, and the list into which it will put the batches that the network gets."""
    torch.manual_seed(SEED)
    training = Training(build_model(spec), small_data(), spec.train, CPU)
    batches: list[Tensor] = []
    training.network.register_forward_pre_hook(lambda _, inputs: batches.append(inputs[0].clone()))
    return training, batches


def make_generator(epoch: int, step: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((SEED, epoch, step, purpose))))


def draw_batches(count: int, epochs: int = EPOCHS) -> Iterator[tuple[int, int, Tensor]]:
    """Yield epoch, step and the indices of each batch."""
    for epoch in range(epochs):
        order = torch.from_numpy(make_generator(epoch, 0, 0).permutation(count))
        yield from ((epoch, step, batch) for step, batch in enumerate(torch.split(order, BATCH)))
