"""The faster dropout is a dropout: rate, scale, independence, mode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mnistspec.training.fast.acceleration import AcceleratedNetwork
from mnistspec.training.fast.dropout import SPARSE_BELOW, draw_mask, draw_positions
from mnistspec.training.randomness import Purpose, make_generator

RATES = [0.001, 0.03, 0.11, 0.13, 0.25, 0.5, 0.9]
SIZE = (64, 8, 26, 26)


def factors(
    network: AcceleratedNetwork, step: int = 0, seed: int = 1, epoch: int = 0, size: tuple[int, ...] = SIZE
) -> Tensor:
    """Return what ones become."""
    network.begin_step(seed, epoch, step)
    result: Tensor = network(torch.ones(size))
    return result


def correlation(a: Tensor, b: Tensor) -> float:
    return float(torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1])


@pytest.mark.parametrize("p", RATES)
def test_rate_and_scale(p: float) -> None:
    assert min(RATES) < SPARSE_BELOW < max(RATES), "both ways of drawing are tested"
    result = factors(AcceleratedNetwork(nn.Sequential(nn.Dropout(p))))
    dropped = result.eq(0)
    spread = math.sqrt(p * (1 - p) / result.numel())
    assert abs(dropped.double().mean() - p) < 5 * spread + 2**-17
    torch.testing.assert_close(result[~dropped], torch.full((int((~dropped).sum()),), 1 / (1 - p)))


@pytest.mark.parametrize("p", RATES)
def test_no_image_channel_or_place_is_favoured(p: float) -> None:
    dropped = factors(AcceleratedNetwork(nn.Sequential(nn.Dropout(p)))).eq(0).double()
    for dimension in range(4):
        rates = dropped.movedim(dimension, 0).flatten(1).mean(1)
        spread = math.sqrt(p * (1 - p) * SIZE[dimension] / dropped.numel())
        assert (rates - p).abs().max() < 5 * spread + 2**-17


@pytest.mark.parametrize("p", RATES)
def test_positions_steps_and_layers_are_independent(p: float) -> None:
    network = AcceleratedNetwork(nn.Sequential(nn.Dropout(p)))
    mask = factors(network).eq(0).double()
    bound = 5 / math.sqrt(mask.numel())
    for lag in (1, 2, 8, 26 * 8):
        flat = mask.movedim(1, -1).flatten()
        assert abs(correlation(flat[:-lag], flat[lag:])) < 1.1 * bound
    for other in (factors(network, step=1), factors(network, epoch=1), factors(network, seed=2)):
        assert abs(correlation(mask, other.eq(0).double())) < bound
    pair = AcceleratedNetwork(nn.Sequential(nn.Dropout(p), nn.Dropout(p)))
    assert abs(factors(pair).eq(0).double().mean() - (1 - (1 - p) ** 2)) < bound


@pytest.mark.parametrize("p", [0.03, 0.5])
def test_a_step_decides_everything(p: float) -> None:
    network = AcceleratedNetwork(nn.Sequential(nn.Dropout(p)))
    first = factors(network)
    torch.manual_seed(5)
    factors(network, step=7)
    assert first.equal(factors(network))


@pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 1.0])
def test_the_gradient_goes_where_the_values_went(p: float) -> None:
    network = AcceleratedNetwork(nn.Sequential(nn.Dropout(p)))
    images = torch.ones(4, 3, 8, 8, requires_grad=True)
    network.begin_step(1, 0, 0)
    result = network(images)
    result.sum().backward()
    assert images.grad is not None
    assert images.grad.equal(result)
    assert images.detach().equal(torch.ones(4, 3, 8, 8)), "the caller's images stay as they are"
    assert bool(result.any()) == (p < 1)


def test_it_is_off_in_evaluation_mode() -> None:
    network = AcceleratedNetwork(nn.Sequential(nn.Dropout(0.5))).eval()
    assert factors(network).equal(torch.ones(SIZE))


def test_maps_in_either_order_and_features_are_taken() -> None:
    network = AcceleratedNetwork(nn.Sequential(nn.Dropout(0.3)))
    images = torch.ones(16, 8, 9, 9)
    for given in (images, images.contiguous(memory_format=torch.channels_last)):
        network.begin_step(1, 0, 0)
        assert network(given).equal(factors(network, size=(16, 8, 9, 9)))
    assert abs(factors(network, size=(1000, 100)).eq(0).double().mean() - 0.3) < 0.01


@pytest.mark.parametrize("p", [0.03, 0.5])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 63])
def test_small_counts(p: float, count: int) -> None:
    for step in range(50):
        positions = draw_positions(make_generator(1, 0, step, Purpose.DROPOUT), p, count)
        assert positions.dtype == torch.int64
        assert positions.diff().gt(0).all()
        assert not len(positions) or 0 <= int(positions[0]) <= int(positions[-1]) < count
        assert draw_mask(make_generator(1, 0, step, Purpose.DROPOUT), p, count).shape == (count,)


class Stream:
    """A generator that notes what is asked of it; a run keeps its bytes only as long as that stays the same."""

    def __init__(self, words: Any) -> None:
        self.words = words
        self.asked: list[Any] = []

    def standard_exponential(self, size: int, dtype: Any) -> Any:
        self.asked.append(size)
        return np.full(size, self.words, dtype)

    def integers(self, low: int, high: int, size: int, dtype: Any) -> Any:
        self.asked.append((low, high, size))
        return self.words.view(dtype)


def test_positions_are_drawn_until_the_end_is_passed() -> None:
    stream: Any = Stream(0.5)  # times the mean of 9.49: the whole part is 4
    assert draw_positions(stream, 0.1, 1000).tolist() == list(range(4, 1000, 5))
    assert stream.asked == [100 + 6 * 10 + 16] * 2
    beyond: Any = Stream(1e9)
    assert draw_positions(beyond, 0.1, 1000).tolist() == []
    assert beyond.asked == [176]


@pytest.mark.parametrize(
    ("p", "dropped"), [(0.5, 2**15), (0.25, 2**14), (1e-5, 1), (1 - 2**-16, 2**16 - 1), (1, 2**16)]
)
def test_a_mask_takes_sixteen_bits_a_value(p: float, dropped: int) -> None:
    stream: Any = Stream(np.arange(-(2**15), 2**15, dtype=np.int16))
    mask = draw_mask(stream, p, 2**16)
    assert mask.tolist() == [True] * dropped + [False] * (2**16 - dropped)
    assert stream.asked == [(0, 2**64, 2**14)]


def test_every_position_is_equally_likely() -> None:
    counts = torch.zeros(20)
    for step in range(20_000):
        counts[draw_positions(make_generator(1, 0, step, Purpose.DROPOUT), 0.05, 20)] += 1
    assert (counts - 1000).abs().max() < 5 * math.sqrt(20_000 * 0.05 * 0.95)
