"""The batches that a network gets against torchvision's functions, image by image, with the same drawn parameters.

The ranges leave no room for an axis, a sign or an order that is swapped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as torchvision

from tests.training.reference import SMALL, draw_batches, make_generator, make_training, read_spec, small_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def rotate(images: Tensor, degrees: tuple[float, float], draw: np.random.Generator) -> Tensor:
    angles = draw.uniform(*degrees, len(images))
    return torch.stack(
        [torchvision.rotate(i, a, InterpolationMode.BILINEAR) for i, a in zip(images, angles, strict=True)]
    )


def make_affine(
    degrees: tuple[float, float] = (0, 0),
    translate: tuple[float, float] = (0, 0),
    scale: tuple[float, float] = (1, 1),
    shear: tuple[float, float, float, float] = (0, 0, 0, 0),
) -> Callable[[Tensor, np.random.Generator], Tensor]:
    """Return torchvision's affine with drawn angle, shift in pixels, scale and shear; pairs are along x, along y."""

    def change(images: Tensor, draw: np.random.Generator) -> Tensor:
        count = len(images)
        furthest = 28 * np.array(translate)
        angles, shifts = draw.uniform(*degrees, count), draw.uniform(-furthest, furthest, (count, 2))
        scales, shears = draw.uniform(*scale, count), draw.uniform(shear[::2], shear[1::2], (count, 2))
        drawn = zip(images, angles.tolist(), shifts.tolist(), scales.tolist(), shears.tolist(), strict=True)
        return torch.stack([torchvision.affine(*each, InterpolationMode.BILINEAR) for each in drawn])

    return change


def jitter(
    images: Tensor, brightness: tuple[float, float], contrast: tuple[float, float], draw: np.random.Generator
) -> Tensor:
    factors = [draw.uniform(*each, len(images)) for each in (brightness, contrast)]
    return torch.stack([
        torchvision.adjust_contrast(torchvision.adjust_brightness(image, light), steepness)
        for image, light, steepness in zip(images, *factors, strict=True)
    ])  # fmt: skip


EVERYTHING = "affine: {degrees: [10, 20], translate: [0.1, 0.02], scale: [0.7, 0.8], shear: [5, 10, -4, -2]}"
every = make_affine((10, 20), (0.1, 0.02), (0.7, 0.8), (5, 10, -4, -2))
# A quarter turn interpolates nothing, so that one interpolation equals two.
QUARTER = "rotation: [90, 90]"
DRAWN: dict[str, Callable[[Tensor, np.random.Generator], Tensor]] = {
    "rotation: [10, 20]": lambda images, draw: rotate(images, (10, 20), draw),
    "affine: {degrees: [10, 20]}": make_affine(degrees=(10, 20)),
    "affine: {translate: [0.1, 0]}": make_affine(translate=(0.1, 0)),
    "affine: {translate: [0, 0.1]}": make_affine(translate=(0, 0.1)),
    "affine: {scale: [0.6, 0.8]}": make_affine(scale=(0.6, 0.8)),
    "affine: {shear: [5, 10, 0, 0]}": make_affine(shear=(5, 10, 0, 0)),
    "affine: {shear: [0, 0, 5, 10]}": make_affine(shear=(0, 0, 5, 10)),
    EVERYTHING: every,
    "color_jitter: {brightness: [0.5, 0.7]}": lambda images, draw: jitter(images, (0.5, 0.7), (1, 1), draw),
    "color_jitter: {contrast: [1.5, 2]}": lambda images, draw: jitter(images, (1, 1), (1.5, 2), draw),
    "color_jitter: {brightness: [1.3, 1.6], contrast: [0.4, 0.6]}": (
        lambda images, draw: jitter(images, (1.3, 1.6), (0.4, 0.6), draw)
    ),
    f"{QUARTER}}}, {{{EVERYTHING}": lambda images, draw: every(rotate(images, (90, 90), draw), draw),
    f"{EVERYTHING}}}, {{{QUARTER}": lambda images, draw: rotate(every(images, draw), (90, 90), draw),
    f"color_jitter: {{brightness: [0.5, 0.7]}}}}, {{{QUARTER}}}, {{{EVERYTHING}": (
        lambda images, draw: every(rotate(jitter(images, (0.5, 0.7), (1, 1), draw), (90, 90), draw), draw)
    ),
}


@pytest.mark.parametrize("text", DRAWN)
def test_augmented_batches_are_torchvisions(tmp_path: Path, text: str) -> None:
    spec = read_spec(tmp_path, SMALL, epochs=2, augment=f"[{{{text}}}]")
    training, batches = make_training(spec)
    list(training.run())
    data = small_data()
    images = data.train_images[:] / 255
    for index, (epoch, step, batch) in enumerate(draw_batches(len(images), 2)):
        expected = DRAWN[text](images[batch], make_generator(epoch, step, 1))
        torch.testing.assert_close(batches[index], (expected - data.mean[0]) / data.std[0], atol=2e-4, rtol=0)
