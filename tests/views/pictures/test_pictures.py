"""The pictures: valid PNGs, the same bytes for the same input; no text overlaps another or leaves the canvas."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from mnistspec.views.pictures.canvas import make_printable, theme
from mnistspec.views.pictures.confusion import draw_confusion
from mnistspec.views.pictures.curves import ACCURACY, LOSS, draw_quantity, draw_run
from mnistspec.views.pictures.images import draw_augmented, draw_samples
from mnistspec.views.pictures.mistakes import SHOWN
from tests.views.examples import CLOTHES, DIGITS, TITLES, make_confusion, make_gallery, make_images, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from mnistspec.views.pictures.canvas import Canvas


def texts_of(canvas: Canvas) -> list[Text]:
    """Return the texts that can be seen on a canvas."""
    texts = list(canvas.figure.texts)
    for axes in canvas.figure.axes:
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


def assert_legible(canvas: Canvas) -> None:
    """Assert that no text leaves the page or touches another."""
    with theme():
        FigureCanvasAgg(canvas.figure).draw()  # type: ignore[no-untyped-call]  # matplotlib's own has no types
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(canvas)]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= canvas.width, text
        assert box.y1 <= canvas.height, text
    for (text, box), (other_text, other) in combinations(boxes, 2):
        width, height = min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)
        assert width <= 0 or height <= 0, (text, other_text)


@pytest.mark.parametrize("title", TITLES)
def test_a_title_of_any_length_and_script_is_legible(title: str) -> None:
    images, labels = make_images(12), [place % 10 for place in range(12)]
    augmented = np.random.default_rng(1).random((2, 3, 1, 28, 28))
    assert_legible(draw_samples(images, labels, DIGITS, title=title))
    assert_legible(draw_augmented(images[:2], augmented, labels[:2], DIGITS, title=title))
    assert_legible(draw_run(make_run(3), title=title))
    assert_legible(draw_confusion(make_confusion(10), DIGITS, title=title))
    assert_legible(make_gallery(1, title=title))


def test_a_title_is_written_as_it_stands() -> None:
    canvas = draw_samples(make_images(1), [1], DIGITS, title="costs $5_000$ 数")
    assert canvas.figure.texts[0].get_text() == "costs $5_000$ \N{WHITE SQUARE}"
    assert not canvas.figure.texts[0].get_parse_math()
    assert make_printable("a\n b\x07\u202e é") == "a b é"


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
def test_grids_of_images_are_legible(names: Sequence[str]) -> None:
    labels = [place % 10 for place in range(12)]
    for count in (1, 5, 12):
        canvas = draw_samples(make_images(count), [place % 10 for place in range(count)], names, title="samples")
        assert len(canvas.figure.images) == count
        assert_legible(canvas)
    canvas = draw_augmented(
        make_images(6), np.random.default_rng(1).random((6, 8, 1, 28, 28)), labels[:6], names, title="augmented"
    )
    assert len(canvas.figure.images) == 6 * 9
    assert_legible(canvas)


@pytest.mark.parametrize("target", [None, 99.4])
@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 15, 20, 300])
def test_curves_are_legible(epochs: int, target: float | None) -> None:
    canvas = draw_run(make_run(epochs), title="step6", target=target)
    assert_legible(canvas)
    for axes in canvas.figure.axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            values = np.asarray(line.get_ydata(), dtype=np.float64)
            assert low < values[-1] < high


def test_curves_label_the_last_and_the_best_epoch() -> None:
    metrics = make_run(10)
    metrics[6] = metrics[6].model_copy(update={"test_accuracy": 99.87})
    legend = draw_run(metrics, title="step6", target=99.4).figure.axes[1].get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[1] == f"test: last {metrics[-1].test_accuracy:.2f} %, best 99.87 % (epoch 7)"
    assert labels[2] == "target 99.40 %"


def test_curves_do_not_let_a_first_epoch_flatten_the_others() -> None:
    metrics = make_run(20)
    metrics[0] = metrics[0].model_copy(update={"train_loss": 2.3e6, "train_accuracy": 11.35})
    loss, accuracy = draw_run(metrics, title="step6").figure.axes
    assert loss.get_ylim()[1] < 1
    assert accuracy.get_ylim()[0] > 90
    assert loss.get_xlabel() == "epoch (the axis is cut: values up to 2.3e+06)"
    assert accuracy.get_xlabel() == "epoch (the axis is cut: values from 11.35 %)"


@pytest.mark.parametrize("loss", [math.nan, math.inf, 1e30])
@pytest.mark.parametrize("where", [slice(0, 1), slice(2, 3), slice(-1, None), slice(None)])
def test_curves_with_losses_that_are_no_numbers_are_legible(loss: float, where: slice) -> None:
    metrics = make_run(5)
    metrics[where] = [m.model_copy(update={"train_loss": loss, "test_loss": loss}) for m in metrics[where]]
    assert_legible(draw_run(metrics, title="step6"))


@pytest.mark.parametrize("mistakes", [0, 10, 90])
@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
def test_confusion_is_legible(mistakes: int, names: Sequence[str]) -> None:
    confusion = make_confusion(mistakes)
    canvas = draw_confusion(confusion, names, title="step6")
    assert_legible(canvas)
    matrix, accuracies = canvas.figure.axes
    assert sum(int(text.get_text()) for text in matrix.texts) == confusion.sum() == 9000
    accuracy = 100 * int(confusion[9, 9]) / 1000
    assert accuracies.texts[9].get_text() == f"{accuracy:.2f} %"
    assert accuracies.texts[2].get_text() == "no images"


@pytest.mark.parametrize("names", [DIGITS, CLOTHES])
@pytest.mark.parametrize("mistakes", [0, 1, 5, 40, 3000])
def test_mistakes_are_legible_and_capped(mistakes: int, names: Sequence[str]) -> None:
    canvas = make_gallery(mistakes, names)
    assert_legible(canvas)
    shown = min(mistakes, SHOWN)
    assert len(canvas.figure.images) == shown
    note = canvas.figure.texts[1].get_text()
    assert note.startswith(f"showing {shown} of {mistakes:,} mistake" if mistakes else "no mistakes")


def test_mistakes_say_what_was_taken_for_what_and_how_surely() -> None:
    texts = [text.get_text() for text in make_gallery(3).figure.texts[2:]]
    assert texts == ["0 \N{RIGHTWARDS ARROW} 3", "100.0 %", "1 \N{RIGHTWARDS ARROW} 4", "83.3 %",
                     "2 \N{RIGHTWARDS ARROW} 5", "66.7 %"]  # fmt: skip


def plot_all(folder: Path) -> None:
    """Write each picture once."""
    images, labels = make_images(12), [place % 10 for place in range(12)]
    draw_samples(images, labels, DIGITS, title="step6").save(folder / "samples.png")
    draw_augmented(images, np.full((12, 2, 1, 28, 28), 0.5), labels, DIGITS, title="step6").save(
        folder / "augmented.png"
    )
    draw_run(make_run(15), title="step6", target=99.4).save(folder / "curves.png")
    draw_confusion(make_confusion(10), DIGITS, title="step6").save(folder / "confusion.png")
    make_gallery(12).save(folder / "mistakes.png")


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
    canvas = draw_samples(images, [0], DIGITS, title="step6")
    canvas.save(tmp_path / "samples.png")
    with Image.open(tmp_path / "samples.png") as picture:
        cells = picture.crop((24, canvas.top + 8, 24 + 140, canvas.top + 8 + 140)).resize(
            (28, 28), Image.Resampling.BOX
        )
    # matplotlib rounds greys down to one less in places.
    assert abs(np.asarray(cells)[..., 0] - images[0].astype(int)).max() <= 1


def test_pictures_need_neither_a_folder_of_matplotlib_nor_pyplot_nor_torch(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    program = (
        "import sys, numpy; from pathlib import Path; from mnistspec.views.pictures.images import draw_samples;"
        "draw_samples(numpy.zeros((1, 1, 28, 28)), [1], '01', title='step6').save(Path(sys.argv[1]));"
        "assert not {'matplotlib.pyplot', 'torch'} & sys.modules.keys()"
    )
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path / "file" / "folder")}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "samples.png")], check=True, env=environment)
    assert (tmp_path / "samples.png").stat().st_size > 0


def test_pictures_are_the_same_whatever_the_users_matplotlib_is_set_to(tmp_path: Path) -> None:
    odd = {
        "axes.grid": True, "axes.facecolor": "yellow", "font.size": 30.0, "font.family": "serif", "text.color": "red",
        "lines.linewidth": 9.0, "xtick.direction": "in", "xtick.minor.visible": True, "savefig.dpi": 30.0,
        "axes.spines.right": True, "figure.autolayout": True, "image.cmap": "jet", "svg.fonttype": "none",
        "legend.frameon": True, "path.simplify_threshold": 1.0, "lines.markersize": 20.0,
    }  # fmt: skip
    folders = [tmp_path / "usual", tmp_path / "odd"]
    for folder, settings in zip(folders, ({}, odd), strict=True):
        folder.mkdir()
        with mpl.rc_context(settings):  # type: ignore[arg-type]  # its keys are literals to the type checker
            plot_all(folder)
            draw_run(make_run(3), title="step6").save(folder / "curves.svg")
            (folder / "element.svg").write_text(draw_quantity(LOSS, spread_of(3, 4)).to_element("key", "words"))
    for file in folders[0].iterdir():
        assert file.read_bytes() == (folders[1] / file.name).read_bytes(), file.name


def spread_of(seeds: int, epochs: int) -> dict[str, np.ndarray]:
    """Return rising losses of several seeds; those of the later seeds are higher."""
    rows = np.add.outer(np.arange(seeds) / 100, 0.3 + np.arange(epochs) / 10)
    return {"training": rows, "held-out": 2 * rows}


@pytest.mark.parametrize("epochs", [1, 3, 40, 60])
@pytest.mark.parametrize("seeds", [1, 3])
def test_curves_of_several_seeds_show_their_spread(seeds: int, epochs: int) -> None:
    curves = spread_of(seeds, epochs)
    canvas = draw_quantity(ACCURACY, curves, target=0.5)
    assert_legible(canvas)
    (axes,) = canvas.figure.axes
    legend = axes.get_legend()
    assert legend is not None
    _, measured, _ = (text.get_text() for text in legend.get_texts())
    last = curves["held-out"][:, -1]
    spread = f"({last.min():.2f} % to {last.max():.2f} %)" if seeds > 1 else f"best {last[0]:.2f} % (epoch {epochs})"
    assert measured.startswith(f"held-out: last {last.mean():.2f} %")
    assert measured.endswith(spread)
    assert len(axes.collections) == (2 if seeds > 1 else 0)  # the bands
    texts = [text for texts in canvas.pointed.values() for text in texts]
    assert sum(text.startswith(f"epoch {epochs}: held-out") for text in texts) == 1
    assert len(texts) == 1 + 2 * (epochs if epochs <= 40 else 1)
    page = canvas.to_element("key", "words")
    assert page.count("<title>") == len(texts)
