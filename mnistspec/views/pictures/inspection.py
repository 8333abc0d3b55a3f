"""What a network sees in an image: the input, which pixels matter, the probabilities, the maps of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mnistspec.views.pictures.canvas import (
    BLUE,
    GREY,
    MARGIN,
    RULE,
    TEXT_SIZE,
    Canvas,
    cut_text,
    measure_text,
    paint,
    theme,
)
from mnistspec.views.pictures.sizes import resize
from mnistspec.views.writing import format_share
from mnistspec.wording import plural, write_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from mnistspec.language.shapes import Box, TracedLayer
    from mnistspec.network.inspection import Sight

_SHOWN = 64  # maps at most
_FEATURES = 512
_IMAGE, _GAP, _HEADING = 224, 28, 26  # pixels
_BARS, _ROW = 330, 22.4
_ROWS, _NAME = 10, 170  # classes, and pixels of a name, at most
_BODY = 2 * _IMAGE + 2 * _GAP + _BARS
_TILE, _FEATURE, _BETWEEN = 96, 22, 6
_MARK = "#ffd500"
# Black at 0, orange above, blue below, lighter towards the ends: the demo's palette.
_SIGNED = LinearSegmentedColormap.from_list("signed", ["#aadcff", "#0072b2", "#000000", "#d55e00", "#ffd696"])


@theme()
def draw_inspection(
    image: np.ndarray,
    probabilities: Sequence[float],
    sight: Sight,
    layer: TracedLayer,
    class_names: Sequence[str],
    *,
    position: tuple[int, int] | None = None,
    title: str,
) -> Canvas:
    """Return a canvas on one image, uint8 (channels, height, width), and what a network made of it.

    ``probabilities`` are (classes,), ``sight`` is that of ``layer``; what its output at ``position`` (row, column)
    sees is outlined on the input. Raises UsageError for a position that the layer does not have.
    """
    box = None if position is None else layer.receptive_box(*position)
    maps = _drop_infinite(sight.maps[: _SHOWN if layer.is_map else _FEATURES])
    pixels = maps if layer.is_map else maps[:, None, None]
    tall, tile = _fill(pixels.shape[1:], _TILE if layer.is_map else _FEATURE)
    rows = -(-len(maps) // ((_BODY + _BETWEEN) // (tile + _BETWEEN)))
    columns = -(-len(maps) // rows)
    below = _HEADING + _IMAGE + 40 + _HEADING
    canvas = Canvas(
        _BODY + 2 * MARGIN,
        below + rows * (tall + _BETWEEN) + MARGIN,
        title,
        _describe(layer, position, box, image.shape[1:]),
    )
    axes = canvas.add_cover()
    _draw_images(canvas, axes, image, sight.saliency, box)
    _draw_bars(canvas, axes, probabilities, class_names)
    canvas.add_text(MARGIN, below - _HEADING, _describe_maps(layer, len(sight.maps), len(maps)))
    size = float(abs(maps).max()) or 1.0
    for place, one in enumerate(pixels):
        row, column = divmod(place, columns)
        x, y = MARGIN + column * (tile + _BETWEEN), below + row * (tall + _BETWEEN)
        shown = _reduce(one, (tall, tile))
        axes.imshow(_SIGNED(0.5 + 0.5 * shown / size), extent=(x, x + tile, y + tall, y))
        if position is not None:
            height, width = tall / one.shape[0], tile / one.shape[1]
            _outline(axes, x + position[1] * width, y + position[0] * height, width, height, 1)
    return canvas


def _describe(layer: TracedLayer, position: tuple[int, int] | None, box: Box | None, size: tuple[int, ...]) -> str:
    if position is None or box is None:
        return ""
    (top, bottom), (left, right) = box.rows, box.columns
    row, column = position
    is_beyond = min(top, left) < 0 or bottom >= size[0] or right >= size[1]
    padding = ", which reach into the padding" if is_beyond else ""
    return f"{layer.name} at row {row}, column {column} sees rows {top} to {bottom}, columns {left} to {right}{padding}"


def _describe_maps(layer: TracedLayer, count: int, shown: int) -> str:
    shape = write_shape(layer.output_shape)
    which = "" if shown == count else f", the first {shown:,} of {count:,}"
    return f"{layer.name}: {shape}{which}; orange is above 0, blue below"


def _draw_images(canvas: Canvas, axes: Axes, image: np.ndarray, saliency: ArrayLike, box: Box | None) -> None:
    """Draw the input, and again with the gradient laid over it."""
    left, right, y = MARGIN, MARGIN + _IMAGE + _GAP, _HEADING
    canvas.add_text(left, 4, f"what the network gets: {write_shape(image.shape[1:])}")
    canvas.add_text(right, 4, "which pixels matter")
    height, width = size = _fill(image.shape[1:], _IMAGE)
    colours, gradient = paint(_reduce(image, size) / 255), _reduce(_drop_infinite(saliency), size)
    share = abs(gradient / (abs(gradient).max() or 1.0))[..., None]
    tone = _SIGNED(0.5 + 0.3 * ((gradient > 0).astype(float) - (gradient < 0)))[..., :3]
    for x, pixels in ((left, colours), (right, 0.6 * colours * (1 - share) + tone * share)):
        axes.imshow(pixels, extent=(x, x + width, y + height, y))
    canvas.add_text(right, y + _IMAGE + 4, "light speaks for it at orange, against it at blue", size=7, color=GREY)
    if box is not None:
        scale = height / image.shape[1]
        (top, bottom), (first, last) = box.rows, box.columns
        outline = left + first * scale, y + top * scale, (last - first + 1) * scale, (bottom - top + 1) * scale
        _outline(axes, *outline, 2).set_clip_path(Rectangle((left, y), width, height, transform=axes.transData))


def _fill(size: Sequence[int], room: int) -> tuple[int, int]:
    """Return the height and width at which an image's longer side is as long as there is room."""
    height, width = size
    longest = max(height, width)
    return max(1, round(room * height / longest)), max(1, round(room * width / longest))


