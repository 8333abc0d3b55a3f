"""The range test: where it goes, when it ends, what it suggests, and how that is written into a spec."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.data.dataset import Dataset, load_dataset
from mnistspec.language.loader import load_spec
from mnistspec.language.settings import write_lr
from mnistspec.language.spec import Spec
from mnistspec.network.builder import build_model
from mnistspec.training.lr_range import RangePoint, raise_lr, smooth, suggest_lr
from mnistspec.training.meter import Meter, Progress
from tests.language.strategies import specs
from tests.profiles import examples

SPEC = """\
layers: [conv: 4, bn, relu, maxpool: 4, dropout: 0.1, flatten, fc: 10]
train: {batch_size: 32, optimizer: {sgd: {lr: 0.01, momentum: 0.9}}, scheduler: {step: {step_size: 1}}}
"""


@pytest.fixture(scope="module")
def data() -> Dataset:
    """A small piece of MNIST."""
    full = load_dataset("mnist")
    return replace(
        full,
        train_images=full.train_images[:320],
        train_labels=full.train_labels[:320],
        test_images=full.test_images[:20],
        test_labels=full.test_labels[:20],
    )


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    """A spec that learns quickly."""
    (tmp_path / "small.yaml").write_text(SPEC, encoding="utf-8")
    return load_spec(tmp_path / "small.yaml")


def sweep(spec: Spec, data: Dataset, steps: int, lowest: float = 1e-5, highest: float = 10.0) -> list[RangePoint]:
    """Run the test from the spec's initialisation."""
    torch.manual_seed(spec.train.seed)
    model = build_model(spec)
    device = torch.device("cpu")
    return list(raise_lr(model, data, spec.train, device, lowest=lowest, highest=highest, steps=steps))


def test_rates_rise_by_one_factor_over_several_epochs(spec: Spec, data: Dataset) -> None:
    points = sweep(spec, data, 35, 1e-4, 0.1)  # ten steps are an epoch
    assert [point.step for point in points] == list(range(1, 36))
    factors = [b.lr / a.lr for a, b in pairwise(points)]
    assert points[0].lr == pytest.approx(1e-4)
    assert points[-1].lr == pytest.approx(0.1)
    assert factors == pytest.approx([factors[0]] * 34)


def test_the_same_again(spec: Spec, data: Dataset) -> None:
    assert sweep(spec, data, 25) == sweep(spec, data, 25)


def test_the_rates_are_those_that_are_learned_with(spec: Spec, data: Dataset) -> None:
    still = sweep(spec, data, 10, 1e-9, 1e-8)
    moved = sweep(spec, data, 10, 1e-2, 0.5)
    assert still[0].loss == moved[0].loss  # before the first step
    assert still[-1].loss > moved[-1].loss


def test_it_ends_where_the_loss_explodes(tmp_path: Path, data: Dataset) -> None:
    text = SPEC.replace("bn, ", "").replace("sgd: {lr: 0.01, momentum: 0.9}", "sgd: {lr: 0.01}")
    (tmp_path / "wild.yaml").write_text(text, encoding="utf-8")
    points = sweep(load_spec(tmp_path / "wild.yaml"), data, 60, 1e-3, 100)
    assert 10 < len(points) < 60


def curve(loss: list[float]) -> list[RangePoint]:
    """Return points with these losses and ten rates a decade."""
    return [RangePoint(step, 10 ** (step / 10 - 5), value) for step, value in enumerate(loss, 1)]


def test_a_fall_and_a_rise() -> None:
    losses = [1 + 1.3 / (1 + math.exp((step - 30) / 2)) + 0.02 * max(0, step - 45) ** 2 for step in range(60)]
    found = suggest_lr(curve(losses))
    assert found
    assert found.steepest == pytest.approx(10 ** (31 / 10 - 5), rel=0.3)
    assert found.steepest < found.valley < 10 ** (45 / 10 - 5)


@pytest.mark.parametrize(
    "losses", [[2.3] * 40, [0.0] * 40, [2.3 + step for step in range(40)], [2.3, 1.0], [2.3] * 39 + [2.2]]
)
def test_no_fall(losses: list[float]) -> None:
    assert suggest_lr(curve(losses)) is None


@given(st.lists(st.floats(0, 100), min_size=10, max_size=80))
def test_a_suggestion_lies_on_the_way_down(losses: list[float]) -> None:
    points = curve(losses)
    found = suggest_lr(points)
    if found:
        smoothed = smooth(losses)
        lowest = points[smoothed.index(min(smoothed))].lr
        assert points[0].lr <= found.steepest <= lowest
        assert points[0].lr <= found.valley <= lowest


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60))
def test_smoothing_stays_within(losses: list[float]) -> None:
    smoothed = smooth(losses)
    assert len(smoothed) == len(losses)
    assert min(losses) - 1e-9 <= min(smoothed)
    assert max(smoothed) <= max(losses) + 1e-9
    assert smooth([3.0] * len(losses)) == pytest.approx([3.0] * len(losses))


