"""A new spec that fits images of the user's own: their size, a network that is deep enough, and a recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mnistspec.errors import UsageError
from mnistspec.formats.problems import SIZES, raise_errors
from mnistspec.language import dump
from mnistspec.language.manual.starter import check_name, write_head
from mnistspec.language.vocabulary.image_sets import OwnData
from mnistspec.wording import join_names, plural, quote, write_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.formats.image_set import Kind
    from mnistspec.language.vocabulary.datasets import Data

_LARGEST = 96  # pixels: images that are larger are made smaller, as they take long on a CPU
_SMALL, _LARGE = 32, 64  # pixels: what images of several sizes are brought to
_SMALLEST_MAP = 5  # of the last layer, in height or width: maxpool halves what is at least twice this
_MOST_CONVS = 6  # between two pools
# Channels by the number of stages, so that each network has less than 50,000 parameters with ten classes.
_CHANNELS = {1: (24,), 2: (16, 32), 3: (16, 24, 40), 4: (12, 16, 24, 36), 5: (8, 12, 16, 24, 40)}
_BATCH_SIZES = (128, 64, 32, 16, 8)
_FEWEST_STEPS = 10  # in an epoch, for the batch size
_STEPS = 3_000  # of the whole training, for the number of epochs
_NAMES = 10  # classes that are listed
_UNEVEN = 3  # times as many images in the largest class as in the smallest

_DEFAULTS = """\

defaults:
  conv: {{bias: false, padding: 1}}  # the bn after each conv has a bias of its own; maps keep their size

# After each maxpool the map is half as large, and there are more channels. The last conv sees {sight}.
layers:
"""
_RECIPE = """\

