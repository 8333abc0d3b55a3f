"""What a network sees: places by arithmetic are the footprint of gradients, values are those of the network."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mnistspec.errors import UsageError
from mnistspec.language.loader import load_spec
from mnistspec.language.shapes import Box
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.network.builder import build_model
from mnistspec.network.inspection import choose_layer, find_layer, inspect_image
from tests.language.strategies import networks
from tests.network.test_receptive_field import WORDS, linearised
from tests.places import SPECS
from tests.profiles import examples


def find_footprint(model: nn.Sequential, row: int, column: int) -> Box:
    """Return the rows and columns of a 28x28 image that reach an output of a map."""
    images = torch.zeros(1, 1, 28, 28, dtype=torch.float64, requires_grad=True)
    model.double()(images)[:, :, row, column].sum().backward()
    assert images.grad is not None
    reached = images.grad[0, 0] != 0
    rows, columns = (reached.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
    return Box((rows[0], rows[-1]), (columns[0], columns[-1]))


@examples(60)
@given(blocks=networks(words=WORDS, max_size=5), data=st.data())
def test_what_a_position_sees_is_the_gradients_footprint(blocks: tuple[Block, ...], data: st.DataObject) -> None:
    maps = tuple(block for block in blocks if block.word in WORDS)
    spec = Spec(name="drawn", layers=maps)
    if not maps:
        return
    layer = spec.trace()[-1]
    side = layer.output_shape[1]
    row, column = data.draw(st.integers(0, side - 1)), data.draw(st.integers(0, side - 1))
    box = layer.receptive_box(row, column)
    model = nn.Sequential(*(linearised(module) for module in build_model(spec)))
    try:
        found = find_footprint(model, row, column)
    except IndexError:  # nothing but padding is seen there
        assert min(box.rows[0], box.columns[0]) < 0 or max(box.rows[1], box.columns[1]) > 27
        return
    for (first, last), (wanted_first, wanted_last) in ((found.rows, box.rows), (found.columns, box.columns)):
        assert max(0, wanted_first) <= first <= last <= min(27, wanted_last)
        # At the border a window whose inner steps are on padding sees less than the arithmetic allows.
        if wanted_first >= 0 and wanted_last <= 27:
            assert (first, last) == (wanted_first, wanted_last)


def test_places_of_step_6() -> None:
    layers = load_spec(SPECS / "step6.yaml").trace()
    assert find_layer(layers, "conv1").receptive_box(0, 25) == Box((0, 2), (25, 27))
    assert find_layer(layers, "gap1").receptive_box(0, 0) == Box((0, 27), (0, 27))
    assert choose_layer(layers).block.word == "relu"


def test_padding_is_outside_of_the_image() -> None:
    block = Block.members["conv"](out_channels=2, kernel_size=5, padding=2)
    (layer,) = Spec(name="padded", layers=(block,)).trace()
    assert layer.receptive_box(0, 27) == Box((-2, 2), (25, 29))


@examples(20)
@given(blocks=networks(max_size=6), seed=st.integers(0, 1000))
def test_values_are_the_networks(blocks: tuple[Block, ...], seed: int) -> None:
    torch.manual_seed(seed)
    spec = Spec(name="drawn", layers=blocks)
    model, image = build_model(spec).eval(), torch.randn(1, 28, 28)
    pixels = image[None].clone().requires_grad_()
    logits = model(pixels)[0]
    (gradient,) = torch.autograd.grad(logits.max(), pixels)
    for layer in spec.trace():
        sight = inspect_image(model, layer, image)
        assert torch.equal(sight.logits, logits)
        assert torch.equal(sight.saliency, gradient[0, 0])
        assert tuple(sight.maps.shape) == layer.output_shape
    assert torch.equal(sight.maps, logits)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_gradient_under_inference_mode_is_refused_nowhere() -> None:
    spec = load_spec(SPECS / "step4.yaml")
    model, layers = build_model(spec).eval(), spec.trace()
    with torch.no_grad():
        assert inspect_image(model, layers[0], torch.randn(1, 28, 28)).saliency.abs().sum() > 0


def test_refusals() -> None:
    layers = load_spec(SPECS / "step6.yaml").trace()
    with pytest.raises(UsageError, match='no layer "conv11"; did you mean "conv1"'):
        find_layer(layers, "conv11")
    with pytest.raises(UsageError, match='no layer "\N{LATIN SMALL LETTER E WITH ACUTE}"; it has conv1, relu1'):
        find_layer(layers, "\N{LATIN SMALL LETTER E WITH ACUTE}")
    for row, column in ((-1, 0), (0, 26), (26, 0)):
        with pytest.raises(UsageError, match="its rows are 0 to 25, its columns 0 to 25"):
            find_layer(layers, "conv1").receptive_box(row, column)
    with pytest.raises(UsageError, match="features have no places"):
        layers[-1].receptive_box(0, 1)


def test_the_layer_that_is_shown() -> None:
    """The last activation whose maps have a side of 20 or more; else the last such map; without any, of all."""
    for layers, name in (
        ("[conv: 4, relu, {conv: {out_channels: 4, kernel_size: 7}}, relu, {conv: 4}, relu, flatten, fc: 10]", "relu2"),
        ("[{conv: {out_channels: 4, kernel_size: 10}}, relu, flatten, fc: 10]", "relu1"),
        ("[conv: 4, relu, {conv: {out_channels: 4, kernel_size: 8}}, relu, flatten, fc: 10]", "relu1"),
        ("[conv: 4, conv: 4, flatten, relu, fc: 10]", "conv2"),
    ):
        spec = load_spec(SPECS / "step6.yaml", ["defaults=null", f"layers={layers}"])
        assert choose_layer(spec.trace()).name == name
