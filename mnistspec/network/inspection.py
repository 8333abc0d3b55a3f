"""What a network sees in an image: the maps of a layer, what one position of them looks at, which pixels matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mnistspec.errors import UsageError
from mnistspec.language.shapes import TracedLayer, trace
from mnistspec.wording import did_you_mean, quote, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from mnistspec.language.spec import Spec

_LARGE = 20  # the side of a map in which a digit can be recognised


@dataclass(frozen=True)
class Box:
    """Rows and columns of the input image, first and last; those outside the image are padding."""

    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class InspectedLayer:
    """A layer and where it looks: its first position sees ``receptive_field`` pixels from pixel ``start`` on."""

    layer: TracedLayer
    start: int

    @property
    def name(self) -> str:
        """The layer's name in the network's summary."""
        return self.layer.name

    @property
    def is_map(self) -> bool:
        """Whether its outputs have places: features see the whole of the map before them."""
        return len(self.layer.output_shape) == 3

    def receptive_box(self, row: int, column: int) -> Box:
        """Return what the output at this row and column sees, in the input image; raise UsageError if there is none.

        Position p sees the pixels from start + p jump on (Araujo, Norris and Sim, Distill 2019).
        """
        height, width = self.layer.output_shape[1:] if self.is_map else (1, 1)
        if not (0 <= row < height and 0 <= column < width):
            where = (
                f"its rows are 0 to {height - 1}, its columns 0 to {width - 1}"
                if self.is_map
                else "features have no places"
            )
            raise UsageError(f"{self.name} has no position {row},{column}: {where}")
        firsts = [self.start + place * self.layer.jump for place in (row, column)]
        rows, columns = ((first, first + self.layer.receptive_field - 1) for first in firsts)
        return Box(rows, columns)


@dataclass(frozen=True)
class Sight:
    """What a network made of one image.

    ``logits`` are (classes,), ``maps`` the outputs of the layer asked for, (channels, height, width) or (features,),
    ``saliency`` the gradient of the largest logit by the input, (height, width).
    """

    logits: Tensor
    maps: Tensor
    saliency: Tensor


def inspected_layers(spec: Spec) -> tuple[InspectedLayer, ...]:
    """Return the layers of a spec's network in order, with where they look."""
    layers, start, jump = [], 0, 1
    for layer in trace(spec.layers, spec.data.input_shape):
        start -= layer.modules[0][1].arguments.get("padding", 0) * jump  # most blocks have no padding
        jump = layer.jump
        layers.append(InspectedLayer(layer, start))
    return tuple(layers)


def find_layer(layers: Sequence[InspectedLayer], name: str) -> InspectedLayer:
    """Return the layer of this name; raise UsageError, with the closest name, if there is none."""
    names = [layer.name for layer in layers]
    if name in names:
        return layers[names.index(name)]
    hint = did_you_mean(suggest(name, names)) or f"; it has {', '.join(names)}"
    raise UsageError(f"the network has no layer {quote(name)}{hint}")


def choose_layer(layers: Sequence[InspectedLayer]) -> InspectedLayer:
    """Return the layer to show unless another is asked for: the last one with maps large enough to recognise a digit.

    One that comes out of an activation if there is one: what it lets through is what the layers after it get.
    """
    large = [layer for layer in layers if layer.is_map and layer.layer.output_shape[1] >= _LARGE] or list(layers)
    return ([layer for layer in large if layer.layer.block.kind == "activation"] or large)[-1]


def inspect_image(network: nn.Sequential, layer: InspectedLayer, image: Tensor) -> Sight:
    """Put one normalised image (height, width) through a network in eval mode; its parameters get no gradients."""
    last = layer.layer.modules[-1][0]
    pixels = image.detach()[None, None].requires_grad_()
    with torch.enable_grad():
        values = pixels
        for name, module in network.named_children():
            values = module(values)
            if name == last:
                maps = values.detach()[0]
        (gradient,) = torch.autograd.grad(values[0, values[0].argmax()], pixels)
    return Sight(values.detach()[0], maps, gradient[0, 0])
