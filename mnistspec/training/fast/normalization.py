"""Batch normalisation, and the dropout that follows it, with their gradient written by hand."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mnistspec.training.fast.dropout import FastDropout, drop
from mnistspec.training.fast.layers import DropoutSource, FastLayer, Gradients, aten


@dataclass(frozen=True)
class Kept:
    """What a forward pass leaves for backward.

    The input as rows; per channel its mean, 1 / deviation, and what its values were multiplied by; what was dropped.
    """

    rows: Tensor
    mean: Tensor
    inverse: Tensor
    factor: Tensor
    dropped: Tensor | None


class FastBatchNorm(FastLayer[nn.BatchNorm1d | nn.BatchNorm2d]):
    """BatchNorm1d or BatchNorm2d in training mode (Ioffe and Szegedy, 2015), on rows in which the channels alternate.

    To torch's kernels every place of a row is a channel of its own, so that they work on long vectors; the places of a
    channel are then joined. For as few channels as these networks have, torch's kernels take two to four times as long.

    A dropout of its output leaves only the zeros to be written: its scale is a part of the factors by channel.
    """

    def __init__(self, module: nn.BatchNorm1d | nn.BatchNorm2d, source: DropoutSource) -> None:
        super().__init__(module, source)
        self.dropout: FastDropout | None = None
        self.scale = 1.0

    def take_over(self, dropout: FastDropout) -> bool:
        """Do the dropout of the output as well, and return whether that can be: there is one at most."""
        if self.dropout is not None:
            return False
        self.dropout, self.scale = dropout, dropout.scale
        return True

    def forward(self, values: Tensor) -> tuple[Tensor, Kept]:
        module, rows, channels = self.module, _to_rows(values), values.shape[1]
        if len(rows) * rows.shape[1] == channels:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {values.shape}")
        means, variances = aten.batch_norm_update_stats(rows, None, None, 0.0)
        # The variance of everything is the mean variance of the parts plus the variance of their means.
        variance, mean = torch.var_mean(means.view(-1, channels), 0, correction=0)
        variance += variances.view(-1, channels).mean(0)
        inverse = (variance + module.eps).rsqrt_()
        self._update_running(mean, variance, rows.numel() // channels)
        factor = inverse if module.weight is None else inverse * module.weight
        if self.dropout is not None:
            factor = factor * self.scale
        constant = (mean * factor).neg_()
        if module.bias is not None:
            constant.add_(module.bias, alpha=self.scale)
        output = torch.addcmul(_repeat(constant, rows), rows, _repeat(factor, rows))
        dropped = None if self.dropout is None else self.dropout.draw(output.numel())
        if dropped is not None:
            drop(output, dropped)
        return _from_rows(output, values), Kept(rows, mean, inverse, factor, dropped)

    def _update_running(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Update the module's running statistics with those of ``count`` values a channel."""
        module = self.module
        if module.running_mean is None or module.running_var is None or module.num_batches_tracked is None:
            return
        module.num_batches_tracked.add_(1)
        momentum = module.momentum if module.momentum is not None else 1 / int(module.num_batches_tracked)
        module.running_mean.lerp_(mean, momentum)
        module.running_var.lerp_(variance * (count / (count - 1)), momentum)

    def backward(self, kept: Kept, gradient: Tensor, needs_input: bool) -> Gradients:
        """Return (w / s) (g - mean(g) - z mean(g z)) for the input, sum(g z) for the weight w and sum(g) for the bias.

        g is the gradient of the normalised output, s the deviation and z the normalised input.
        """
        module, channels, grads = self.module, gradient.shape[1], _to_rows(gradient)
        if kept.dropped is not None:
            grads = grads.contiguous()
            drop(grads, kept.dropped)
        mean, inverse = _repeat(kept.mean, kept.rows), _repeat(kept.inverse, kept.rows)
        _, weights, biases = aten.native_batch_norm_backward(
            grads, kept.rows, None, None, None, mean, inverse, True, module.eps, [False, True, True]
        )
        of_weight, of_bias = weights.view(-1, channels).sum(0), biases.view(-1, channels).sum(0)
        of_input = self._input_gradient(kept, grads, of_weight, of_bias) if needs_input else None
        of_parameters = () if module.weight is None else (of_weight * self.scale, of_bias * self.scale)
        return None if of_input is None else _from_rows(of_input, gradient), of_parameters

    def _input_gradient(self, kept: Kept, grads: Tensor, of_weight: Tensor, of_bias: Tensor) -> Tensor:
        """Return the gradient of the rows, written over that of the output: per channel a g + b x + c."""
        share = kept.factor * (-len(of_bias) / grads.numel())
        b = (share * kept.inverse).mul_(of_weight)
        c = (share * of_bias).addcmul_(b, kept.mean, value=-1)
        rest = torch.addcmul(_repeat(c, grads), kept.rows, _repeat(b, grads))
        return torch.addcmul(rest, grads, _repeat(kept.factor, grads), out=grads)


def _to_rows(values: Tensor) -> Tensor:
    """Return (n, c) as it is, and (n, c, h, w) as (n * h, w * c): a view of maps in channels-last order."""
    if values.dim() == 2:
        return values
    moved = values.movedim(1, -1)
    return moved.reshape(-1, moved.shape[-2] * moved.shape[-1])


def _from_rows(rows: Tensor, like: Tensor) -> Tensor:
    """Return rows in the shape of the tensor that they were made from; a view."""
    return rows if like.dim() == 2 else rows.view(like.movedim(1, -1).shape).movedim(-1, 1)


def _repeat(per_channel: Tensor, rows: Tensor) -> Tensor:
    """Return (c,) repeated to the length of a row."""
    return per_channel.expand(rows.shape[1] // len(per_channel), -1).reshape(-1)
