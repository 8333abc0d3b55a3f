"""How much memory a network takes, by arithmetic from what its layers make of one image."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLOAT, _INDEX = 4, 8  # bytes
_FEW = 0.1  # with a smaller p, a dropout keeps the positions of what it dropped, with a larger one a factor a value
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
# What backward needs of a layer: its input, its output, or neither; both of a layer that is not named here.
_INPUT = (nn.Conv2d, nn.Linear, nn.MaxPool2d, *_BATCH_NORMS)
_OUTPUT = (nn.ReLU,)
_NEITHER = (nn.Dropout, nn.Flatten, nn.AdaptiveAvgPool2d)


@dataclass(frozen=True)
class Footprint:
    """Bytes that a network takes for each image, beside its parameters.

    ``kept`` bytes stay from the forward to the backward pass, up to ``passing`` come and go with a layer in either.
    ``single`` describes the first batch norm that gets a single value a channel of each image; "" if there is none.
    """

    kept: int
    passing: int
    single: str

    @property
    def learning(self) -> int:
        """Bytes that a training step takes for each image."""
        return self.kept + self.passing


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into eval mode, and afterwards each of its modules into the mode that it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@torch.inference_mode()
def measure_footprint(model: nn.Module, image: Tensor) -> Footprint:
    """Return what a model takes for each image, from its layers' outputs for one, (1, channels, height, width).

    The model's mode and buffers stay as they are, and no random number is drawn.
    """
    kept: dict[int, Tensor] = {}  # by address, since layers share tensors
    masks, passing, single = 0.0, 0, ""
    names = {module: name for name, module in model.named_modules() if not any(module.children())}

    def look(module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        nonlocal masks, passing, single
        values, *_ = inputs
        if not (isinstance(values, Tensor) and isinstance(output, Tensor)):
            return
        if not isinstance(module, _OUTPUT + _NEITHER):
            kept[values.data_ptr()] = values
        if not isinstance(module, _INPUT + _NEITHER):
            kept[output.data_ptr()] = output
        masks += _mask_bytes(module, output)
        passing = max(passing, _FLOAT * (values.numel() + output.numel() * (2 if _rearranges(module) else 1)))
        if isinstance(module, _BATCH_NORMS) and values.numel() == values.shape[1] and not single:
            single = f"{names[module]} on {values.shape[1]} features"

    hooks = [module.register_forward_hook(look) for module in names]
    try:
        with eval_mode(model):
            model(image)
    finally:
        for hook in hooks:
            hook.remove()
    return Footprint(int(masks) + sum(tensor.nbytes for tensor in kept.values()), passing, single)


def _mask_bytes(module: nn.Module, output: Tensor) -> float:
    """Return the bytes of what a layer keeps of its choices: which values it took, or dropped."""
    if isinstance(module, nn.MaxPool2d):
        return _INDEX * output.numel()
    if not isinstance(module, nn.Dropout):
        return 0
    if output.device.type != "cpu":  # not in place: a copy, and a boolean for each value
        return output.nbytes + output.numel()
    return output.numel() * (_INDEX * module.p if module.p < _FEW else _FLOAT)


def _rearranges(module: nn.Module) -> bool:
    """Return whether a layer makes a second copy of its output in another order: measured of oneDNN's convolutions."""
    return isinstance(module, nn.Conv2d) and module.kernel_size != (1, 1)


def count_parameter_bytes(model: nn.Module, moments: dict[str, Tensor]) -> int:
    """Return the bytes that learning adds to a model: gradients, a copy while they are made, best weights, moments."""
    weights: int = sum(tensor.nbytes for tensor in model.state_dict().values())
    return 3 * weights + sum(tensor.nbytes for tensor in moments.values())
