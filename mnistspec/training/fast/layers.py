"""Layers with a gradient written by hand, for training on the CPU.

Each layer takes the place of one torch module, whose parameters and buffers it uses and updates, and computes the same.
It is faster because it works on maps in channels-last order, in place where nothing else needs the old values, and on
rows that are long enough for the processor's vector units.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

aten = torch.ops.aten
Gradients = tuple[Tensor | None, Sequence[Tensor | None]]  # of the input, and of each parameter in the module's order
M = TypeVar("M", bound=nn.Module)


def to_channels_last(values: Tensor) -> Tensor:
    """Return (n, c, ...) so that ``values.movedim(1, -1)`` is contiguous, strides of dimensions of size 1 included.

    torch leaves the strides of a map with one channel alone: a convolution's gradient then takes three times as long.
    """
    moved = values.movedim(1, -1)
    return moved.contiguous().view(-1).view(moved.shape).movedim(-1, 1)


@dataclass
class DropoutSource:
    """Where all dropout layers of a network draw from, one after the other."""

    generator: np.random.Generator = field(default_factory=np.random.default_rng)


class FastLayer(ABC, Generic[M]):
    """One step of a network's computation; between forward and backward it holds nothing itself."""

    overwrites = False  # whether forward writes into its input
    shares = False  # whether the output may be the input's memory, unchanged
    keeps_output = False  # whether the output must stay as it is until backward

    def __init__(self, module: M, source: DropoutSource) -> None:
        self.module, self.source = module, source
        self.parameters: Sequence[nn.Parameter] = tuple(module.parameters())

    @classmethod
    def suits(cls, module: M) -> bool:  # noqa: ARG003 - most take any module of their class
        """Whether the layer computes what this module computes."""
        return True

    @abstractmethod
    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        """Return the output, and what ``backward`` has to know of this pass."""

    @abstractmethod
    def backward(self, kept: Any, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ANN401 - each keeps its own
        """Return the gradients, given that of the output, which may be overwritten.

        Without ``needs_input`` nobody asks for that of the input.
        """


class FastConvolution(FastLayer[nn.Conv2d]):
    """Conv2d with zero padding."""

    @classmethod
    def suits(cls, module: nn.Conv2d) -> bool:
        return module.padding_mode == "zeros" and not isinstance(module.padding, str)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        values = to_channels_last(values)
        return self.module(values), values

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:
        module, has_bias = self.module, self.module.bias is not None
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


class FastLinear(FastLayer[nn.Linear]):
    """Linear over features."""

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        return self.module(values), values

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:
        rows = gradient.flatten(0, -2)
        of_weight = rows.t() @ kept.flatten(0, -2)
        of_parameters = (of_weight,) if self.module.bias is None else (of_weight, rows.sum(0))
        return gradient @ self.module.weight if needs_input else None, of_parameters


class FastReLU(FastLayer[nn.ReLU]):
    """Max(0, x), in place.

    A dropout may overwrite the output: it changes no sign but to zero, and there the gradient that comes back is zero.
    """

    overwrites = True

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        return values.relu_(), values

    def backward(self, kept: Tensor, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - it is cheap
        return aten.threshold_backward.grad_input(gradient, kept, 0, grad_input=gradient), ()


class FastMaxPool(FastLayer[nn.MaxPool2d]):
    """MaxPool2d."""

    @classmethod
    def suits(cls, module: nn.MaxPool2d) -> bool:
        return not module.return_indices

    def _arguments(self) -> tuple[list[int] | bool, ...]:
        module = self.module
        sizes = (module.kernel_size, module.stride, module.padding, module.dilation)
        return (*map(_pair, sizes), module.ceil_mode)

    def forward(self, values: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        values = to_channels_last(values)
        output, winners = aten.max_pool2d_with_indices(values, *self._arguments())
        return output, (values, winners)

    def backward(self, kept: tuple[Tensor, Tensor], gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        values, winners = kept
        return aten.max_pool2d_with_indices_backward(gradient, values, *self._arguments(), winners), ()


class FastGlobalAveragePool(FastLayer[nn.AdaptiveAvgPool2d]):
    """AdaptiveAvgPool2d(1): (n, c, h, w) to (n, c, 1, 1)."""

    @classmethod
    def suits(cls, module: nn.AdaptiveAvgPool2d) -> bool:
        return module.output_size in {1, (1, 1)}

    def forward(self, values: Tensor) -> tuple[Tensor, torch.Size]:
        return values.mean((2, 3), keepdim=True), values.shape

    def backward(self, kept: torch.Size, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        return to_channels_last((gradient / (kept[2] * kept[3])).expand(kept)), ()


class FastFlatten(FastLayer[nn.Flatten]):
    """Flatten of all but the first dimension."""

    shares = True

    @classmethod
    def suits(cls, module: nn.Flatten) -> bool:
        return (module.start_dim, module.end_dim) == (1, -1)

    def forward(self, values: Tensor) -> tuple[Tensor, torch.Size]:
        return values.flatten(1), values.shape

    def backward(self, kept: torch.Size, gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        return gradient.reshape(kept), ()


class AutogradLayer(FastLayer[nn.Module]):
    """Any module, with torch's own gradient."""

    keeps_output = True

    def forward(self, values: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        with torch.enable_grad():
            leaf = values.detach().requires_grad_()
            # A module that works in place may write neither into a leaf nor into what the layer before it keeps.
            output = self.module(leaf.clone() if getattr(self.module, "inplace", False) else leaf)
        return output.detach(), (leaf, output)

    def backward(self, kept: tuple[Tensor, Tensor], gradient: Tensor, needs_input: bool) -> Gradients:  # noqa: ARG002 - as above
        leaf, output = kept
        wanted = [leaf, *(parameter for parameter in self.parameters if parameter.requires_grad)]
        of_input, *rest = torch.autograd.grad(output, wanted, gradient, allow_unused=True)
        found = iter(rest)
        of_parameters = [next(found) if parameter.requires_grad else None for parameter in self.parameters]
        return to_channels_last(of_input), of_parameters  # may have been one value in the place of many


def _pair(size: int | tuple[int, ...]) -> list[int]:
    return [size, size] if isinstance(size, int) else list(size)
