"""What cannot be trained is refused before the first step, and what only looks odd is trained."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from mnistspec import fit, load_dataset
from mnistspec.errors import CorruptError, UsageError
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.training.feasibility import advise_batch_size, check_training

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset

CPU = torch.device("cpu")
FEATURES = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(4), nn.Linear(4, 10))
POINTS = nn.Sequential(nn.Conv2d(1, 4, 28), nn.ReLU(), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 10))
MAPS = nn.Sequential(nn.Conv2d(1, 4, 27), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


def take(train: int, test: int = 20) -> Dataset:
    whole = load_dataset("mnist")
    return dataclasses.replace(
        whole,
        train_images=whole.train_images[:train], train_labels=whole.train_labels[:train],
        test_images=whole.test_images[:test], test_labels=whole.test_labels[:test],
    )  # fmt: skip


@pytest.mark.parametrize(("model", "name"), [(FEATURES, "3"), (POINTS, "2")])
@pytest.mark.parametrize(
    ("train", "batch", "holdout"),
    [(129, 128, 0), (129, 64, 0), (139, 128, 10), (9, 4, 0), (6, 5, 0), (13, 2, 0), (12, 1, 0)],
)
def test_a_batch_of_one_image_for_batch_norm(
    model: nn.Sequential, name: str, train: int, batch: int, holdout: int
) -> None:
    with pytest.raises(UsageError, match=f"^{name} on 4 features cannot normalise a batch of one image: ") as raised:
        fit(model, take(train), Train(batch_size=batch, holdout=holdout, epochs=1), "cpu")
    assert raised.value.code == "E303"
    if batch > 1:
        left = f"{train - holdout} images in batches of {batch} leave one over"
        assert str(raised.value).endswith(f": {left}; choose another train.batch_size")
    else:
        assert str(raised.value).endswith(": train.batch_size is 1; choose another train.batch_size")


@pytest.mark.parametrize(
    ("model", "train", "batch", "holdout"),
    [
        (FEATURES, 130, 128, 0),
        (FEATURES, 129, 129, 0),
        (FEATURES, 129, 1000, 0),  # fewer images than a batch
        (FEATURES, 129, 128, 1),
        (FEATURES, 2, 2, 0),
        (MAPS, 129, 128, 0),  # four values a channel
        (MAPS, 5, 1, 0),
    ],
)
def test_other_batches_are_trained(model: nn.Sequential, train: int, batch: int, holdout: int) -> None:
    data = take(train, test=1)
    (epoch,) = fit(model, data, Train(batch_size=batch, holdout=holdout, epochs=1), "cpu")
    assert epoch.test_accuracy in {0, 100}


def test_the_model_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout(0.5), nn.Flatten(), nn.BatchNorm1d(4 * 26 * 26))
    model.append(nn.Linear(4 * 26 * 26, 10))
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes, state = [module.training for module in model.modules()], torch.get_rng_state()
    check_training(model, take(130), Train(), CPU)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_one_class_alone() -> None:
    data = take(130)
    ones = dataclasses.replace(data, train_labels=torch.ones(130, dtype=torch.int64))
    with pytest.raises(UsageError, match=r"^mnist: 130 training images, all of class 1: there is nothing to tell"):
        fit(FEATURES, ones, Train(epochs=1), "cpu")
    with pytest.raises(UsageError, match=r"^mnist: 1 training image, all of class 5: there is nothing to tell apart$"):
        fit(MAPS, take(1), Train(epochs=1), "cpu")
    sorted_by_class = dataclasses.replace(data, train_labels=torch.arange(130) // 65, path="leaves")
    with pytest.raises(UsageError, match=r"^leaves: 60 training images, all of class 0: "):
        fit(MAPS, sorted_by_class, Train(epochs=1, holdout=70), "cpu")


def test_a_class_that_one_part_lacks() -> None:
    data = take(100)
    few = dataclasses.replace(data, train_labels=data.train_labels % 3, test_labels=data.test_labels.clamp(min=5))
    (epoch,) = fit(MAPS, few, Train(epochs=1), "cpu")
    assert 0 <= epoch.test_accuracy <= 100


@pytest.mark.parametrize("level", [0, 37, 255])
def test_one_grey_level(level: int) -> None:
    data = take(130)
    with pytest.raises(CorruptError, match=f"^mnist: all pixels of all training images have the grey level {level}: "):
        dataclasses.replace(data, mean=(level / 255,), std=(0.0,))


@pytest.mark.parametrize(
    ("size", "advice"),
    [
        (0, "make the network smaller, or free memory"),
        (1, "lower train.batch_size to 1"),
        (99, "lower train.batch_size to 99"),
        (128, "lower train.batch_size to 120"),
        (20_999, "lower train.batch_size to 20,000"),
    ],
)
def test_advice_can_be_followed(size: int, advice: str) -> None:
    assert advise_batch_size(size) == advice
