"""The weighted loss: what balanced means, and that a training minimises torch's own weighted cross-entropy."""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mnistspec import build_model, fit
from mnistspec.errors import UsageError
from mnistspec.language.vocabulary.recipe import ClassWeights, Train
from mnistspec.network.code import write_code
from mnistspec.runs.execution import check_start
from mnistspec.training.loss import weigh_classes
from mnistspec.training.lr_range import raise_lr
from mnistspec.training.trainer import Training
from tests.profiles import examples
from tests.training.reference import BATCH, CPU, EPOCHS, SEED, draw_batches, make_training, read_spec, small_data

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec

LAYERS = "[conv: 4, bn, relu, maxpool, gap, fc: 10]"
WEIGHTS = {
    "by class": ("{0: 3, 7: 0.25}", [3, 1, 1, 1, 1, 1, 1, 0.25, 1, 1]),
    "balanced": ("balanced", None),
}


def weigh(weights: ClassWeights | None, labels: list[int], classes: int) -> list[float]:
    """Return the weights of classes named by letters."""
    names = tuple("abcdefghij"[:classes])
    tensor = weigh_classes(weights, label_data(labels, names))
    assert tensor is not None
    assert tensor.dtype == torch.float32
    return tensor.tolist()


def label_data(labels: list[int], names: tuple[str, ...]) -> Dataset:
    return dataclasses.replace(small_data(), train_labels=torch.tensor(labels), class_names=names)


def balance(labels: list[int], classes: int) -> list[float]:
    """Return n / (k n_c), by counting."""
    there = len(set(labels))
    return [len(labels) / (there * labels.count(c)) if c in labels else 1.0 for c in range(classes)]


def test_balanced_weights_of_a_small_set() -> None:
    assert weigh("balanced", [0, 0, 0, 1], 2) == pytest.approx([4 / (2 * 3), 2])
    assert weigh("balanced", [0, 0, 0, 2], 3) == pytest.approx([4 / (2 * 3), 1, 2])  # nothing of b
    assert weigh("balanced", [0, 1, 2, 0, 1, 2], 3) == [1, 1, 1]


def test_weights_by_class() -> None:
    assert weigh({"c": 2.5}, [0, 1, 2], 3) == [1, 1, 2.5]
    assert weigh({"c": 1e-6, "a": 1e6}, [0], 3) == pytest.approx([1e6, 1, 1e-6])
    assert weigh_classes(None, small_data()) is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
@examples(100)
def test_under_balanced_weights_each_class_counts_the_same(labels: list[int]) -> None:
    weights = weigh("balanced", labels, 6)
    assert weights == pytest.approx(balance(labels, 6))
    totals = [weights[c] * labels.count(c) for c in set(labels)]
    assert totals == pytest.approx([len(labels) / len(totals)] * len(totals))
    assert sum(totals) == pytest.approx(len(labels))


class Plain(nn.Module):
    """The model without the accelerated step: what a training computes with where there is none."""

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        self.model = model

    def begin_step(self, *_: int) -> None:
        """Nothing here is drawn."""

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images)
        return logits


def make(spec: Spec, path: str, data: Dataset | None = None) -> Training:
    torch.manual_seed(SEED)
    training = Training(build_model(spec), data or small_data(), spec.train, CPU)
    if path == "model":
        training.network = Plain(training.model)  # type: ignore[assignment]  # it has what a step calls
    return training


