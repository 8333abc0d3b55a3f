"""The augmentations of `train:`, by the names and arguments of torchvision.transforms, without torch."""

from __future__ import annotations

from pydantic import Field

from mnistspec.language.vocabulary.ranges import Degrees, Factor, Scale, Shear, Translate
from mnistspec.language.vocabulary.unit import Unit


class Augmentation(Unit, family="augmentation"):
    """A change of a training image, drawn anew for each image; the arguments are those of torchvision.transforms."""


class RandomRotation(Augmentation, word="rotation", scalar="degrees", aliases=("rotate", "randomrotation")):
    """Turns the image about its centre."""

    degrees: Degrees = Field(examples=[8])


class RandomAffine(Augmentation, word="affine", scalar="degrees", aliases=("randomaffine",)):
    """Turns, shifts, scales and shears the image, in one step."""

    degrees: Degrees = Field(default=(0.0, 0.0), examples=[8])
    translate: Translate = (0.0, 0.0)
    scale: Scale = (1.0, 1.0)
    shear: Shear = (0.0, 0.0, 0.0, 0.0)


class ColorJitter(Augmentation, word="color_jitter", aliases=("jitter", "colourjitter")):
    """Changes brightness, then contrast; the images are grey, so there is no saturation or hue."""

    brightness: Factor = (1.0, 1.0)
    contrast: Factor = (1.0, 1.0)
