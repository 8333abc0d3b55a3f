"""Augmentation against torchvision's functions, image by image, and the draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as torchvision

from mnistspec.language.vocabulary.augmentations import ColorJitter, RandomAffine, RandomRotation
from mnistspec.training.augmentation import Augmentation, Change, Geometry, Tone, turn_and_stretch
from mnistspec.training.randomness import Purpose, make_generator

COUNT = 8
EVERYTHING = (
    RandomRotation(degrees=(-10, 10)),
    RandomAffine(degrees=(-5, 20), translate=(0.1, 0.2), scale=(0.8, 1.3), shear=(-5, 5, 0, 9)),
    ColorJitter(brightness=(0.6, 1.4), contrast=(0.5, 2)),
)


def images(seed: int = 0) -> Tensor:
    """Return bytes up to the image's edge, of a shape that tells height from width."""
    return torch.randint(256, (COUNT, 1, 28, 21), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def grey() -> Tensor:
    return images().float().div_(255)


def generator(step: int = 0) -> np.random.Generator:
    return make_generator(1, 2, step, Purpose.AUGMENTATION)


@pytest.mark.parametrize("shear_y", [0.0, 15.0])
def test_affine_is_torchvisions(shear_y: float) -> None:
    rng = np.random.default_rng(0)
    degrees, scale = rng.uniform(-180, 180, COUNT), rng.uniform(0.5, 2, COUNT)
    shift, shear = rng.uniform(-5, 5, (COUNT, 2)), rng.uniform(-25, 25, (COUNT, 2)) * [1, shear_y / 25]
    theirs = [
        torchvision.affine(
            image, angle, list(map(float, move)), factor, list(map(float, slant)), InterpolationMode.BILINEAR
        )
        for image, angle, move, factor, slant in zip(grey(), degrees, shift, scale, shear, strict=True)
    ]
    torch.testing.assert_close(
        turn_and_stretch(degrees, shift, scale, shear).apply(grey()), torch.stack(theirs), atol=1e-5, rtol=0
    )


def test_rotation_is_torchvisions() -> None:
    [change] = Augmentation([RandomRotation(degrees=(-180, 180))]).draw(COUNT, (28, 21), generator())
    degrees = generator().uniform(-180, 180, COUNT)
    theirs = [
        torchvision.rotate(image, angle, InterpolationMode.BILINEAR)
        for image, angle in zip(grey(), degrees, strict=True)
    ]
    torch.testing.assert_close(change.apply(grey()), torch.stack(theirs), atol=1e-5, rtol=0)


def test_tone_is_torchvisions_brightness_and_then_contrast() -> None:
    rng = np.random.default_rng(0)
    brightness, contrast = rng.uniform(0, 2, COUNT), rng.uniform(0, 2, COUNT)
    theirs = [
        torchvision.adjust_contrast(torchvision.adjust_brightness(image, light), steepness)
        for image, light, steepness in zip(grey(), brightness, contrast, strict=True)
    ]
    torch.testing.assert_close(Tone(brightness, contrast).apply(grey()), torch.stack(theirs), atol=1e-6, rtol=0)


def test_neighbouring_geometry_is_one_change_in_the_listed_order() -> None:
    """A shift, then a turn by 90 degrees: exact in pixels, so that one interpolation equals two."""
    shift = turn_and_stretch(np.zeros(1), np.array([[5.0, 0.0]]), np.ones(1), np.zeros((1, 2)))
    turn = turn_and_stretch(np.array([90.0]), np.zeros((1, 2)), np.ones(1), np.zeros((1, 2)))
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 14, 14] = 1
    both = turn.after(shift).apply(image)
    torch.testing.assert_close(both, turn.apply(shift.apply(image)), atol=1e-4, rtol=0)
    assert both[0, 0].argmax() == 19 * 28 + 13  # right, then a quarter clockwise: down


def kinds(changes: list[Change]) -> list[type[Change]]:
    return [type(change) for change in changes]


def test_the_recipes_order_is_kept_and_only_neighbours_are_joined() -> None:
    rotation, affine, jitter = EVERYTHING
    draw = Augmentation([rotation, affine, jitter, rotation]).draw
    assert kinds(draw(COUNT, (28, 28), generator())) == [Geometry, Tone, Geometry]
    assert kinds(Augmentation([jitter, jitter]).draw(COUNT, (28, 28), generator())) == [Tone, Tone]
    assert Augmentation([]).draw(COUNT, (28, 28), generator()) == []


def test_a_step_decides_everything_and_global_streams_nothing() -> None:
    augmentation = Augmentation(EVERYTHING)
    first = augmentation.augment(images(), 1, 2, 3)
    torch.manual_seed(0)
    assert first.equal(augmentation.augment(images(), 1, 2, 3))
    for other in ((2, 2, 3), (1, 3, 3), (1, 2, 4)):
        assert not first.equal(augmentation.augment(images(), *other))


def test_the_result_is_grey_values_and_the_input_stays() -> None:
    given = images()
    result = Augmentation(EVERYTHING).augment(given, 1, 0, 0)
    assert result.dtype == torch.float32
    assert result.shape == given.shape
    assert 0 <= result.min() <= result.max() <= 1
    assert given.equal(images())
    assert Augmentation([]).augment(given, 1, 0, 0).equal(grey())


def test_each_image_has_draws_of_its_own() -> None:
    same = images()[:1].expand(COUNT, -1, -1, -1)
    result = Augmentation(EVERYTHING).augment(same, 1, 0, 0)
    assert len({tuple(image.flatten().tolist()) for image in result}) == COUNT


def test_draws_fill_their_ranges() -> None:
    recipe = RandomAffine(degrees=(10, 10), translate=(0.5, 0.1), scale=(1, 1))
    [change] = Augmentation([recipe]).draw(4000, (20, 40), generator())
    assert isinstance(change, Geometry)
    forward = np.linalg.inv(change.inverse)
    for axis, furthest in ((0, 20.0), (1, 2.0)):
        shifts = forward[:, axis, 2]
        assert 0.98 * furthest < np.abs(shifts).max() <= furthest
        assert abs(shifts.mean()) < 5 * furthest / np.sqrt(3 * 4000)
    np.testing.assert_allclose(forward[:, 0, 0], np.cos(np.radians(10)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_agrees() -> None:
    augmentation = Augmentation(EVERYTHING)
    theirs = augmentation.augment(images().cuda(), 1, 2, 3).cpu()
    torch.testing.assert_close(theirs, augmentation.augment(images(), 1, 2, 3), atol=1e-4, rtol=0)
