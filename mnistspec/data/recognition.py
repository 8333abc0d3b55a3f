"""Data that is named on the command line: by its name, by a spec, or by the path of pictures, whatever they are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mnistspec.data.store import find_data
from mnistspec.errors import UsageError
from mnistspec.formats.arrays.table import open_table
from mnistspec.formats.idx import find_idx_files
from mnistspec.language.loader import load_data
from mnistspec.language.vocabulary.datasets import list_named
from mnistspec.language.vocabulary.image_sets import Csv, Folder, Idx, Npz

if TYPE_CHECKING:
    from mnistspec.formats.arrays.table import Table
    from mnistspec.language.vocabulary.datasets import Data
    from mnistspec.language.vocabulary.image_sets import OwnData

_SPECS = {".yaml", ".yml"}
_TABLES = {".csv", ".tsv"}
# What columns are called in tables that people publish, without capitals; the first that is there is taken.
_IMAGES = ("image", "file", "file_name", "filename", "path", "image_path", "file_path", "filepath", "image_id", "id")
_LABELS = ("label", "class", "category", "target", "class_id", "classid", "label_id", "y")
_PARTS = ("split", "part", "subset", "partition", "set")


def find_source(name: str) -> Data:
    """Return the data of this name, or at the path of a spec or of pictures; raise UsageError if there is none."""
    path = Path(name)
    if name in list_named():
        return find_data(name)
    if path.suffix.lower() in _SPECS:
        return load_data(path)
    if path.exists():
        return recognize(path)
    if "/" in name or path.suffix:
        raise UsageError(f"{path}: no such file or folder")
    return find_data(name)


def recognize(path: Path) -> OwnData:
    """Return what a folder or file of pictures is, by what is in it; raise UsageError for other files."""
    place = path.as_posix()
    if path.is_dir():
        return Idx(path=place) if find_idx_files(path) else Folder(path=place)
    if path.suffix.lower() == ".npz":
        return Npz(path=place)
    if path.suffix.lower() in _TABLES:
        with open_table(path) as table:
            return Csv.model_validate({"path": place, **_choose_columns(path.parent, table)})
    raise UsageError(
        f"{path}: no pictures in a form that is known; give a folder, an .npz or .csv file, a spec, or a name"
    )


def _choose_columns(folder: Path, table: Table) -> dict[str, str]:
    """Return which columns have the paths, the labels and the parts, by their names and the first row."""
    by_name = {column.lower(): column for column in reversed(table.columns)}
    _, first = next(table.rows, (0, [""] * len(table.columns)))
    files = [column for column, text in zip(table.columns, first, strict=True) if _is_file(folder, text)]
    named = {
        key: next((by_name[name] for name in names if name in by_name), None)
        for key, names in (("image", _IMAGES), ("label", _LABELS), ("part", _PARTS))
    }
    has_pixels = any(name.startswith("pixel") or name == "1x1" for name in by_name)
    image = files[0] if files else None if has_pixels else named["image"]
    others = [column for column in table.columns if column != image]
    label = named["label"] or (others[0] if image and len(others) == 1 else None)
    chosen = {"image": image, "label": label, "part": named["part"]}
    return {key: column for key, column in chosen.items() if column is not None}


def _is_file(folder: Path, text: str) -> bool:
    try:
        return bool(text.strip()) and (folder / text.strip()).is_file()
    except (OSError, ValueError):  # a text that is no path
        return False
