"""Random numbers are functions of (seed, epoch, step, purpose) and of nothing else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from mnistspec.training.randomness import Purpose, epoch_order, make_generator


def test_generators_repeat_themselves_and_differ_from_all_others() -> None:
    keys = list(itertools.product((0, 1, 2**32 - 1), (0, 1), (0, 1), Purpose))
    draws = [make_generator(*key).integers(2**63, size=4).tolist() for key in keys]
    assert draws == [make_generator(*key).integers(2**63, size=4).tolist() for key in keys]
    assert len({tuple(draw) for draw in draws}) == len(keys)


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_epoch_order_is_a_permutation_of_its_own_for_each_epoch(count: int) -> None:
    order = epoch_order(count, seed=1, epoch=0)
    assert order.dtype == torch.int64
    assert order.sort().values.equal(torch.arange(count))
    assert order.equal(epoch_order(count, seed=1, epoch=0))
    if count > 2:
        assert not order.equal(epoch_order(count, seed=1, epoch=1))
        assert not order.equal(epoch_order(count, seed=2, epoch=0))


def test_every_place_is_equally_likely() -> None:
    places = torch.stack([epoch_order(4, seed, 0) for seed in range(4000)])
    counts = torch.stack([places.eq(image).sum(0) for image in range(4)])
    assert (counts - 1000).abs().max() < 5 * (1000 * 0.75) ** 0.5


def test_global_streams_are_left_alone() -> None:
    torch_state, numpy_state = torch.get_rng_state(), repr(np.random.get_state())  # noqa: NPY002 - it must not move
    epoch_order(100, 1, 0)
    make_generator(1, 2, 3, Purpose.DROPOUT).random()
    assert torch.get_rng_state().equal(torch_state)
    assert repr(np.random.get_state()) == numpy_state  # noqa: NPY002 - as above