@pytest.mark.parametrize(
    ("recipe", "setting"),
    [
        ("{optimizer: {sgd: {lr: 0.01, momentum: 0.9}}}", "train.optimizer.sgd.lr=0.25"),
        ("{optimizer: {adam: 0.02}}", "train.optimizer.adam.lr=0.25"),
        ("{optimizer: adam}", "train.optimizer.adam.lr=0.25"),
        ("{epochs: 3}", "train.optimizer={sgd: {lr: 0.25, momentum: 0.9}}"),
        ("{scheduler: {onecycle: 0.1}}", "train.scheduler.onecycle.max_lr=0.25"),
        ("{scheduler: {onecycle: {max_lr: 0.1, pct_start: 0.2}}}", "train.scheduler.onecycle.max_lr=0.25"),
    ],
)
def test_the_setting(recipe: str, setting: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"layers: [gap, fc: 10]\ntrain: {recipe}\n", encoding="utf-8")
    assert write_lr(path, (), 0.25).setting == setting


@given(specs(), st.floats(1e-5, 100))
@examples(40)
def test_setting_and_line_change_the_rate_alone(
    tmp_path_factory: pytest.TempPathFactory, spec: Spec, lr: float
) -> None:
    path = tmp_path_factory.mktemp("specs") / "a.yaml"
    path.write_text(spec.as_yaml(), encoding="utf-8")
    lr = float(f"{lr:.2g}")
    advice = write_lr(path, (), lr)
    key, _, value = advice.line.partition(": ")
    for setting in (advice.setting, f"train.{key}={value}"):
        train = load_spec(path, [setting]).train
        unit, before = getattr(train, key), getattr(spec.train, key)
        argument = "max_lr" if key == "scheduler" else "lr"
        assert unit == before.model_copy(update={argument: lr})
        assert train == spec.train.model_copy(update={key: unit})


def test_smoothing_is_a_triangle() -> None:
    impulse = [0.0] * 40
    impulse[20] = 9.0
    assert [round(value, 9) for value in smooth(impulse)[17:24]] == [0, 1, 2, 3, 2, 1, 0]  # radius 2 of 40 points
    impulse[20], impulse[0] = 0.0, 6.0
    assert [round(value, 9) for value in smooth(impulse)[:4]] == [3, 1.5, 0.666666667, 0]  # fewer neighbours count
    impulse = [0.0] * 19 + [4.0] + [0.0] * 19
    assert [round(value, 9) for value in smooth(impulse)[17:22]] == [0, 1, 2, 1, 0]  # radius 1 of 39
    assert [round(value, 9) for value in smooth([0.0, 4.0, 0.0, 0.0])] == [round(4 / 3, 9), 2, 1, 0]


def make_points(losses: list[float]) -> list[RangePoint]:
    return [RangePoint(step, 10.0 ** (step - 30), loss) for step, loss in enumerate(losses, start=1)]


def test_the_places_of_a_suggestion() -> None:
    falling = [2.0] * 6 + [2.0 - 0.1 * step for step in range(1, 11)] + [1.0] * 4
    found = suggest_lr(make_points(falling))
    assert found is not None
    assert found.valley == 10.0 ** (13 - 30)  # the first that has two thirds of the fall from 2 to 1 behind it
    assert 7 <= 30 + round(math.log10(found.steepest)) <= 15
    assert suggest_lr(make_points([2.0, *falling[6:14]])) is None  # nine points
    assert suggest_lr(make_points([2.0, *falling[6:15]])) is not None  # ten
    for fall, is_enough in ((0.19, False), (0.21, True)):  # a tenth of the highest loss
        assert (suggest_lr(make_points([2.0] * 20 + [2.0 - fall] * 20)) is not None) == is_enough


@pytest.mark.parametrize(
    ("losses", "steps"),
    [
        ([1.0, 4.9, 6.2, 9.0], 3),  # means 1, 2.95, 4.03: more than four times the lowest
        ([1.0, 4.9, 6.0, 9.0], 4),
        ([1.0, 7.0, 9.0], 2),  # exactly four times
        ([1.0, 6.9, 1.0], 3),
        ([3.0] * 9 + [1.0] * 10 + [29.9] + [33.0] * 2, 21),  # ten steps are the mean
        ([1.0, math.nan, 1.0], 2),
    ],
)
def test_it_ends_at_four_times_the_lowest_mean(
    spec: Spec, data: Dataset, monkeypatch: pytest.MonkeyPatch, losses: list[float], steps: int
) -> None:
    class Course:
        """What a training yields whose losses are these; ``rates`` are those of its steps."""

        rates: ClassVar[list[float]] = []

        def __init__(self, *_: object) -> None:
            self.optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=1.0)
            self.rates.clear()

        def run(self) -> Iterator[Progress]:
            meter = Meter(len(losses), torch.device("cpu"))
            meter.losses = torch.tensor(losses)
            for step in range(1, len(losses) + 1):
                self.rates.append(self.optimizer.param_groups[0]["lr"])
                yield Progress(1, step, len(losses), 0.1, meter)

    monkeypatch.setattr("mnistspec.training.lr_range.Training", Course)
    points = sweep(spec, data, len(losses) + 5)
    assert len(points) == steps
    assert [point.lr for point in points] == Course.rates
