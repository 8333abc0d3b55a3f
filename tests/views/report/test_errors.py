"""The figures by class of a report, for few classes and for very many."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from mnistspec import load_spec
from mnistspec.analysis.classes import MOST_CLASSES
from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.history import Chapter, History, HistoryReader
from mnistspec.analysis.mistakes import ErrorAnalysis, Mistake
from mnistspec.views.report import make_report, render_html, render_markdown
from mnistspec.views.report.errors import make_errors
from tests.sweeps.fakes import TINY, make_run, write_spec

if TYPE_CHECKING:
    from pathlib import Path


def make_history(folder: Path, confusion: np.ndarray, text: str = TINY) -> History:
    """Return a history of one run, whose predictions were these."""
    make_run(folder / "runs", load_spec(write_spec(folder, text=text)), 90.0)
    reader = HistoryReader(collect_runs([folder / "runs"]))
    history = reader.finish(list(reader.read()))
    (chapter,) = history.chapters
    images, right = int(confusion.sum()), int(confusion.trace())
    analysis = ErrorAnalysis(
        representative=chapter.series.runs[0],
        seeds=(1,),
        confusion=confusion,
        class_names=tuple(f"class {index}" for index in range(len(confusion))),
        images=images,
        wrong=images - right,
        mistakes=(),
    )
    return replace(history, chapters=(replace(chapter, errors=analysis),))


def make_confusion(classes: int) -> np.ndarray:
    """Return ten images of each class; of class 1 one is taken for 0, of class 2 two, ..."""
    confusion = 10 * np.eye(classes, dtype=np.int64)
    for index in range(1, 8):
        confusion[index, index] -= index
        confusion[index, 0] += index
    return confusion


@pytest.mark.parametrize("classes", [MOST_CLASSES, MOST_CLASSES + 1, 120])
def test_figures_by_class_of_any_number_of_classes(tmp_path: Path, classes: int) -> None:
    chapter: Chapter = make_history(tmp_path, make_confusion(classes)).chapters[0]
    errors = make_errors(chapter)
    assert errors is not None
    rows = sorted(errors.classes.rows, key=lambda row: int(row[0].split()[1]))
    assert [row[:2] for row in rows] == [[f"class {index}", "10"] for index in range(classes)]
    assert rows[0][2:] == [f"{1000 / 38:.2f}", "100.00", f"{2000 / 48:.2f}", "\N{EN DASH}"]
    assert rows[3][2:] == ["100.00", "70.00", f"{1400 / 17:.2f}", "class 0 (3)"]
    assert f"recall {(10 * classes - 28) / classes * 10:.2f} %" in errors.means
    assert errors.has_many_classes == (classes > MOST_CLASSES)
    if classes <= MOST_CLASSES:
        assert (errors.confusions, len(errors.shades)) == (None, classes)
        return
    assert errors.shades == []
    assert errors.worst is not None
    assert errors.worst.rows == errors.classes.rows[:20]
    assert [row[0] for row in errors.worst.rows[:3]] == ["class 0", "class 7", "class 6"]
    assert errors.confusions is not None
    assert errors.confusions.rows == [
        [f"class {index}", "class 0", str(index), f"{10 * index}.0 %"] for index in range(7, 0, -1)
    ]


def test_both_forms_show_the_figures(tmp_path: Path) -> None:
    for classes in (3, 30):
        confusion = make_confusion(30)[:classes, :classes]
        report = make_report(make_history(tmp_path / str(classes), confusion))
        page, text = render_html(report), render_markdown(report, "pictures")[0]
        for form in (page, text):
            assert "Means over the classes, each of which counts the same: precision " in form
            assert "Precision %" in form
            assert ("The most frequent confusions" in form) == (classes == 30)
        assert ('<table class="confusion">' in page) == (classes == 3)
        assert ("<summary>Figures of 30 classes</summary>" in page) == (classes == 30)
        assert "| class 1 | 10 | 100.00 | 90.00 | 94.74 | class 0 (1) |" in text


def test_class_weights_are_among_the_facts(tmp_path: Path) -> None:
    weighted = TINY.replace("train: {", "train: {class_weights: {3: 2.5}, ")
    for text, shown in ((TINY, False), (weighted, True)):
        report = make_report(make_history(tmp_path / str(shown), make_confusion(10), text))
        for form in (render_html(report), render_markdown(report, "pictures")[0]):
            assert ("Class weights" in form) == shown
            assert ("{3: 2.5}" in form) == shown


@pytest.mark.parametrize("channels", [1, 3])
def test_a_mistake_is_on_the_page_pixel_by_pixel(tmp_path: Path, channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 5, 4), np.uint8)
    history = make_history(tmp_path, make_confusion(10))
    (chapter,) = history.chapters
    assert chapter.errors is not None
    analysis = replace(chapter.errors, mistakes=(Mistake(image, 3, 1, 0, 0.9),))
    page = render_html(make_report(replace(history, chapters=(replace(chapter, errors=analysis),))))
    (content,) = re.findall(r'<li><img src="data:image/png;base64,([^"]+)"', page)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    assert np.array_equal(pixels, image[0] if channels == 1 else image.transpose(1, 2, 0))
