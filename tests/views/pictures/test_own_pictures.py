"""The pictures of one's own sets: legible whatever the size of the images, their channels and their classes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mnistspec.analysis.classes import MOST_CLASSES, SHOWN
from mnistspec.analysis.mistakes import Mistake
from mnistspec.views.painting import choose_samples
from mnistspec.views.pictures.canvas import TEXT_SIZE, cut_text, make_printable, measure_text
from mnistspec.views.pictures.confusion import draw_confusion
from mnistspec.views.pictures.images import draw_augmented, draw_samples
from mnistspec.views.pictures.mistakes import draw_mistakes
from mnistspec.views.pictures.sizes import fit_size, resize
from tests.views.pictures.test_pictures import assert_legible, texts_of

if TYPE_CHECKING:
    from mnistspec.views.pictures.canvas import Canvas

SIZES = ((8, 8), (28, 28), (32, 32), (224, 224), (512, 100), (100, 512), (3, 512))


def name_classes(count: int, letters: int = 60) -> list[str]:
    """Return names of this length, each other than the next in its first letters."""
    return [f"{place} a leaf of any tree, seen from below against the sky at noon"[:letters] for place in range(count)]


def count_mistakes(classes: int) -> np.ndarray:
    """Return counts (classes, classes): each class was taken for each a little further, none is without mistakes."""
    rows, columns = np.indices((classes, classes))
    counts = np.where((columns - rows) % classes <= 2, (rows * 7 + columns * 3) % 13 + 1, 0)
    np.fill_diagonal(counts, 20)
    return counts


def assert_sensible(canvas: Canvas) -> None:
    """Assert that a picture is legible, and neither a stamp nor a poster."""
    assert_legible(canvas)
    assert 300 <= canvas.width <= 1700
    assert 60 <= canvas.height <= 2400


@pytest.mark.parametrize(("size", "channels"), list(product(SIZES, (1, 3))))
def test_images_of_any_size_are_shown_in_a_sensible_one(size: tuple[int, int], channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, channels, *size), np.uint8)
    versions = np.stack([images[:8] / 255] * 8, 1)
    mistakes = [Mistake(image, 5, 0, 1, 0.5) for image in images]
    for letters in (1, 60):
        names = name_classes(12, letters)
        samples = draw_samples(images, range(12), names, title="own")
        augmented = draw_augmented(images[:8], versions, range(8), names, title="own")
        for canvas in (samples, augmented, draw_mistakes(mistakes, 12, names, title="own")):
            assert_sensible(canvas)
            for image in canvas.figure.images:
                height, width = image.get_size()
                assert 80 <= max(height, width) <= 240
                assert abs(height * size[1] - width * size[0]) <= max(size)  # rounded, not stretched


def test_a_small_image_becomes_squares_and_a_large_one_means() -> None:
    assert [fit_size(size, 160, 240) for size in SIZES[:5]] == [
        (160, 160),
        (140, 140),
        (160, 160),
        (224, 224),
        (240, 47),
    ]
    assert fit_size((1, 512), 160, 240) == (1, 240)
    image = np.array([[[0, 40], [80, 255]]], np.uint8)
    assert resize(image, (4, 4)).tolist() == [[[0, 0, 40, 40]] * 2 + [[80, 80, 255, 255]] * 2]
    assert resize(image, (1, 1)).tolist() == [[[93.75]]]
    maps = np.arange(36.0).reshape(6, 6)
    assert resize(maps, (2, 3)) == pytest.approx(maps.reshape(2, 3, 3, 2).mean((1, 3)))


@pytest.mark.parametrize("letters", [1, 60])
@pytest.mark.parametrize("classes", [2, 3, 10, 20])
def test_the_matrix_of_few_classes_is_legible(classes: int, letters: int) -> None:
    counts = count_mistakes(classes)
    for factor in (1, 4321):
        canvas = draw_confusion(counts * factor, name_classes(classes, letters), title="own")
        assert_sensible(canvas)
        matrix, _ = canvas.figure.axes
        assert sum(int(text.get_text()) for text in matrix.texts) == counts.sum() * factor


@pytest.mark.parametrize("classes", [21, 100, 1000])
def test_many_classes_show_the_most_frequent_confusions(classes: int) -> None:
    counts = count_mistakes(classes)
    counts[7, 3], counts[5, 6] = 90, 60
    canvas = draw_confusion(counts, name_classes(classes, 11), title="own")
    assert_sensible(canvas)
    texts = [text.get_text() for text in texts_of(canvas)]
    place = texts.index("7 a leaf of")
    for label, guess, shown in ((7, 3, "90"), (5, 6, "60")):
        row = [f"{label} a leaf of", "\N{RIGHTWARDS ARROW}", f"{guess} a leaf of", shown]
        share = f"{100 * counts[label, guess] / counts[label].sum():.1f} %"
        assert texts[place : place + 5] == [*row, share]
        place += 5
    assert f"The worst of {classes:,} classes with images: F1" in texts
    assert texts.count("\N{RIGHTWARDS ARROW}") == SHOWN
    assert_sensible(draw_confusion(counts, name_classes(classes), title="own"))


def test_many_classes_without_mistakes_or_without_images() -> None:
    names = name_classes(MOST_CLASSES + 1)
    for counts in (5 * np.eye(len(names), dtype=np.int64), np.zeros((len(names), len(names)), np.int64)):
        canvas = draw_confusion(counts, names, title="own")
        assert_sensible(canvas)
        assert "none" in [text.get_text() for text in texts_of(canvas)]


@pytest.mark.parametrize(
    "name", ["", "oak", "a leaf of any tree", "W" * 2000, "\N{HIRAGANA LETTER A}" * 60, "x y " * 90]
)
def test_a_name_is_cut_where_it_must_be_and_no_sooner(name: str) -> None:
    for width in (40, 150, 5000):
        text = cut_text(name, width, TEXT_SIZE)
        assert measure_text(text, TEXT_SIZE) <= width
        whole = make_printable(name[:1000])
        if text == whole:
            continue
        kept = text.removesuffix("\N{HORIZONTAL ELLIPSIS}")
        assert whole.startswith(kept)
        longer = whole[: len(kept) + 2].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
        assert measure_text(longer, TEXT_SIZE) > width


def test_samples_of_a_set_in_order_of_class_are_of_all_its_classes() -> None:
    for classes, each in ((3, [0, 1, 2, 3]), (12, [0]), (40, [0])):
        labels = np.repeat(np.arange(classes), 9)
        shown = min(classes, 12)
        assert choose_samples(labels, 12) == [9 * label + place for label in range(shown) for place in each]
    assert choose_samples(np.repeat([2, 0, 1], [1, 5, 2]), 6) == [0, 1, 2, 3, 6, 7]


def test_samples_of_a_set_in_no_order_are_its_first() -> None:
    assert choose_samples(np.array([5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3]), 12) == list(range(12))
    assert choose_samples(np.array([1, 1, 0, 1]), 12) == [0, 1, 2, 3]
    assert choose_samples(np.zeros(5, np.int64), 3) == [0, 1, 2]
