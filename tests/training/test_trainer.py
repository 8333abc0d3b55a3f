"""The trainer: what it yields, what it depends on, what it does not."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from itertools import islice
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from mnistspec import build_model, fit, load_dataset, summarize
from mnistspec.errors import NotFiniteError, UsageError
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.activations import ReLU
from mnistspec.language.vocabulary.augmentations import ColorJitter, RandomRotation
from mnistspec.language.vocabulary.convolutions import Conv
from mnistspec.language.vocabulary.dense import FullyConnected
from mnistspec.language.vocabulary.normalization import BatchNorm, Dropout
from mnistspec.language.vocabulary.optimizers import SGD, Adam
from mnistspec.language.vocabulary.pools import GlobalAveragePool, MaxPool2d
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.language.vocabulary.schedulers import ConstantLR, CosineAnnealingLR, OneCycleLR, Scheduler, Warmup
from mnistspec.training.evaluation import Evaluation, evaluate
from mnistspec.training.meter import Meter
from mnistspec.training.metrics import EpochMetrics
from mnistspec.training.trainer import Training

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnistspec.data.dataset import Dataset

CPU = torch.device("cpu")
LAYERS = (
    Conv(out_channels=8), BatchNorm(), ReLU(), Dropout(p=0.1), MaxPool2d(), Conv(out_channels=16, bias=False),
    BatchNorm(),
    ReLU(), MaxPool2d(), Conv(out_channels=16), ReLU(), GlobalAveragePool(), FullyConnected(out_features=10),
)  # fmt: skip


@pytest.fixture(scope="module")
def data() -> Dataset:
    whole = load_dataset("mnist")
    return dataclasses.replace(
        whole,
        train_images=whole.train_images[:330],
        train_labels=whole.train_labels[:330],
        test_images=whole.test_images[:100],
        test_labels=whole.test_labels[:100],
    )


def make_spec(**recipe: object) -> Spec:
    return Spec(name="small", layers=LAYERS, train=Train.model_validate({"epochs": 2, "batch_size": 32, **recipe}))


def make_model(spec: Spec) -> nn.Sequential:
    torch.manual_seed(spec.train.seed)
    return build_model(spec)


def weights_after(spec: Spec, data: Dataset, beside: Callable[[], object] = lambda: None) -> dict[str, torch.Tensor]:
    model = make_model(spec)
    for _ in Training(model, data, spec.train, CPU).run():
        beside()
    return model.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns(data: Dataset) -> None:
    spec = make_spec(epochs=12, optimizer=SGD(lr=0.1, momentum=0.9))
    epochs = list(fit(make_model(spec), data, spec.train))
    assert [epoch.epoch for epoch in epochs] == list(range(1, 13))
    assert epochs[-1].train_loss < 0.5 * epochs[0].train_loss
    assert epochs[-1].test_accuracy > 60


def test_each_step_is_yielded_and_counted(data: Dataset) -> None:
    spec = make_spec(epochs=1)
    steps = list(Training(make_model(spec), data, spec.train, CPU).run())
    assert [step.step for step in steps] == [*range(1, 12), 11]  # 330 images in batches of 32, then the test pass
    assert [step.metrics is not None for step in steps] == [False] * 11 + [True]
    assert int(steps[-1].meter.images.sum()) == 330


def test_seconds_are_those_of_steps_and_test(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(start=100, step=2.0)  # two seconds pass between two looks at it
    monkeypatch.setattr("mnistspec.training.trainer.time.perf_counter", lambda: next(clock))
    spec = make_spec()
    training = Training(make_model(spec), data, spec.train, CPU)
    assert (training.step, training.seconds, training.busy) == (0, 0, False)
    for progress in training.run():
        assert not training.busy
        assert training.seconds == (0 if progress.metrics else 2 * progress.step)
        assert progress.epoch == training.epoch + (progress.metrics is None)
    assert [(epoch.seconds, epoch.test_seconds) for epoch in training.metrics] == [(2 * 11 + 2, 2)] * 2


def test_a_step_and_the_end_of_an_epoch_are_not_to_be_saved_within(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(epochs=1)
    training = Training(make_model(spec), data, spec.train, CPU)
    test, seen = training.evaluate(), []

    def look(answer: object) -> object:
        seen.append(training.busy)
        return answer

    monkeypatch.setattr(training, "_take_step", look)
    monkeypatch.setattr(training, "evaluate", lambda: look(test))
    monkeypatch.setattr(Training, "best_epoch", property(lambda _: look(1)))
    list(training.run())
    assert seen == [True] * 11 + [False, True]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_one_weight_that_is_not_finite_is_found(data: Dataset, value: float) -> None:
    spec = make_spec()
    training = Training(make_model(spec), data, spec.train, CPU)
    assert training.is_finite()
    with torch.no_grad():
        next(training.model.parameters())[3, 0, 1, 1] = value
    assert not training.is_finite()


def test_a_position_is_within_the_run(data: Dataset) -> None:
    spec = make_spec()
    training = Training(make_model(spec), data, spec.train, CPU)
    list(islice(training.run(), 12))  # the first of two epochs
    state, metrics = training.state_dict(), training.metrics
    for epochs, step in ((metrics, -1), (metrics, 12), ([*metrics] * 2, 1), ([*metrics] * 3, 0)):
        with pytest.raises(ValueError, match=f"^epoch {len(epochs) + 1}, step {step} is beyond the end$"):
            training.load_state_dict(state, metrics=epochs, step=step, seconds=0.0)
    training.load_state_dict(state, metrics=metrics, step=0, seconds=0.0)


def test_the_last_metrics_are_those_of_the_model(data: Dataset) -> None:
    spec = make_spec()
    model = make_model(spec)
    *_, last = fit(model, data, spec.train)
    again = evaluate(model, data.test_images, data.test_labels, mean=data.mean, std=data.std)
    assert (again.loss, again.accuracy) == (last.test_loss, last.test_accuracy)


def test_seeds_decide_and_nothing_beside_does(data: Dataset) -> None:
    spec = make_spec(augment=(RandomRotation(degrees=(-5, 5)), ColorJitter(brightness=(0.8, 1.2))))

    def disturb() -> None:
        torch.rand(3)
        summarize(spec)

    assert same(weights_after(spec, data), weights_after(spec, data, beside=disturb))
    other = spec.model_copy(update={"train": spec.train.model_copy(update={"seed": 2})})
    assert not same(weights_after(spec, data), weights_after(other, data))


def test_stopping_early_is_a_prefix(data: Dataset) -> None:
    spec = make_spec(epochs=3)
    first_two = list(islice(fit(make_model(spec), data, spec.train), 2))
    whole = list(fit(make_model(spec), data, spec.train))
    timeless = {"seconds": 0, "test_seconds": 0}
    assert [e.model_copy(update=timeless) for e in first_two] == [e.model_copy(update=timeless) for e in whole[:2]]


@pytest.mark.parametrize("stop", [1, 10, 11, 12, 17])
@pytest.mark.parametrize("optimizer", [SGD(lr=0.05, momentum=0.9), Adam(lr=0.01)])
def test_going_on_from_a_saved_state_is_exact(data: Dataset, stop: int, optimizer: SGD | Adam) -> None:
    spec = make_spec(optimizer=optimizer, scheduler=OneCycleLR(max_lr=0.05), augment=(RandomRotation(degrees=(-5, 5)),))
    straight = Training(make_model(spec), data, spec.train, CPU)
    list(straight.run())
    broken = Training(make_model(spec), data, spec.train, CPU)
    list(islice(broken.run(), stop))
    resumed = Training(make_model(make_spec(seed=9)), data, spec.train, CPU)
    resumed.load_state_dict(broken.state_dict(), metrics=broken.metrics, step=broken.step, seconds=broken.seconds)
    list(resumed.run())
    assert same(resumed.model.state_dict(), straight.model.state_dict())
    assert [e.train_loss for e in resumed.metrics] == [e.train_loss for e in straight.metrics]
    assert [e.lr for e in resumed.metrics] == [e.lr for e in straight.metrics]


@pytest.mark.parametrize("scheduler", [CosineAnnealingLR(), ConstantLR(warmup=Warmup(epochs=5000))])
def test_a_position_of_millions_of_steps_is_taken_at_once(data: Dataset, scheduler: Scheduler) -> None:
    """A stranger's checkpoint may claim ten thousand epochs: their three million steps must not be taken again."""
    spec = make_spec(epochs=10_000, batch_size=1, scheduler=scheduler, optimizer=SGD(lr=0.01))
    training = Training(make_model(spec), data, spec.train, CPU)
    state, best = training.state_dict(), training.model.state_dict()
    figures = {"lr": 0.01, "train_loss": 1.0, "train_accuracy": 50.0, "test_loss": 1.0, "test_accuracy": 50.0}
    metrics = [EpochMetrics(epoch=epoch, **figures, seconds=1.0, test_seconds=0.1) for epoch in range(1, 10_001)]
    start = time.process_time()
    training.load_state_dict({**state, "best": best, "optimizer": {}}, metrics=metrics[:-1], step=0, seconds=0.0)
    assert time.process_time() - start < 5
    with pytest.raises(ValueError, match="epoch 10001, step 1 is beyond the end"):
        training.load_state_dict(state, metrics=metrics, step=1, seconds=0.0)


