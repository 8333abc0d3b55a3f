"""The pictures: valid PNGs, the same bytes for the same input, and no text that overlaps another or leaves the page."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from mnistspec.views.pictures import plot_augmented, plot_confusion, plot_curves, plot_mistakes, plot_samples
from mnistspec.views.pictures.confusion import draw_confusion
from mnistspec.views.pictures.curves import draw_curves
from mnistspec.views.pictures.images import draw_augmented, draw_samples
from mnistspec.views.pictures.mistakes import SHOWN, draw_mistakes
from mnistspec.views.pictures.page import make_printable
from tests.views.examples import CLOTHES, DIGITS, TITLES, make_confusion, make_images, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from mnistspec.views.pictures.page import Page


def draw_gallery(mistakes: int, names: Sequence[str] = DIGITS, title: str = "step6") -> Page:
    """Return a gallery of so many mistakes among twice as many images, the later the more confident."""
    labels = torch.arange(2 * mistakes) % 10
    predictions = torch.where(torch.arange(2 * mistakes) % 2 == 0, labels, (labels + 3) % 10)
    confidences = torch.arange(2 * mistakes) / max(1, 2 * mistakes)
    return draw_mistakes(make_images(2 * mistakes), labels, predictions, confidences, names, title=title)


def texts_of(page: Page) -> list[Text]:
    """Return the texts that can be seen on a page."""
    texts = list(page.figure.texts)
    for axes in page.figure.axes:
        texts += axes.texts
        texts += _texts_around(axes)
        legend = axes.get_legend()
        texts += legend.get_texts() if legend else []
    return [text for text in texts if text.get_text().strip() and text.get_visible()]


def _texts_around(axes: Axes) -> Iterator[Text]:
    for axis in (axes.xaxis, axes.yaxis):
        yield from (axis.label, axis.get_offset_text())
        low, high = sorted(axis.get_view_interval())
        yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


def assert_legible(page: Page) -> None:
    """Assert that no text leaves the page or touches another."""
    page.canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's own has no types
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(page)]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= page.width, text
        assert box.y1 <= page.height, text
    for (text, box), (other_text, other) in combinations(boxes, 2):
        width, height = min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)
        assert width <= 0 or height <= 0, (text, other_text)


@pytest.mark.parametrize("title", TITLES)
def test_a_title_of_any_length_and_script_is_legible(title: str) -> None:
    images, labels = make_images(12), torch.arange(12) % 10
    augmented = torch.rand(2, 3, 28, 28)
    assert_legible(draw_samples(images, labels, DIGITS, title=title))
    assert_legible(draw_augmented(images[:2], augmented, labels[:2], DIGITS, title=title))
    assert_legible(draw_curves(make_run(3), title=title))
    assert_legible(draw_confusion(make_confusion(10), DIGITS, title=title))
    assert_legible(draw_gallery(1, title=title))


def test_a_title_is_written_as_it_stands() -> None:
    page = draw_samples(make_images(1), torch.tensor([1]), DIGITS, title="costs $5_000$ 数")
    assert page.figure.texts[0].get_text() == "costs $5_000$ \N{WHITE SQUARE}"
    assert not page.figure.texts[0].get_parse_math()
    assert make_printable("a\n b\x07\u202e é") == "a b é"


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
def test_grids_of_images_are_legible(names: Sequence[str]) -> None:
    labels = torch.arange(12) % 10
    for count in (1, 5, 12, 30):
        page = draw_samples(make_images(count), torch.arange(count) % 10, names, title="samples")
        assert len(page.figure.images) == min(count, 12)
        assert_legible(page)
    page = draw_augmented(make_images(6), torch.rand(6, 8, 28, 28), labels[:6], names, title="augmented")
    assert len(page.figure.images) == 6 * 9
    assert_legible(page)


@pytest.mark.parametrize("target", [None, 99.4])
@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 15, 20, 300])
def test_curves_are_legible(epochs: int, target: float | None) -> None:
    page = draw_curves(make_run(epochs), title="step6", target=target)
    assert_legible(page)
    for axes in page.figure.axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            values = np.asarray(line.get_ydata(), dtype=np.float64)
            assert low < values[-1] < high


def test_curves_label_the_last_and_the_best_epoch() -> None:
    metrics = make_run(10)
    metrics[6] = replace(metrics[6], test_accuracy=99.87)
    legend = draw_curves(metrics, title="step6", target=99.4).figure.axes[1].get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[1] == f"test: last {metrics[-1].test_accuracy:.2f} %, best 99.87 % (epoch 7)"
    assert labels[2] == "target 99.40 %"


def test_curves_do_not_let_a_first_epoch_flatten_the_others() -> None:
    metrics = make_run(20)
    metrics[0] = replace(metrics[0], train_loss=2.3e6, train_accuracy=11.35)
    loss, accuracy = draw_curves(metrics, title="step6").figure.axes
    assert loss.get_ylim()[1] < 1
    assert accuracy.get_ylim()[0] > 90
    assert loss.get_xlabel() == "epoch (the axis is cut: values up to 2.3e+06)"
    assert accuracy.get_xlabel() == "epoch (the axis is cut: values from 11.35 %)"


@pytest.mark.parametrize("loss", [math.nan, math.inf, 1e30])
@pytest.mark.parametrize("where", [slice(0, 1), slice(2, 3), slice(-1, None), slice(None)])
def test_curves_with_losses_that_are_no_numbers_are_legible(loss: float, where: slice) -> None:
    metrics = make_run(5)
    metrics[where] = [replace(m, train_loss=loss, test_loss=loss) for m in metrics[where]]
    assert_legible(draw_curves(metrics, title="step6"))


@pytest.mark.parametrize("mistakes", [0, 10, 90])
@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
def test_confusion_is_legible(mistakes: int, names: Sequence[str]) -> None:
    confusion = make_confusion(mistakes)
    page = draw_confusion(confusion, names, title="step6")
    assert_legible(page)
    matrix, accuracies = page.figure.axes
    assert sum(int(text.get_text()) for text in matrix.texts) == confusion.sum() == 9000
    accuracy = 100 * int(confusion[9, 9]) / 1000
    assert accuracies.texts[9].get_text() == f"{accuracy:.2f} %"
    assert accuracies.texts[2].get_text() == "no images"


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
@pytest.mark.parametrize("mistakes", [0, 1, 5, 40, 3000])
def test_mistakes_are_legible_and_capped(mistakes: int, names: Sequence[str]) -> None:
    page = draw_gallery(mistakes, names)
    assert_legible(page)
    shown = min(mistakes, SHOWN)
    assert len(page.figure.images) == shown
    note = page.figure.texts[1].get_text()
    assert note.startswith(f"showing {shown} of {mistakes:,} mistake" if mistakes else "no mistakes")


def test_mistakes_come_with_the_most_confident_first() -> None:
    texts = [text.get_text() for text in draw_gallery(3).figure.texts[2:]]
    assert texts == ["5 \N{RIGHTWARDS ARROW} 8", "83.3 %", "3 \N{RIGHTWARDS ARROW} 6", "50.0 %",
                     "1 \N{RIGHTWARDS ARROW} 4", "16.7 %"]  # fmt: skip


def plot_all(folder: Path) -> None:
    """Write each picture once."""
    images, labels = make_images(12), torch.arange(12) % 10
    plot_samples(images, labels, DIGITS, folder / "samples.png", title="step6")
    plot_augmented(images, torch.full((12, 2, 28, 28), 0.5), labels, DIGITS, folder / "augmented.png", title="step6")
    plot_curves(make_run(15), folder / "curves.png", title="step6", target=99.4)
    plot_confusion(make_confusion(10), DIGITS, folder / "confusion.png", title="step6")
    plot_mistakes(images, labels, labels.flip(0), labels / 10, DIGITS, folder / "mistakes.png", title="step6")


def test_pictures_are_the_same_bytes_again_also_in_threads(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(3)]
    for folder in folders:
        folder.mkdir()
    settings = {key: mpl.rcParams[key] for key in mpl.rcParams if key != "backend"}  # reading that one sets it
    plot_all(folders[0])
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(plot_all, folders[1:]))
    assert {key: mpl.rcParams[key] for key in settings} == settings
    files = sorted(folders[0].iterdir())
    assert len(files) == 5
    for file in files:
        assert [(folder / file.name).read_bytes() for folder in folders] == [file.read_bytes()] * 3
        assert file.stat().st_size < 150_000
        with Image.open(file) as image:
            image.load()
            assert (image.format, image.mode) == ("PNG", "RGB")
            assert 350 <= image.width <= 1200
            assert 300 <= image.height <= 1500
            assert set(image.info) == {"dpi"}


def test_images_are_drawn_pixel_for_pixel(tmp_path: Path) -> None:
    images = make_images(1)
    page = draw_samples(images, torch.tensor([0]), DIGITS, title="step6")
    page.save(tmp_path / "samples.png")
    with Image.open(tmp_path / "samples.png") as picture:
        cells = picture.crop((24, page.top + 8, 24 + 140, page.top + 8 + 140)).resize((28, 28), Image.Resampling.BOX)
    drawn = torch.frombuffer(bytearray(cells.tobytes()), dtype=torch.uint8).view(28, 28, 3).long()
    # matplotlib rounds greys down to one less in places.
    assert (drawn[..., 0] - images[0].long()).abs().max() <= 1


def test_matplotlib_needs_neither_a_folder_of_its_own_nor_pyplot(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    program = (
        "import sys, torch; from pathlib import Path; from mnistspec.views.pictures import plot_samples;"
        "plot_samples(torch.zeros(1, 28, 28), torch.tensor([1]), '01', Path(sys.argv[1]), title='step6');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path / "file" / "folder")}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "samples.png")], check=True, env=environment)
    assert (tmp_path / "samples.png").stat().st_size > 0
