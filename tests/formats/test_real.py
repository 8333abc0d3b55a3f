"""Real folders: many files, and files of which nobody thought that they would be trained on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistspec.errors import UsageError
from mnistspec.formats.folder import FolderSet
from mnistspec.formats.image_set import Preparation
from tests.formats.painting import load, look, save
from tests.needs import STAMPS, needs_stamps


@needs_stamps
def test_stamps_of_a_program_for_children() -> None:
    """Pictures of 600 sizes among ten times as many sounds and texts, nested, most with alpha."""
    pictures = sorted(path.relative_to(STAMPS).as_posix() for path in STAMPS.rglob("*.png"))
    classes = tuple(sorted({name.split("/")[0] for name in pictures}))
    with pytest.raises(UsageError, match=r"pictures of [0-9]+ sizes: "):
        FolderSet(STAMPS).read()
    data = FolderSet(STAMPS, Preparation(size=(32, 32)))
    survey = data.survey()
    assert len(pictures) >= 796
    assert survey.classes == classes
    assert (survey.channels, sum(survey.counts.values())) == (3, len(pictures))
    assert [(problem.code, problem.is_warning) for problem in survey.problems] == [("E514", True)]
    stored = data.read()
    assert stored.names == tuple(pictures)
    assert [stored.classes[label] for label in stored.labels] == [name.split("/")[0] for name in pictures]
    tested = np.bincount(stored.labels[stored.parts["test"]], minlength=len(classes))
    assert (np.abs(tested - np.bincount(stored.labels) * 0.2) <= 1).all()
    images = load(stored)
    with Image.open(STAMPS / pictures[0]) as picture:
        clear = np.asarray(picture.convert("RGBA"))[0, 0, 3] == 0
    assert clear
    assert (images[0, :, 0, 0] == 255).all(), "what is transparent is white"
    assert images[:, :, 0, 0].mean() > 200
    blank = [name for name, image in zip(stored.names, images, strict=True) if image.std() == 0]
    assert blank == ["naturalforces/lightningbolt.png"], "white on nothing shows nothing on white"


@pytest.mark.slow
def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    """Links of the file system to few files, so that they are made quickly."""
    for level in range(100):
        folder = tmp_path / "many" / f"class {level}"
        first = save(folder / "0.png", level, (2, 2))
        for number in range(1, 1000):
            os.link(first, folder / f"{number}.png")
    data = FolderSet(tmp_path / "many")
    assert data.survey().counts == {"train": 80_000, "test": 20_000}
    stored = data.read()
    assert len(stored.names) == 100_000
    assert all(label == f"class {level}" for label, level in look(stored).values())
    assert np.bincount(stored.labels[stored.parts["test"]]).tolist() == [200] * 100
    assert stored.classes[9:11] == ("class 9", "class 10")
