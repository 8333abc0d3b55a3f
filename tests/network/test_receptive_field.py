"""Receptive fields by arithmetic are the footprint of a gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from torch import nn

from mnistspec.language.loader import load_document
from mnistspec.language.shapes import trace
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.network.builder import build_model
from tests.language.strategies import networks, pinned
from tests.places import SPECS
from tests.profiles import examples
from tests.shipped import SHIPPED

SIDE = 161  # of the image: large enough that a position in the middle sees no border
WORDS = ("conv", "1x1", "maxpool", "avgpool", "relu", "bn", "dropout")


def linearised(module: nn.Module) -> nn.Module:
    """Return a module with the same window that passes every gradient on."""
    if isinstance(module, nn.Conv2d):
        nn.init.ones_(module.weight)
        return module
    if isinstance(module, nn.MaxPool2d):
        return nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
    return module if isinstance(module, nn.AvgPool2d) else nn.Identity()


def footprint(model: nn.Sequential, position: int) -> tuple[int, int]:
    """Return the first and last row of the image that reach the output at this row and column."""
    images = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    outputs = model.double()(images)
    outputs[:, :, position, position].sum().backward()
    assert images.grad is not None
    rows = images.grad[0, 0].abs().sum(dim=1).nonzero()
    return int(rows.min()), int(rows.max())


@examples(25)
@given(blocks=networks(words=WORDS, max_size=4))
@pinned
def test_receptive_field_and_jump_are_the_gradients(blocks: tuple[Block, ...]) -> None:
    maps = [block for block in blocks if block.word in WORDS]
    layers = list(trace(maps, (1, SIDE, SIDE)))
    if not layers:
        return
    built = build_model(Spec(name="drawn", layers=tuple(maps)))
    model = nn.Sequential(*(linearised(module) for module in built))
    middle = layers[-1].output_shape[1] // 2
    first, last = footprint(model, middle)
    assert last - first + 1 == layers[-1].receptive_field
    after, _ = footprint(model, middle + 1)
    assert after - first == layers[-1].jump


@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_head_of_each_network_sees(name: str) -> None:
    layers = load_document(SPECS / f"{name}.yaml").layers
    assert layers[-1].receptive_field == SHIPPED[name].field
    fields = [layer.receptive_field for layer in layers]
    assert fields == sorted(fields)


def test_the_first_layers_of_step_6_by_hand() -> None:
    layers = [layer for layer in load_document(SPECS / "step6.yaml").layers if layer.kernel > 1]
    assert [(layer.block.word, layer.kernel, layer.stride, layer.jump, layer.receptive_field) for layer in layers] == [
        ("conv", 3, 1, 1, 3),
        ("conv", 3, 1, 1, 5),
        ("maxpool", 2, 2, 2, 6),
        ("conv", 3, 1, 2, 10),
        ("conv", 3, 1, 2, 14),
        ("conv", 3, 1, 2, 18),
        ("gap", 6, 1, 2, 28),
    ]
