"""Sets that others made, with what is wrong in them."""

from __future__ import annotations

import gzip
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from numpy._core import multiarray

from mnistspec.formats.checking.check import check_set
from mnistspec.formats.folder import FolderSet
from mnistspec.formats.npz import NpzSet
from tests.formats.painting import load
from tests.needs import STAMPS, needs_stamps

_ARRAY = {
    ("numpy.core.multiarray", "_reconstruct"): multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads an array of numbers, and refuses to call anything else."""

    def find_class(self, module: str, name: str) -> Any:
        return _ARRAY[module, name]


@pytest.mark.slow
@needs_stamps
def test_the_stamps_of_tux_paint() -> None:
    check = check_set(FolderSet(STAMPS))
    assert check.survey is not None
    assert check.stored is not None
    assert sum(check.survey.counts.values()) > 700
    assert len(check.survey.kinds) > 100
    found = {problem.code: problem for problem in check.problems}
    assert {"E508", "E514", "E542"} <= found.keys()
    assert any("fireman" in place for place in found["E542"].places)  # of the military, and of the people
    assert all(problem.is_warning for code, problem in found.items() if code != "E542")


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The arrays of the package animal-mnist, whose code is not run; skip where it cannot be downloaded."""
    folder = tmp_path_factory.mktemp("animals")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "animal-mnist==0.4"]
    done = subprocess.run([*pip, "--dest", folder], capture_output=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip("animal-mnist cannot be downloaded")
    with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
        images, labels = (_unpickle(wheel, f"animal_{name}_version_3.gz") for name in ("data", "label"))
    return images, labels


def _unpickle(wheel: zipfile.ZipFile, name: str) -> Any:
    with wheel.open(f"animal_mnist/data/Animal_MNIST/{name}") as packed, gzip.open(packed) as file:
        return ArrayUnpickler(file).load()


@pytest.mark.slow
def test_animals_that_are_sorted_by_class_and_have_no_test_part(
    tmp_path: Path, animals: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
) -> None:
    images, labels = animals
    assert images.shape == (10_000, 28, 28)
    assert (np.diff(labels.astype(int)) >= 0).all()
    np.savez_compressed(tmp_path / "animals.npz", images=images, labels=labels)
    check = check_set(NpzSet(tmp_path / "animals.npz"))
    assert check.survey is not None
    assert check.stored is not None
    np.testing.assert_array_equal(load(check.stored)[:, 0], images)
    assert check.survey.by_class["test"] == (200,) * 10
    copies = [place for problem in check.problems if problem.code < "E543" for place in problem.places]
    equal = len(images) - len(np.unique(images.reshape(len(images), -1), axis=0))
    assert sum(place.count(" = ") for place in copies) == equal == 284
