"""A network in stages, as a picture has room for them: a block that changes shapes, with those that follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.views.writing import write_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.language.vocabulary.block import Block, Shape

_LINES = 7  # of a stage, below its name


@dataclass(frozen=True)
class Stage:
    """A few blocks: the name of the first, what there is to be said of all, and what they make of one image."""

    name: str
    kind: str  # of the first block; input before it
    lines: tuple[str, ...]
    output_shape: Shape
    params: int
    receptive_field: int


def find_stages(layers: Sequence[TracedLayer], input_shape: Shape) -> list[Stage]:
    """Return the stages of a network; the first is its input, with what comes before any block that changes shapes."""
    groups: list[list[TracedLayer]] = [[]]
    for layer in layers:
        if not layer.block.keeps_shape:
            groups.append([])
        groups[-1].append(layer)
    return [_make_stage(group, input_shape) for group in groups]


def _make_stage(layers: list[TracedLayer], input_shape: Shape) -> Stage:
    first = layers[0] if layers else None
    if first is not None and not first.block.keeps_shape:
        name, kind, lines, rest = first.name, first.block.kind, _describe(first.block), layers[1:]
    else:
        name, kind, lines, rest = "input", "input", [], layers
    lines += [_write(layer.block) for layer in rest]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"and {len(lines) - _LINES + 1} more"]
    return Stage(
        name=name,
        kind=kind,
        lines=tuple(lines),
        output_shape=layers[-1].output_shape if layers else input_shape,
        params=sum(layer.params for layer in layers),
        receptive_field=layers[-1].receptive_field if layers else 1,
    )


def _describe(block: Block) -> list[str]:
    """Return the arguments of a block that changes shapes, but for what its output and its parameters show."""
    lines = []
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        if name == "kernel_size":
            lines.append(f"{value}x{value}")
        elif not name.startswith("out_") and name != "bias" and value != field.default:
            lines.append(f"{name} {write_value(value)}")
    return lines


def _write(block: Block) -> str:
    """Return a block's word and its one obvious argument."""
    return f"{block.word} {write_value(getattr(block, block.scalar))}" if block.scalar else block.word
