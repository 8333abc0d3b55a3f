"""What a network sees in an image: the input, which pixels matter, the probabilities, the maps of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mnistspec.views.formats import format_share
from mnistspec.views.pictures.page import (
    BLUE,
    FAINT,
    GREY,
    MARGIN,
    TEXT_SIZE,
    Page,
    make_printable,
    measure_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from torch import Tensor

    from mnistspec.network.inspection import Box, InspectedLayer, Sight

_SHOWN = 64  # maps at most
_FEATURES = 512
_IMAGE, _GAP, _HEADING = 224, 28, 26  # pixels
_BARS, _ROW = 330, 22.4
_BODY = 2 * _IMAGE + 2 * _GAP + _BARS
_TILE, _FEATURE, _BETWEEN = 96, 22, 6
_MARK = "#ffd500"
# Black at 0, orange above, blue below, lighter towards the ends: the demo's palette.
_SIGNED = LinearSegmentedColormap.from_list("signed", ["#aadcff", "#0072b2", "#000000", "#d55e00", "#ffd696"])


def draw_inspection(
    image: Tensor,
    probabilities: Tensor,
    sight: Sight,
    layer: InspectedLayer,
    class_names: Sequence[str],
    *,
    position: tuple[int, int] | None = None,
    title: str,
) -> Page:
    """Return a page on one image, uint8 (height, width), and what a network made of it.

    ``probabilities`` are (classes,), ``sight`` is that of ``layer``; what its output at ``position`` (row, column)
    sees is outlined on the input. Raises UsageError for a position that the layer does not have.
    """
    box = None if position is None else layer.receptive_box(*position)
    maps = sight.maps[: _SHOWN if layer.is_map else _FEATURES].nan_to_num(0, 0, 0)
    tile = _TILE if layer.is_map else _FEATURE
    rows = -(-len(maps) // ((_BODY + _BETWEEN) // (tile + _BETWEEN)))
    columns = -(-len(maps) // rows)
    below = _HEADING + _IMAGE + 40 + _HEADING
    page = Page(_BODY + 2 * MARGIN, below + rows * (tile + _BETWEEN) + MARGIN, title, _describe(layer, position, box))
    axes = _cover(page)
    _draw_images(page, axes, image, sight.saliency, box)
    _draw_bars(page, axes, probabilities.tolist(), class_names)
    page.add_text(MARGIN, below - _HEADING, _describe_maps(layer, len(sight.maps), len(maps)))
    size = float(maps.abs().max()) or 1.0
    pixels = maps if layer.is_map else maps[:, None, None]
    for place, one in enumerate(pixels.numpy(force=True)):
        row, column = divmod(place, columns)
        x, y = MARGIN + column * (tile + _BETWEEN), below + row * (tile + _BETWEEN)
        axes.imshow(_SIGNED(0.5 + 0.5 * one / size), extent=(x, x + tile, y + tile, y), interpolation="nearest")
        if position is not None:
            height, width = (tile / side for side in one.shape)
            _outline(axes, x + position[1] * width, y + position[0] * height, width, height, 1)
    _limit(page, axes)
    return page


def _describe(layer: InspectedLayer, position: tuple[int, int] | None, box: Box | None) -> str:
    if position is None or box is None:
        return ""
    (top, bottom), (left, right) = box.rows, box.columns
    row, column = position
    padding = ", which reach into the padding" if min(top, left) < 0 or max(bottom, right) > 27 else ""
    return f"{layer.name} at row {row}, column {column} sees rows {top} to {bottom}, columns {left} to {right}{padding}"


def _describe_maps(layer: InspectedLayer, count: int, shown: int) -> str:
    shape = "x".join(map(str, layer.layer.output_shape))
    which = "" if shown == count else f", the first {shown:,} of {count:,}"
    return f"{layer.name}: {shape}{which}; orange is above 0, blue below"


def _cover(page: Page) -> Axes:
    """Return a plot as large as the page's body, whose units are pixels from its left upper corner."""
    axes = page.add_axes(0, 0, page.width, page.height - page.top)
    axes.set_axis_off()
    return axes


def _limit(page: Page, axes: Axes) -> None:
    """Set the limits, which every image moves."""
    axes.set_aspect("auto")
    axes.set_xlim(0, page.width)
    axes.set_ylim(page.height - page.top, 0)


def _draw_images(page: Page, axes: Axes, image: Tensor, saliency: Tensor, box: Box | None) -> None:
    """Draw the input, and again with the gradient laid over it."""
    left, right, y = MARGIN, MARGIN + _IMAGE + _GAP, _HEADING
    page.add_text(left, 4, "what the network gets: 28x28")
    page.add_text(right, 4, "which pixels matter")
    grey = image.numpy(force=True)[..., None].repeat(3, 2) / 255
    gradient = saliency.nan_to_num(0, 0, 0).numpy(force=True)
    share = abs(gradient / (abs(gradient).max() or 1.0))[..., None]
    tone = _SIGNED(0.5 + 0.3 * ((gradient > 0).astype(float) - (gradient < 0)))[..., :3]
    for x, pixels in ((left, grey), (right, 0.6 * grey * (1 - share) + tone * share)):
        axes.imshow(pixels, extent=(x, x + _IMAGE, y + _IMAGE, y), interpolation="nearest")
    page.add_text(right, y + _IMAGE + 4, "light speaks for it at orange, against it at blue", size=7, color=GREY)
    if box is not None:
        scale = _IMAGE / image.shape[0]
        (top, bottom), (first, last) = box.rows, box.columns
        outline = left + first * scale, y + top * scale, (last - first + 1) * scale, (bottom - top + 1) * scale
        _outline(axes, *outline, 2).set_clip_path(Rectangle((left, y), _IMAGE, _IMAGE, transform=axes.transData))


def _draw_bars(page: Page, axes: Axes, shares: Sequence[float], class_names: Sequence[str]) -> None:
    names = [make_printable(name) for name in class_names]
    best = max(range(len(shares)), key=shares.__getitem__)
    x = MARGIN + 2 * (_IMAGE + _GAP)
    bar = x + max(measure_text(name, TEXT_SIZE, "bold") for name in names) + 10
    room = x + _BARS - 80 - bar
    page.add_text(x, 4, "probabilities")
    for place, (name, share) in enumerate(zip(names, shares, strict=True)):
        middle = _HEADING + (place + 0.5) * _ROW
        weight: Literal["normal", "bold"] = "bold" if place == best else "normal"
        page.add_text(x, middle, name, weight=weight, valign="center")
        page.add_text(x + _BARS, middle, format_share(share, 1), weight=weight, align="right", valign="center")
        axes.add_patch(Rectangle((bar, middle - 5), room, 10, facecolor=FAINT, edgecolor="none"))
        axes.add_patch(
            Rectangle((bar, middle - 5), room * share, 10, facecolor=BLUE if place == best else GREY, edgecolor="none")
        )


def _outline(axes: Axes, x: float, y: float, width: float, height: float, line: float) -> Rectangle:
    rectangle = Rectangle((x, y), width, height, facecolor="none", edgecolor=_MARK, linewidth=line)
    axes.add_patch(rectangle)
    return rectangle