def test_a_loss_that_is_not_finite_names_its_step(data: Dataset) -> None:
    spec = make_spec()
    model = make_model(spec)
    with torch.no_grad():
        next(model.parameters()).fill_(math.inf)
    with pytest.raises(
        NotFiniteError, match=r"the loss is nan at epoch 1, step 1 of 11, with lr 0\.01; try a lower lr"
    ):
        list(fit(model, data, spec.train))


def test_held_out_images_take_the_test_sets_place(data: Dataset) -> None:
    held = data.hold_out(30)
    assert (len(held.train_labels), len(held.test_labels)) == (300, 30)
    assert torch.equal(torch.cat([held.train_images[:], held.test_images[:]]), data.train_images[:])
    assert (held.mean, held.std) == (data.mean, data.std)
    assert data.hold_out(0) is data
    with pytest.raises(UsageError, match="holdout is 330, but mnist has only 330 training images here"):
        data.hold_out(330)


def test_evaluation_counts_an_image_without_finite_logits_as_wrong() -> None:
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [math.nan, math.nan], [5.0, 0.0]])
    result = Evaluation(logits, torch.tensor([0, 1, 0, 1]))
    assert result.accuracy == 50
    assert result.confusion().tolist() == [[2, 0], [1, 1]]


def test_evaluation_leaves_mode_and_buffers(data: Dataset) -> None:
    model = make_model(make_spec()).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate(model, data.test_images, data.test_labels, mean=data.mean, std=data.std)
    assert model.training
    assert same(before, model.state_dict())


def test_meter_weighs_batches_by_their_size() -> None:
    meter = Meter(2, CPU)
    for loss, count in ((1.0, 3), (2.0, 1)):
        meter.add(torch.tensor(loss), torch.eye(10)[:count], torch.arange(count))
    assert (meter.loss, meter.accuracy, meter.first_not_finite()) == (1.25, 100, None)
