"""The same network, computed faster while it learns; the model itself stays a plain nn.Sequential."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mnistspec.training.fast.dropout import FastDropout
from mnistspec.training.fast.layers import (
    AutogradLayer,
    DropoutSource,
    FastConvolution,
    FastFlatten,
    FastGlobalAveragePool,
    FastLayer,
    FastLinear,
    FastMaxPool,
    FastReLU,
    to_channels_last,
)
from mnistspec.training.fast.memory import keep_freed_memory
from mnistspec.training.fast.normalization import FastBatchNorm
from mnistspec.training.randomness import Purpose, make_generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


def to_fastest_order(images: Tensor) -> Tensor:
    """Return maps in the order that their device is fastest with: channels last, but on MPS as they are."""
    return images if images.device.type == "mps" else to_channels_last(images)


# By exact class: a class derived from one of these may compute anything.
_LAYERS: Mapping[type[nn.Module], type[FastLayer[Any]]] = {
    nn.Conv2d: FastConvolution,
    nn.Linear: FastLinear,
    nn.ReLU: FastReLU,
    nn.BatchNorm1d: FastBatchNorm,
    nn.BatchNorm2d: FastBatchNorm,
    nn.Dropout: FastDropout,
    nn.MaxPool2d: FastMaxPool,
    nn.AdaptiveAvgPool2d: FastGlobalAveragePool,
    nn.Flatten: FastFlatten,
}


class AcceleratedNetwork(nn.Module):
    """A model with a faster training mode on the CPU; in evaluation mode, and on other devices, it is the model itself.

    It has the model's own parameters and buffers, so the model is trained when this is. Hooks of the model's modules do
    not run in the faster mode. Maps are in channels-last order on the CPU and on CUDA, where that is faster, and not on
    MPS, where it is slower.
    """

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        keep_freed_memory()
        self.model = model
        self.source = DropoutSource()
        self.layers = _make_layers(model, self.source)
        self.has_autograd_layers = any(isinstance(layer, AutogradLayer) for layer in self.layers)

    def begin_step(self, seed: int, epoch: int, step: int) -> None:
        """Let dropout draw what belongs to this step."""
        self.source.generator = make_generator(seed, epoch, step, Purpose.DROPOUT)
        if self.has_autograd_layers or self._device_type() != "cpu":  # then torch's own modules draw
            torch.manual_seed(int(self.source.generator.integers(2**63)))

    def _device_type(self) -> str:
        parameter = next(self.model.parameters(), None)
        return parameter.device.type if parameter is not None else "cpu"

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, classes) for images (n, channels, height, width)."""
        images = to_fastest_order(images)
        if not self.training or images.device.type != "cpu":
            return _as_tensor(self.model(images))
        parameters = [parameter for layer in self.layers for parameter in layer.parameters]
        # Operations cost less where torch need not think of its automatic gradient, which an AutogradLayer uses.
        mode = nullcontext if self.has_autograd_layers else torch.inference_mode
        return _as_tensor(_Chain.apply(self.layers, mode, images, *parameters))


class _Chain(torch.autograd.Function):
    """The layers one after the other, as one function to torch's automatic gradient."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's own
        layers: list[FastLayer[Any]],
        mode: Callable[[], AbstractContextManager[Any]],
        values: Tensor,
        *_parameters: Tensor,
    ) -> Tensor:
        ctx.layers, ctx.mode, ctx.kept = layers, mode, []
        is_kept = True  # by whoever gave the images
        with mode():
            for layer in layers:
                values, kept = layer.forward(values.clone() if is_kept and layer.overwrites else values)
                is_kept = layer.keeps_output or (is_kept and layer.shares)
                ctx.kept.append(kept)
        return values.clone()  # what was made in inference mode may not leave

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 - torch's own
        of_all: list[Tensor | None] = []
        with ctx.mode():
            of_values: Tensor | None = gradient.clone()  # layers write into it
            for index in reversed(range(len(ctx.layers))):
                needs_input = index > 0 or ctx.needs_input_grad[2]
                of_values, of_parameters = ctx.layers[index].backward(ctx.kept.pop(), of_values, needs_input)
                of_all[:0] = of_parameters
        return (None, None, *(None if each is None else each.clone() for each in (of_values, *of_all)))


def _make_layers(model: nn.Sequential, source: DropoutSource) -> list[FastLayer[Any]]:
    """Return a model's layers.

    A dropout after a batch norm is done by it, past a ReLU as well: what is dropped is zero on both sides of that.
    """
    layers: list[FastLayer[Any]] = []
    for module in _list_modules(model):
        kind = _LAYERS.get(type(module), AutogradLayer)
        layer = (kind if kind.suits(module) else AutogradLayer)(module, source)
        before = next((layer for layer in reversed(layers[-2:]) if not isinstance(layer, FastReLU)), None)
        if not (isinstance(layer, FastDropout) and isinstance(before, FastBatchNorm) and before.take_over(layer)):
            layers.append(layer)
    return layers


def _list_modules(model: nn.Sequential) -> Iterator[nn.Module]:
    """Yield the modules that change something, those of nested models as well."""
    for module in model:
        if type(module) is nn.Sequential:
            yield from _list_modules(module)
        elif not (isinstance(module, nn.Identity) or (isinstance(module, nn.Dropout) and module.p == 0)):
            yield module


def _as_tensor(output: object) -> Tensor:
    """Return the output of a call that torch gives no type."""
    assert isinstance(output, Tensor)  # noqa: S101 - for the type checker
    return output
