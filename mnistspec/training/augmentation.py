"""Augmentation of a whole batch, with parameters drawn for each image.

The parameters mean what they mean to torchvision.transforms, and a single augmentation equals torchvision's function of
the same name with bilinear interpolation and fill=None, black outside. (Its fill=0 darkens the image's own edge twice.)
Neighbouring rotations and affines are multiplied into one matrix: an image is interpolated once, however many they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from mnistspec.language.vocabulary.augmentations import Augmentation as Recipe
from mnistspec.language.vocabulary.augmentations import ColorJitter, RandomAffine, RandomRotation
from mnistspec.training.randomness import Purpose, make_generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Array = npt.NDArray[np.float64]
Size = tuple[int, int]  # height, width


class Change(ABC):
    """The drawn parameters of one step for each image of a batch, ready to be applied."""

    @abstractmethod
    def apply(self, images: Tensor) -> Tensor:
        """Return changed images; (n, channels, height, width), float32 in [0, 1], may be overwritten."""


@dataclass(frozen=True)
class Geometry(Change):
    """For each image the matrix that takes a point of the result to a point of the image, (n, 3, 3).

    Points are in pixels, x to the right and y down, from the image's centre.
    """

    inverse: Array

    def after(self, other: Geometry) -> Geometry:
        """Return the change that first does the other and then this one."""
        return Geometry(other.inverse @ self.inverse)

    def apply(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        half = np.array([width / 2, height / 2, 1.0])  # grid_sample counts from -1 to 1 between the image's edges
        matrix = (self.inverse * half / half[:, None])[:, :2].astype(np.float32)
        by_x, by_y, constant = _to_device(matrix, images.device).unsqueeze(-1).unbind(2)  # each (n, 2, 1)
        x, y = ((torch.arange(size, device=images.device) * 2 + 1) / size - 1 for size in (width, height))
        grid = (by_x * x).unsqueeze(2) + torch.addcmul(constant, by_y, y).unsqueeze(3)
        return F.grid_sample(images, grid.movedim(1, -1), mode="bilinear", padding_mode="zeros", align_corners=False)


@dataclass(frozen=True)
class Tone(Change):
    """For each image its factors of brightness and contrast, (n,); brightness comes first."""

    brightness: Array
    contrast: Array

    def apply(self, images: Tensor) -> Tensor:
        factors = _to_device(np.stack((self.brightness, self.contrast)).astype(np.float32), images.device)
        brightness, contrast = factors.view(2, -1, 1, 1, 1)
        images = images.mul_(brightness).clamp_(0, 1)
        grey = _to_grey(images).mean((1, 2, 3), keepdim=True)
        return torch.lerp(grey, images, contrast).clamp_(0, 1)


def _to_grey(images: Tensor) -> Tensor:
    """Return the luma of colour images by ITU-R BT.601, (n, 1, height, width), as torchvision's rgb_to_grayscale."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).unsqueeze(1)


def turn_and_stretch(degrees: Array, shift: Array, scale: Array, shear: Array) -> Geometry:
    """Return torchvision's affine: turned clockwise, sheared, scaled, and shifted.

    ``degrees`` and ``scale`` are (n,), ``shift`` (n, 2) in pixels and ``shear`` (n, 2) in degrees, along x and y.
    The forward matrix is shift * rotation * shear * scale, as documented in torchvision.transforms.functional.affine.
    """
    angle, (tan_x, tan_y) = np.radians(degrees), np.tan(np.radians(shear)).T
    cos, sin, both = np.cos(angle), np.sin(angle), 1 + tan_x * tan_y
    # Rotation times shear along y times shear along x; each has determinant 1, so the inverse is the adjugate.
    (a, b), (c, d) = (cos + sin * tan_y, -cos * tan_x - sin * both), (sin - cos * tan_y, cos * both - sin * tan_x)
    inverse = np.zeros((len(angle), 3, 3))
    inverse[:, :2, :2] = np.moveaxis(np.array([[d, -b], [-c, a]]) / scale, -1, 0)
    inverse[:, :2, 2] = -(inverse[:, :2, :2] @ shift[:, :, None])[:, :, 0]
    inverse[:, 2, 2] = 1
    return Geometry(inverse)


def _to_device(values: npt.NDArray[np.float32], device: torch.device) -> Tensor:
    """Return a tensor on the device, on its way there without waiting where that can be."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _draw_rotation(recipe: RandomRotation, generator: np.random.Generator, count: int, _size: Size) -> Geometry:
    degrees = generator.uniform(*recipe.degrees, count)
    # A rotation turns counter-clockwise in torchvision, an affine clockwise.
    return turn_and_stretch(-degrees, np.zeros((count, 2)), np.ones(count), np.zeros((count, 2)))


def _draw_affine(recipe: RandomAffine, generator: np.random.Generator, count: int, size: Size) -> Geometry:
    """Draw uniformly; unlike torchvision's RandomAffine, which rounds shifts to whole pixels, shifts are continuous."""
    furthest = np.array(recipe.translate) * size[::-1]
    low, high = np.array(recipe.shear).reshape(2, 2).T
    return turn_and_stretch(
        degrees=generator.uniform(*recipe.degrees, count),
        shift=generator.uniform(-furthest, furthest, (count, 2)),
        scale=generator.uniform(*recipe.scale, count),
        shear=generator.uniform(low, high, (count, 2)),
    )


def _draw_tone(recipe: ColorJitter, generator: np.random.Generator, count: int, _size: Size) -> Tone:
    return Tone(generator.uniform(*recipe.brightness, count), generator.uniform(*recipe.contrast, count))


_DRAWERS: Mapping[type[Recipe], Callable[..., Change]] = {
    RandomRotation: _draw_rotation,
    RandomAffine: _draw_affine,
    ColorJitter: _draw_tone,
}


class Augmentation:
    """The augmentations of a recipe, for batches of images; what is drawn depends on (seed, epoch, step) alone."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self.recipes = tuple(recipes)

    def draw(self, count: int, size: Size, generator: np.random.Generator) -> list[Change]:
        """Draw the changes of ``count`` images, in the recipe's order; neighbouring geometry is one change."""
        changes: list[Change] = []
        for recipe in self.recipes:
            change = _DRAWERS[type(recipe)](recipe, generator, count, size)
            last = changes[-1] if changes else None
            if isinstance(change, Geometry) and isinstance(last, Geometry):
                changes[-1] = change.after(last)
            else:
                changes.append(change)
        return changes

    def augment(self, images: Tensor, seed: int, epoch: int, step: int) -> Tensor:
        """Return uint8 images (n, channels, height, width) augmented: float32 in [0, 1], on the device they are on."""
        height, width = images.shape[-2:]
        generator = make_generator(seed, epoch, step, Purpose.AUGMENTATION)
        augmented = images.to(torch.float32).div_(255)
        for change in self.draw(len(images), (height, width), generator):
            augmented = change.apply(augmented)
        return augmented
