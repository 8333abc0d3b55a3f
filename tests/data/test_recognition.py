"""Data on the command line: a name, a spec, or a path, which is what is found there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistspec.data.recognition import find_source, recognize
from mnistspec.errors import SpecError, UsageError
from mnistspec.language.vocabulary.datasets import MNIST
from mnistspec.language.vocabulary.image_sets import Csv, Folder, Idx, Npz
from tests.formats.idx_folders import write_folder
from tests.formats.painting import save


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_are_what_is_found_there() -> None:
    save(Path("leaves/oak/1.png"))
    write_folder(Path("digits"))
    np.savez("set.npz", x=np.zeros(1))
    assert recognize(Path("leaves")) == Folder(path="leaves")
    assert recognize(Path("digits")) == Idx(path="digits")
    assert recognize(Path("set.npz")) == Npz(path="set.npz")
    shutil.copy("set.npz", "SET.NPZ")
    assert recognize(Path("SET.NPZ")) == Npz(path="SET.NPZ")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("label,pixel0,pixel1\n1,2,3\n", {"label": "label"}),
        ("1x1,1x2,class\n2,3,a\n", {"label": "class"}),
        ("id,label,pixel0\n7,1,2\n", {"label": "label"}),
        ("file_name,label\nx.png,oak\n", {"image": "file_name", "label": "label"}),
        ("where,what\noak.png,oak\n", {"image": "where", "label": "what"}),
        ("Filename;ClassId\nx.ppm;3\n", {"image": "Filename", "label": "ClassId"}),
        ("image,label,split\nx.png,oak,train\n", {"image": "image", "label": "label", "part": "split"}),
        ("where,what,why\nx.png,oak,7\n", {}),
        ("file,label\n", {"image": "file", "label": "label"}),
    ],
)
def test_columns_are_found_by_their_names_and_the_first_row(text: str, columns: dict[str, str]) -> None:
    save(Path("oak.png"))
    Path("set.csv").write_text(text)
    assert recognize(Path("set.csv")) == Csv.model_validate({"path": "set.csv", **columns})


def test_a_name_goes_before_a_folder_of_this_name() -> None:
    Path("mnist").mkdir()
    assert find_source("mnist") == MNIST()
    assert find_source("./mnist") == Folder(path="mnist")


def spec(folder: Path, data: Any) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "mine.yaml"
    path.write_text(f"data: {data}\nlayers: [no such thing]\n")
    return str(path)


def test_a_spec_says_its_data_even_where_the_rest_is_wrong_and_the_pictures_are_missing(here: Path) -> None:
    assert find_source(spec(here / "specs", "mnist")) == MNIST()
    found = find_source(spec(here / "specs", "{folder: {path: ../leaves, size: 8, skip: [a]}}"))
    assert found == Folder(path=(here / "leaves").as_posix(), size=(8, 8), skip=("a",))
    (here / "specs" / "child.yaml").write_text("extends: mine.yaml\n")
    assert find_source("specs/child.yaml") == Folder(path="leaves", size=(8, 8), skip=("a",))
    Path("bare.yaml").write_text("layers: []\n")
    assert find_source("bare.yaml") == MNIST()


def test_wrong_data_of_a_spec_is_located(here: Path) -> None:
    with pytest.raises(SpecError, match=r"mine.yaml:1:31: .*sise"):
        find_source(spec(here, "{folder: {path: leaves, sise: 8}}"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnits", 'unknown data set "mnits"; did you mean "mnist"?'),
        ("./none", "none: no such file or folder"),
        ("none.npz", "none.npz: no such file or folder"),
        ("none.yaml", 'cannot read the spec "none.yaml": No such file'),
        ("text.txt", "text.txt: no pictures in a form that is known"),
    ],
)
def test_what_is_no_data(name: str, message: str) -> None:
    Path("text.txt").write_text("x")
    with pytest.raises((UsageError, SpecError)) as caught:
        find_source(name)
    assert str(caught.value).startswith(message)
