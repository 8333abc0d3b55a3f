"""A network as a picture: its stages from left to right, in as many rows as they need."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING, TypeAlias

from matplotlib.patches import FancyArrowPatch, Rectangle

from mnistspec.views.pictures.canvas import GREY, INK, MARGIN, RULE, SMALL_SIZE, VERMILION, Canvas, measure_text, theme
from mnistspec.views.stages import Stage, find_stages
from mnistspec.wording import write_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from mnistspec.language.spec import Spec

_Row: TypeAlias = "list[Stage]"

# From M. Okabe and K. Ito's palette, by the kind of a stage's first block.
_COLORS = {"convolution": "#56b4e9", "pool": "#e69f00", "ending": "#cc79a7", "features": "#009e73"}
_OTHER = "#bdbdbd"
# In pixels.
_ROOM = 1240  # for a row
_GUTTER = 104  # on its left, for what its lines are
_APART = 30  # between columns
_ROWS_APART = 40
_SLAB_HEIGHT, _SLAB_WIDTH, _LEAST, _MOST = 100, 58, 7, 90
_LINE = 18
_IMAGE = 32  # the side of the image in which a receptive field is shown


@theme()
def draw_network(spec: Spec) -> Canvas:
    """Return a canvas with a network: maps as wide as they have channels and as high as they are."""
    layers = spec.trace()
    stages = find_stages(layers, spec.data.input_shape)
    scale = _Scale(stages, spec.data.input_shape)
    rows = _wrap([scale.column(stage) for stage in stages], stages)
    drawings = [_RowDrawing(row, scale) for row in rows]
    width = _GUTTER + max(sum(scale.column(stage) for stage in row) for row in rows)
    field = layers[-1].receptive_field
    note = (
        f"{len(layers)} blocks, {spec.params:,} parameters, {spec.macs:,} MACs, receptive field {field}x{field}. "
        "Height: the side of the map. Width: the square root of its channels."
    )
    height = sum(drawing.height + _ROWS_APART for drawing in drawings)
    canvas = Canvas(max(620, width + 2 * MARGIN), height, spec.heading, note)
    axes = canvas.add_cover()
    top = 14
    for number, drawing in enumerate(drawings):
        drawing.draw(canvas, axes, top, continued=number > 0, continues=number < len(rows) - 1)
        top += drawing.height + _ROWS_APART
    return canvas


class _Scale:
    """How large things are, so that the largest fits."""

    def __init__(self, stages: Sequence[Stage], input_shape: Sequence[int]) -> None:
        maps = [stage.output_shape for stage in stages if len(stage.output_shape) == 3]
        self.side = _SLAB_HEIGHT / max(max(shape[1:]) for shape in maps)
        self.channel = _SLAB_WIDTH / sqrt(max(shape[0] for shape in maps))
        self.image = _IMAGE / max(input_shape[1:])
        self.sides = [self.image * side for side in input_shape[1:]]

    def slab(self, stage: Stage) -> tuple[float, float]:
        """Return width and height of a stage's output; features are maps of one pixel."""
        channels, *sides = stage.output_shape
        width = min(_MOST, max(_LEAST, self.channel * sqrt(channels)))
        return width, max(_LEAST, self.side * (sides[0] if sides else 1))

    def column(self, stage: Stage) -> int:
        """Return the width of a stage with its texts and the room to the next."""
        texts = [measure_text(text, SMALL_SIZE) for text in (*stage.lines, *_figures(stage))]
        return ceil(max(self.slab(stage)[0], measure_text(stage.name, SMALL_SIZE, "bold"), *texts)) + _APART


def _figures(stage: Stage) -> tuple[str, str, str]:
    """Return output shape, parameters and receptive field."""
    field = stage.receptive_field
    params = f"{stage.params:,}" if stage.params else "-"
    return write_shape(stage.output_shape), params, f"{field}x{field}"


def _wrap(widths: Sequence[int], stages: Sequence[Stage]) -> list[_Row]:
    """Return the stages in as few rows as there is room for, the rows about equally long."""
    room = _ROOM - _GUTTER
    fewest = len(_fill(widths, room))
    narrowest = next(width for width in range(max(widths), room + 1) if len(_fill(widths, width)) == fewest)
    return [[stages[index] for index in row] for row in _fill(widths, narrowest)]