@pytest.mark.parametrize("holdout", [0, 20])
@pytest.mark.parametrize("path", ["accelerated", "model"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_a_plain_loop_learns_the_same(tmp_path: Path, kind: str, path: str, holdout: int) -> None:
    """The loop's loss is the sum of weights times losses over the sum of weights, written out, and torch's own."""
    data = small_data()
    text, wanted = WEIGHTS[kind]
    spec = read_spec(
        tmp_path, LAYERS, optimizer="{sgd: {lr: 0.05, momentum: 0.9}}", class_weights=text, holdout=holdout
    )
    training = make(spec, path)
    list(training.run())

    count = len(data.train_labels) - holdout
    labels = data.train_labels[:count]
    weights = torch.tensor(wanted or balance(labels.tolist(), 10))
    torch.manual_seed(SEED)
    model = build_model(spec)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    inputs = ((data.train_images[:] / 255 - data.mean[0]) / data.std[0]).view(-1, 1, 28, 28)
    losses = []
    for _, _, batch in draw_batches(count):
        targets = labels[batch]
        logits = model(inputs[batch])
        single = torch.logsumexp(logits, 1) - logits[torch.arange(len(batch)), targets]
        loss = (weights[targets] * single).sum() / weights[targets].sum()
        torch.testing.assert_close(loss, nn.functional.cross_entropy(logits, targets, weight=weights))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(training.model.state_dict()[name], tensor, atol=1e-4, rtol=1e-3)
    sizes, steps = [len(batch) for _, _, batch in draw_batches(count, 1)], -(-count // BATCH)
    means = [float(np.average(losses[e * steps : (e + 1) * steps], weights=sizes)) for e in range(EPOCHS)]
    assert [metrics.train_loss for metrics in training.metrics] == pytest.approx(means, rel=1e-4)
    tested = (inputs[count:], data.train_labels[count:])
    if not holdout:
        tested = (((data.test_images[:] / 255 - data.mean[0]) / data.std[0]).view(-1, 1, 28, 28), data.test_labels)
    plain = nn.functional.cross_entropy(model.eval()(tested[0]).detach(), tested[1])
    assert training.metrics[-1].test_loss == pytest.approx(float(plain), rel=1e-3)


def test_weights_change_what_is_learned(tmp_path: Path) -> None:
    states = []
    for weights in ("{0: 1}", "{0: 100}", "{0: 2, 1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2, 8: 2, 9: 2}"):
        training = make(read_spec(tmp_path, LAYERS, class_weights=weights), "accelerated")
        list(training.run())
        states.append(training.model.state_dict()["fc1.weight"])
    assert not states[0].equal(states[1])
    assert states[0].equal(states[2]), "what all weights share makes no difference: a factor of two is exact"


def test_a_class_that_weighs_more_is_guessed_more_often(tmp_path: Path) -> None:
    counts = []
    for weight in (0.001, 1000):
        training = make(read_spec(tmp_path, LAYERS, class_weights=f"{{4: {weight}}}", epochs=8), "accelerated")
        list(training.run())
        counts.append(int(training.evaluate().predictions.eq(4).sum()))
    assert counts[0] == 0
    assert counts[1] > 25, "of 50 images; 4 are of the class"


def test_a_resumed_training_has_the_same_weights(tmp_path: Path) -> None:
    spec = read_spec(tmp_path, LAYERS, class_weights="balanced", holdout=15)
    whole = make(spec, "accelerated")
    states = list(islice(whole.run(), 6))
    assert states[-1].metrics is None
    state = {part: {k: v.clone() for k, v in tensors.items()} for part, tensors in whole.state_dict().items()}
    again = make(spec, "accelerated")
    again.load_state_dict(state, metrics=list(whole.metrics), step=whole.step, seconds=0)
    list(whole.run()), list(again.run())
    assert all(again.model.state_dict()[name].equal(tensor) for name, tensor in whole.model.state_dict().items())


def test_the_learning_rate_is_sought_with_the_weighted_loss(tmp_path: Path) -> None:
    spec = read_spec(tmp_path, LAYERS, class_weights="{1: 1e6}")
    torch.manual_seed(SEED)
    model = build_model(spec)
    data = small_data()
    first = next(raise_lr(model, data, spec.train, CPU, lowest=1e-5, highest=1.0, steps=20))
    _, _, batch = next(draw_batches(len(data.train_labels)))
    torch.manual_seed(SEED)
    fresh = build_model(spec)
    logits = fresh(((data.train_images[batch] / 255 - data.mean[0]) / data.std[0]).view(-1, 1, 28, 28))
    weights = torch.ones(10)
    weights[1] = 1e6
    expected = nn.functional.cross_entropy(logits, data.train_labels[batch], weight=weights)
    assert first.loss == pytest.approx(expected.item(), rel=1e-4)


def test_weights_of_classes_that_the_data_lack_are_refused(tmp_path: Path) -> None:
    recipe = Train(class_weights={"0": 2, "ten": 3, "eleven": 1}, epochs=1)
    with pytest.raises(UsageError, match=r'^class_weights: mnist has no class "ten" and "eleven"$'):
        fit(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), small_data(), recipe, "cpu")
    spec = read_spec(tmp_path, LAYERS).model_copy(update={"train": recipe})
    with pytest.raises(UsageError, match=r"^class_weights: "):
        check_start(spec, small_data(), CPU)


@pytest.mark.parametrize("labels", [[0, 0, 0, 1], [3] * 5 + [9] * 100, list(range(10)), [2, 2, 7] * 333])
def test_the_written_file_balances_alike(tmp_path: Path, labels: list[int]) -> None:
    names: dict[str, object] = {"__name__": "written"}
    spec = read_spec(tmp_path, LAYERS, class_weights="balanced")
    exec(compile(write_code(spec), "written.py", "exec"), names)  # noqa: S102 - what is tested
    written = names["balance_classes"](torch.tensor(labels))  # type: ignore[operator]  # a function of the file
    ours = weigh_classes("balanced", label_data(labels, small_data().class_names))
    assert ours is not None
    assert written.equal(ours)


def test_a_training_without_weights_has_none(tmp_path: Path) -> None:
    assert make_training(read_spec(tmp_path, LAYERS))[0].class_weights is None
