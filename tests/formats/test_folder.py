"""Folders of pictures: the right label and the right values for each file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnistspec.formats.folder import FolderSet
from tests.formats.painting import load, look, save


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for label in ("birch", "oak"):
        for number in range(10):
            save(tmp_path / "leaves" / label / f"{number}.png", 10 * number + (label == "oak"))
    data = FolderSet(tmp_path / "leaves")
    survey = data.survey()
    assert (survey.classes, survey.size, survey.channels, survey.problems) == (("birch", "oak"), (4, 4), 1, ())
    assert survey.counts == {"train": 16, "test": 4}
    stored = data.read()
    assert load(stored).shape == (20, 1, 4, 4)
    assert look(stored) == {
        f"{label}/{n}.png": (label, 10 * n + (label == "oak")) for label in ("birch", "oak") for n in range(10)
    }
    assert np.bincount(stored.labels[stored.parts["test"]]).tolist() == [2, 2]
    assert sorted([*stored.parts["train"], *stored.parts["test"]]) == list(range(20))
    assert data.read().digest == stored.digest