def _fill(widths: Sequence[int], room: int) -> list[list[int]]:
    rows: list[list[int]] = [[]]
    for index, width in enumerate(widths):
        if rows[-1] and sum(widths[other] for other in rows[-1]) + width > room:
            rows.append([])
        rows[-1].append(index)
    return rows


class _RowDrawing:
    """One row of stages: slabs, below them the texts, below these the figures."""

    def __init__(self, row: _Row, scale: _Scale) -> None:
        self.row, self.scale = row, scale
        self.slabs = max(_LINE * 2, ceil(max(scale.slab(stage)[1] for stage in row)))
        self.texts = _LINE * (1 + max(len(stage.lines) for stage in row))
        self.height = self.slabs + 12 + self.texts + 8 + 2 * _LINE + 6 + _IMAGE + 4 + _LINE

    def draw(self, canvas: Canvas, axes: Axes, top: int, *, continued: bool, continues: bool) -> None:
        """Draw the stages below ``top``, with arrows from the row above and to the row below."""
        middle = top + self.slabs / 2
        left, end = float(MARGIN + _GUTTER), float(MARGIN + _GUTTER - _APART) if continued else None
        _draw_gutter(canvas, axes, self._figures(top))
        for stage in self.row:
            column = self.scale.column(stage)
            center = left + (column - _APART) / 2
            width, height = self.scale.slab(stage)
            if end is not None:
                _draw_arrow(axes, end + 3, center - width / 2 - 3, middle)
            corner, color = (center - width / 2, middle - height / 2), _COLORS.get(stage.kind, _OTHER)
            axes.add_patch(Rectangle(corner, width, height, facecolor=color, edgecolor=INK, linewidth=0.8))
            self._write(canvas, stage, center, top)
            self._draw_field(axes, stage, center, self._figures(top) + 2 * _LINE + 6)
            end = center + width / 2
            left += column
        if continues and end is not None:
            _draw_arrow(axes, end + 3, left - 4, middle)

    def _figures(self, top: int) -> int:
        return top + self.slabs + 12 + self.texts + 8

    def _write(self, canvas: Canvas, stage: Stage, center: float, top: int) -> None:
        """Write the name and the lines of a stage, and its figures."""
        y = top + self.slabs + 12
        canvas.add_text(center, y, stage.name, size=SMALL_SIZE, weight="bold", align="center")
        for number, line in enumerate(stage.lines, 1):
            canvas.add_text(center, y + number * _LINE, line, size=SMALL_SIZE, align="center")
        y = self._figures(top)
        shape, params, field = _figures(stage)
        canvas.add_text(center, y, shape, size=SMALL_SIZE, align="center")
        canvas.add_text(center, y + _LINE, params, size=SMALL_SIZE, color=GREY, align="center")
        canvas.add_text(center, y + 2 * _LINE + _IMAGE + 10, field, size=SMALL_SIZE, align="center")

    def _draw_field(self, axes: Axes, stage: Stage, center: float, y: float) -> None:
        """Draw how much of the image one output sees."""
        height, width = self.scale.sides
        middle, field = y + _IMAGE / 2, self.scale.image * stage.receptive_field
        for tall, wide, color, edge in (
            (height, width, "none", GREY),
            (min(height, field), min(width, field), (VERMILION, 0.75), "none"),
        ):
            corner = (center - wide / 2, middle - tall / 2)
            axes.add_patch(Rectangle(corner, wide, tall, facecolor=color, edgecolor=edge, linewidth=0.8))


def _draw_gutter(canvas: Canvas, axes: Axes, y: float) -> None:
    """Write on the left what the figures are; draw the line above them."""
    texts = {0: "output", _LINE: "parameters", 2 * _LINE + 6: "of the image,", 3 * _LINE + 6: "one output sees"}
    for offset, text in texts.items():
        canvas.add_text(MARGIN, y + offset, text, size=SMALL_SIZE, color=GREY)
    axes.plot([MARGIN, canvas.width - MARGIN], [y - 4, y - 4], color=RULE, linewidth=0.8)


def _draw_arrow(axes: Axes, start: float, end: float, y: float) -> None:
    axes.add_patch(
        FancyArrowPatch(
            (start, y), (end, y), arrowstyle="-|>", mutation_scale=7, color=GREY, linewidth=0.8, shrinkA=0, shrinkB=0
        )
    )