# The recipe for {images}. `mnistspec blocks train` tells its keys.
train:
  epochs: {epochs}
  batch_size: {batch_size}{remark}
  seed: 1
{weights}  optimizer: {{adamw: {{lr: 0.005, weight_decay: 1e-2}}}}
  scheduler: {{onecycle: {{max_lr: 0.005}}}}
  augment:                         # each image anew, in this order; training images only
    - rotation: 5
    - affine: {{translate: 0.06, scale: [0.9, 1.1]}}
{colour}"""
_WEIGHTS = "  class_weights: balanced          # the largest class has {largest:,} images, the smallest {smallest:,}\n"
_COLOUR = "    - color_jitter: {brightness: 0.1, contrast: 0.1}\n"


class _Images(NamedTuple):
    """What a spec has to fit: the data as it says them, the shape of an image, training images by class."""

    data: Data
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    counts: tuple[int, ...]
    remark: str = ""  # on the size


def fit_spec(path: Path, data: Data) -> str:
    """Return the text of a new spec for this path that fits the data, whose path is from the working folder.

    The images are looked at by their headers. Raises UsageError or CorruptError for data that cannot be trained on.
    """
    check_name(path)
    images = _survey(data)
    shape, classes = images.shape, len(images.classes)
    blocks, sight = design_network(*shape[1:])
    title = f"{classes:,} classes in images of {write_shape(shape)}"
    lines = [f"# {images.remark}\n"] if images.remark else []
    lines += [_write_data(images, path), "\n", _DEFAULTS.format(sight=_describe_sight(sight, shape))]
    lines += [f"  - {block}\n" for block in (*blocks, "gap", f"fc: {classes}")]
    return write_head(path, title) + "\n" + "".join(lines) + _write_recipe(images)


def _survey(data: Data) -> _Images:
    """Return what is to be known of the images, with the size that they are brought to where they need one."""
    if not isinstance(data, OwnData):
        classes = len(data.class_names)
        return _Images(data, data.class_names, data.input_shape, ((data.train_count or classes) // classes,) * classes)
    survey = data.open().survey()
    raise_errors([problem for problem in survey.problems if problem.code != SIZES])
    size, remark = (data.size, "") if data.size else _choose_size(survey.kinds)
    shape = (survey.channels, *(size or survey.size))
    return _Images(data.model_copy(update={"size": size}), survey.classes, shape, survey.by_class["train"], remark)


def _choose_size(kinds: Sequence[Kind]) -> tuple[tuple[int, int] | None, str]:
    """Return the height and width that images of several sizes, or large ones, are brought to, and why."""
    sizes = {(kind.height, kind.width) for kind in kinds}
    sides = sorted((max(kind.height, kind.width), kind.pictures) for kind in kinds)
    half, median = sum(kind.pictures for kind in kinds) / 2, 0
    for side, pictures in sides:
        half, median = half - pictures, side
        if half <= 0:
            break
    if len(sizes) > 1:
        side = _SMALL if median <= (_SMALL + _LARGE) / 2 else _LARGE
        return (side, side), (
            f"The images have {len(sizes):,} sizes, with a median of {median:,} pixels in the larger side: all are "
            "brought to this one."
        )
    ((height, width),) = sizes
    if max(height, width) <= _LARGEST:
        return None, ""
    share = _LARGE / max(height, width)
    size = (max(1, round(height * share)), max(1, round(width * share)))
    return (
        size,
        f"The images have {write_shape((height, width))} pixels; they are made smaller, which trains faster.",
    )


def design_network(height: int, width: int) -> tuple[list[str], int]:
    """Return the blocks before gap for images of this size, and how many pixels in each direction the last one sees."""
    stages, (low, high) = 1, sorted((height, width))
    while high // 2 >= _SMALLEST_MAP and low // 2 >= _SMALLEST_MAP // 2 and stages < max(_CHANNELS):
        stages, low, high = stages + 1, low // 2, high // 2
    blocks: list[str] = []
    sight = jump = 1
    for stage, channels in enumerate(_CHANNELS[stages], 1):
        convs = 0
        while convs < 2 or (stage == stages and sight < max(height, width) and convs < _MOST_CONVS):
            blocks += [f"conv: {channels}", "bn", "relu"]
            convs, sight = convs + 1, sight + 2 * jump
        if stage < stages:
            blocks.append("maxpool")
            sight, jump = sight + jump, 2 * jump
    return blocks, sight


def _describe_sight(sight: int, shape: tuple[int, int, int]) -> str:
    return "the whole image" if sight >= max(shape[1:]) else f"{sight}x{sight} pixels"


def _write_data(images: _Images, path: Path) -> str:
    """Return the entry of the data, with its path from the spec's folder."""
    data, names = images.data, [quote(name) for name in images.classes]
    if len(names) > _NAMES:
        names[_NAMES:] = [f"{len(names) - _NAMES:,} more"]
    keys: str | dict[str, Any] = data.word
    if isinstance(data, OwnData):
        said = data.model_dump(exclude_defaults=True)
        said["path"] = _from_folder(Path(data.path).expanduser(), path.parent)
        if data.size:
            said["size"] = data.size[0] if len(set(data.size)) == 1 else list(data.size)
        keys = {data.word: said if len(said) > 1 else said["path"]}
    return f"# The classes are {join_names(names)}.\n{dump.write_entry('data', keys)}"


def _from_folder(place: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(place, folder)).as_posix()
    except ValueError:  # another drive
        return place.as_posix()
    except OSError as error:
        raise UsageError(f"the working folder: {error.strerror}") from None


def _write_recipe(images: _Images) -> str:
    """Return the recipe: the fewer images, the smaller the batches and the more epochs."""
    total, largest, smallest = sum(images.counts), max(images.counts), min(images.counts)
    batch_size = min(total, next((size for size in _BATCH_SIZES if total >= size * _FEWEST_STEPS), _BATCH_SIZES[-1]))
    chosen = batch_size
    while batch_size > 2 and total % batch_size == 1:
        batch_size -= 1
    return _RECIPE.format(
        images=plural(total, "training image"),
        epochs=min(30, max(10, round(_STEPS * batch_size / total))),
        batch_size=batch_size,
        remark="" if batch_size == chosen else f"{'':17}# {chosen} would leave a last batch of one image",
        weights=_WEIGHTS.format(largest=largest, smallest=smallest) if largest > _UNEVEN * smallest else "",
        colour=_COLOUR if images.shape[0] > 1 else "",
    )
