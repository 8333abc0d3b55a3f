"""A folder of the user's: by which names its files are found, where, and what is said of those that are missing."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnistspec.data.store import find_data, find_in_folder
from mnistspec.errors import UsageError
from mnistspec.language.vocabulary.datasets import list_named

if TYPE_CHECKING:
    from collections.abc import Callable

MNIST = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "packed": lambda name: f"{name}.gz",
    "dot": lambda name: name.replace("-idx", ".idx"),
    "dot, packed": lambda name: f"{name.replace('-idx', '.idx')}.gz",
    "capitals": str.upper,
    "capitals, packed": lambda name: f"{name.replace('-idx', '.idx').upper()}.GZ",
}


@pytest.mark.parametrize("place", ["", "raw", "CLASS/raw"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", sorted(list_named()))
def test_every_form_in_every_place(name: str, form: str, place: str, tmp_path: Path) -> None:
    data = find_data(name)
    folder = tmp_path / place.replace("CLASS", data.torch_class)
    folder.mkdir(parents=True, exist_ok=True)
    for names in data.file_names:
        files = [folder / FORMS[form](file) for file in names]
        for file in files:
            file.touch()
        assert find_in_folder(data, tmp_path) == files
        for file in files:
            file.unlink()


def test_the_packed_file_then_the_plain_name_is_taken(tmp_path: Path) -> None:
    first = [tmp_path / name for name in MNIST]
    for file in first:
        file.touch()
    for form in ("dot", "capitals"):
        (tmp_path / FORMS[form](MNIST[0])).touch()
    assert find_in_folder(find_data("mnist"), tmp_path) == first
    packed = tmp_path / FORMS["dot, packed"](MNIST[0])
    packed.touch()
    assert find_in_folder(find_data("mnist"), tmp_path) == [packed, *first[1:]]
    (tmp_path / f"{MNIST[0]}.gz").touch()
    assert find_in_folder(find_data("mnist"), tmp_path)[0].name == f"{MNIST[0]}.gz"


def test_what_is_missing_where_most_is_found(tmp_path: Path) -> None:
    below = tmp_path / "MNIST" / "raw"
    below.mkdir(parents=True)
    for name in MNIST[1:]:
        (below / name).touch()
    (below / MNIST[0]).mkdir()  # a folder is no file
    (tmp_path / MNIST[0]).touch()
    with pytest.raises(UsageError) as error:
        find_in_folder(find_data("mnist"), tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: train-images-idx3-ubyte not found, neither here nor in MNIST/raw or raw below; mnist needs it, "
        'packed as .gz or not, with "-idx" or ".idx", in capitals or not'
    )


def test_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"train-images-idx3-ubyte, .* and t10k-labels-idx1-ubyte not found, neither"):
        find_in_folder(find_data("fashion-mnist"), tmp_path)
    for path, what in ((tmp_path / "none", "no such folder"), (Path(__file__), "not a folder")):
        with pytest.raises(UsageError, match=f"{what}; --data-dir and MNISTSPEC_DATA name a folder with the IDX files"):
            find_in_folder(find_data("mnist"), path)


def test_the_download_of_another_program_is_read(tmp_path: Path, small_mnist: Path) -> None:
    """As Kaggle packs it: names with a dot; as torchvision leaves it: MNIST/raw, packed beside unpacked."""
    from mnistspec import load_dataset  # noqa: PLC0415 - it imports torch

    for name in MNIST:
        shutil.copy(small_mnist / name, tmp_path / name.replace("-idx", ".idx"))
    raw = tmp_path / "torch" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in MNIST:
        shutil.copy(small_mnist / name, raw)
        (raw / f"{name}.gz").write_bytes(gzip.compress((small_mnist / name).read_bytes()))
    digests = {load_dataset("mnist", data_dir=path).digest for path in (small_mnist, tmp_path, tmp_path / "torch")}
    assert len(digests) == 1