def _reduce(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return an image (..., height, width) in this size if it is larger; matplotlib enlarges the others."""
    return resize(image, size) if image.shape[-2] > size[0] or image.shape[-1] > size[1] else image


def _drop_infinite(values: ArrayLike) -> np.ndarray:
    numbers = np.asarray(values)
    return np.where(np.isfinite(numbers), numbers, 0)


def _draw_bars(canvas: Canvas, axes: Axes, shares: Sequence[float], class_names: Sequence[str]) -> None:
    """Draw the probabilities in the classes' order; of many, those of the most probable, and what the others have."""
    order = sorted(range(len(shares)), key=lambda place: -shares[place])
    best = order[0]
    shown = sorted(order) if len(order) <= _ROWS else order[: _ROWS - 1]
    x = MARGIN + 2 * (_IMAGE + _GAP)
    names = [cut_text(class_names[place], _NAME, TEXT_SIZE, "bold") for place in shown]
    rows = [(name, shares[place], place == best) for name, place in zip(names, shown, strict=True)]
    if len(shown) < len(order):
        rest = order[len(shown) :]
        rows.append((plural(len(rest), "other"), sum(shares[place] for place in rest), False))
    bar = x + max(measure_text(name, TEXT_SIZE, "bold") for name, _, _ in rows) + 10
    room = x + _BARS - 80 - bar
    canvas.add_text(x, 4, "probabilities")
    for place, (name, share, is_best) in enumerate(rows):
        middle = _HEADING + (place + 0.5) * _ROW
        weight: Literal["normal", "bold"] = "bold" if is_best else "normal"
        canvas.add_text(x, middle, name, weight=weight, valign="center")
        canvas.add_text(x + _BARS, middle, format_share(share, 1), weight=weight, align="right", valign="center")
        axes.add_patch(Rectangle((bar, middle - 5), room, 10, facecolor=RULE, edgecolor="none"))
        axes.add_patch(
            Rectangle((bar, middle - 5), room * share, 10, facecolor=BLUE if is_best else GREY, edgecolor="none")
        )


def _outline(axes: Axes, x: float, y: float, width: float, height: float, line: float) -> Rectangle:
    rectangle = Rectangle((x, y), width, height, facecolor="none", edgecolor=_MARK, linewidth=line)
    axes.add_patch(rectangle)
    return rectangle
