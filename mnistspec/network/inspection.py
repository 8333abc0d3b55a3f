"""What a network sees in an image: the maps of a layer, what one position of them looks at, which pixels matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mnistspec.errors import UsageError
from mnistspec.wording import did_you_mean, quote, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from mnistspec.language.shapes import TracedLayer

_LARGE = 0.7  # of the height of the input: a map in which its image can be recognised


@dataclass(frozen=True)
class Sight:
    """What a network made of one image.

    ``logits`` are (classes,), ``maps`` the outputs of the layer asked for, (channels, height, width) or (features,),
    ``saliency`` the gradient of the largest logit by the input, summed over its channels, (height, width).
    """

    logits: Tensor
    maps: Tensor
    saliency: Tensor


def find_layer(layers: Sequence[TracedLayer], name: str) -> TracedLayer:
    """Return the layer of this name; raise UsageError, with the closest name, if there is none."""
    names = [layer.name for layer in layers]
    if name in names:
        return layers[names.index(name)]
    hint = did_you_mean(suggest(name, names)) or f"; it has {', '.join(names)}"
    raise UsageError(f"the network has no layer {quote(name)}{hint}")


def choose_layer(layers: Sequence[TracedLayer]) -> TracedLayer:
    """Return the layer to show unless another is asked for: the last one with maps large enough to recognise the image.

    One that comes out of an activation if there is one: what it lets through is what the layers after it get.
    """
    height = layers[0].input_shape[1]
    large = [layer for layer in layers if layer.is_map and layer.output_shape[1] >= _LARGE * height] or list(layers)
    return ([layer for layer in large if layer.block.kind == "activation"] or large)[-1]


def inspect_image(network: nn.Sequential, layer: TracedLayer, image: Tensor) -> Sight:
    """Put one normalised image (channels, height, width) through a network in eval mode; it gets no gradients."""
    last = layer.modules[-1][0]
    pixels = image.detach()[None].requires_grad_()
    with torch.enable_grad():
        values = pixels
        for name, module in network.named_children():
            values = module(values)
            if name == last:
                (maps,) = values.detach()
        (logits,) = values
        ((gradient,),) = torch.autograd.grad(logits[logits.argmax()], pixels)
    return Sight(logits.detach(), maps, gradient.sum(0))
