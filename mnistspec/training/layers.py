"""Layers with a gradient written by hand, for training on the CPU.

Each layer takes the place of one torch module, whose parameters and buffers it uses and updates, and computes the same. It
is faster because it works on maps in channels-last order, in place where nothing else needs the old values, and on rows that are long
enough for the processor's vector units. Gradients are given as (of the input, of each parameter).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

aten = torch.ops.aten
Gradients = tuple[Tensor | None, Sequence[Tensor | None]]


def to_channels_last(values: Tensor) -> Tensor:
    """Return (n, c, ...) so that ``values.movedim(1, -1)`` is contiguous, strides of dimensions of size 1 included.

    torch leaves the strides of an image with one channel ambiguous, and its convolution's gradient takes three times as long then.
    """
    moved = values.movedim(1, -1)
    return moved.contiguous().view(-1).view(moved.shape).movedim(-1, 1)


def to_rows(values: Tensor) -> Tensor:
    """Return (n, c) as it is and (n, c, h, w) as (n * h, w * c): channels alternate in each row. A view if in channels-last order."""
    if values.dim() == 2:
        return values
    moved = values.movedim(1, -1)
    return moved.reshape(-1, moved.shape[-2] * moved.shape[-1])


def from_rows(rows: Tensor, like: Tensor) -> Tensor:
    """Return rows in the shape of the tensor that they were made from; a view."""
    return rows if like.dim() == 2 else rows.view(like.movedim(1, -1).shape).movedim(-1, 1)


class Layer(ABC):
    """One step of the network's computation. A layer itself holds nothing between forward and backward."""

    overwrites = False  # whether forward writes into its input
    shares = False  # whether the output may be the input's memory unchanged
    keeps_output = False  # whether the output must stay as it is until backward

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """The parameters, in the order in which ``backward`` gives their gradients."""
        return ()

    @abstractmethod
    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        """Return the output, and what ``backward`` needs to know of this forward pass."""

    @abstractmethod
    def backward(self, kept: Any, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ANN401 - each layer keeps what it likes
        """Return the gradients, given that of the output, which may be overwritten."""


class Convolution(Layer):
    """Conv2d with zero padding."""

    def __init__(self, module: nn.Conv2d) -> None:
        self.module = module

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        return tuple(self.module.parameters())

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        values = to_channels_last(values)
        module = self.module
        args = (module.stride, module.padding, module.dilation, module.groups)
        return F.conv2d(values, module.weight, module.bias, *args), values

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:
        module = self.module
        has_bias = module.bias is not None
        of_input, *of_parameters = aten.convolution_backward(
            to_channels_last(gradient),
            kept,
            module.weight,
            [module.out_channels] if has_bias else None,
            module.stride,
            module.padding,
            module.dilation,
            False,  # not transposed
            [0, 0],
            module.groups,
            [needs_input, True, has_bias],
        )
        return of_input, of_parameters[: 1 + has_bias]


class Linear(Layer):
    """Linear over features."""

    def __init__(self, module: nn.Linear) -> None:
        self.module = module

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        return tuple(self.module.parameters())

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        return F.linear(values, self.module.weight, self.module.bias), values

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:
        rows = gradient.reshape(-1, gradient.shape[-1])
        of_parameters = [rows.t() @ kept.reshape(-1, kept.shape[-1])]
        if self.module.bias is not None:
            of_parameters.append(rows.sum(0))
        return gradient @ self.module.weight if needs_input else None, of_parameters


class ReLU(Layer):
    """Max(0, x), in place.

    A dropout may overwrite the output: it changes no sign but to zero, and there the gradient that comes back is zero as well.
    """

    overwrites = True

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        return values.relu_(), values

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - it is cheap
        return aten.threshold_backward.grad_input(gradient, kept, 0, grad_input=gradient), ()


class MaxPool(Layer):
    """MaxPool2d."""

    def __init__(self, module: nn.MaxPool2d) -> None:
        kernel, stride = module.kernel_size, module.stride
        self.arguments = (_pair(kernel), _pair(stride), _pair(module.padding), _pair(module.dilation), module.ceil_mode)

    def forward(self, values: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        values = to_channels_last(values)
        output, winners = aten.max_pool2d_with_indices(values, *self.arguments)
        return output, (values, winners)

    def backward(self, kept: tuple[Tensor, Tensor], gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        values, winners = kept
        return aten.max_pool2d_with_indices_backward(gradient, values, *self.arguments, winners), ()


class GlobalAveragePool(Layer):
    """AdaptiveAvgPool2d(1): (n, c, h, w) to (n, c, 1, 1)."""

    def forward(self, values: Tensor) -> tuple[Tensor, torch.Size]:
        return values.mean((2, 3), keepdim=True), values.shape

    def backward(self, kept: torch.Size, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        gradient = (gradient / (kept[2] * kept[3])).expand(kept)
        return gradient.contiguous(memory_format=torch.channels_last), ()


class Flatten(Layer):
    """Flatten of all but the first dimension."""

    shares = True

    def forward(self, values: Tensor) -> tuple[Tensor, torch.Size]:
        return values.flatten(1), values.shape

    def backward(self, kept: torch.Size, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        return gradient.view(kept), ()


class Plain(Layer):
    """Any other module: torch's own gradient of the module itself."""

    keeps_output = True

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        return tuple(parameter for parameter in self.module.parameters() if parameter.requires_grad)

    def forward(self, values: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        with torch.enable_grad():
            leaf = values.detach().requires_grad_()
            # A module that works in place may not write into a leaf, nor into what the layer before it keeps.
            output = self.module(leaf.clone() if getattr(self.module, "inplace", False) else leaf)
        return output.detach(), (leaf, output)

    def backward(self, kept: tuple[Tensor, Tensor], gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        leaf, output = kept
        of_input, *of_parameters = torch.autograd.grad(output, [leaf, *self.parameters], gradient, allow_unused=True)
        return of_input, of_parameters


def _pair(size: int | tuple[int, ...]) -> list[int]:
    return [size, size] if isinstance(size, int) else list(size)
