"""A network in numbers: torchinfo counts the built modules, the spec's arithmetic adds jump and receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torchinfo
from torch import nn

from mnistspec.errors import check_type
from mnistspec.language.spec import Spec
from mnistspec.network.builder import sketch_model
from mnistspec.wording import html_table, write_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.language.shapes import TracedLayer


@dataclass(frozen=True)
class Row:
    """One block; ``kernel``, ``stride``, ``jump`` and ``receptive_field`` are sides of squares, in pixels."""

    index: int
    name: str
    block: str
    line: int | None
    output_shape: tuple[int, ...]
    params: int
    macs: int
    kernel: int
    stride: int
    jump: int
    receptive_field: int


@dataclass(frozen=True)
class Summary:
    """The rows of a network and their totals; ``macs`` counts the multiply-accumulates of one image, without biases."""

    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    total_params: int
    trainable_params: int
    macs: int
    receptive_field: int
    layers: tuple[Row, ...]

    def __repr__(self) -> str:
        """Return the totals in one line."""
        shapes = f"{write_shape(self.input_shape)} to {write_shape(self.output_shape)}"
        totals = f"{self.total_params:,} parameters, {self.macs:,} MACs"
        return f"{self.name}: {shapes}, {totals}, receptive field {self.receptive_field}x{self.receptive_field}"

    def _repr_html_(self) -> str:
        """Return a row a block for a notebook."""
        rows = [
            (
                row.name, write_shape(row.output_shape), f"{row.params:,}", f"{row.macs:,}",
                *map(str, (row.kernel, row.stride, row.jump, row.receptive_field)),
            )
            for row in self.layers
        ]  # fmt: skip
        head = ("layer", "output", "params", "MACs", "kernel", "stride", "jump", "receptive field")
        return html_table(head, rows, repr(self))


def summarize(spec: Spec, lines: Sequence[int] = ()) -> Summary:
    """Return the summary of a spec's network; ``lines`` are the places of its blocks in the spec file.

    No random number is drawn and no batch norm is updated.
    """
    check_type("the spec", spec, Spec)
    layers = spec.trace()
    model = sketch_model(spec)  # a forward pass on the meta device would cost a second of imports
    counted = _count(model, torch.zeros(spec.data.input_shape)[None])
    rows = tuple(_row(layer, lines[layer.index] if lines else None, counted) for layer in layers)
    return Summary(
        name=spec.name,
        input_shape=spec.data.input_shape,
        output_shape=rows[-1].output_shape,
        total_params=sum(row.params for row in rows),
        trainable_params=sum(p.numel() for p in model.parameters()),
        macs=sum(row.macs for row in rows),
        receptive_field=rows[-1].receptive_field,
        layers=rows,
    )


def _count(model: nn.Sequential, images: torch.Tensor) -> dict[str, tuple[tuple[int, ...], int]]:
    """Return the output shape (without the batch) and the parameters of each child, as torchinfo sees them."""
    # eval: in train mode torchinfo's forward would update the running statistics. cache_forward_pass stays off.
    result = torchinfo.summary(model, input_data=images, mode="eval", verbose=0)
    return {layer.var_name: (tuple(layer.output_size[1:]), max(layer.num_params, 0)) for layer in result.summary_list}


def _row(layer: TracedLayer, line: int | None, counted: dict[str, tuple[tuple[int, ...], int]]) -> Row:
    names = [name for name, _ in layer.modules]
    return Row(
        index=layer.index,
        name=layer.name,
        block=layer.block.word,
        line=line,
        output_shape=counted[names[-1]][0],
        params=sum(counted[name][1] for name in names),
        macs=layer.macs,
        kernel=layer.kernel,
        stride=layer.stride,
        jump=layer.jump,
        receptive_field=layer.receptive_field,
    )
