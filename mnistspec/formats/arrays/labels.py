"""Labels of any numbers or words as the numbers of classes, the same for all parts of a set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mnistspec.formats.layout import MOST_CLASSES, natural_key
from mnistspec.formats.problems import refuse
from mnistspec.wording import plural, quote, write_shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from mnistspec.formats.arrays.files import ArrayFile

    Labels = npt.NDArray[np.integer[Any]] | npt.NDArray[np.str_]

_SHOWN = 5  # of what is listed in a sentence
_LOOKED_AT = 1000  # labels, to see what is wrong with them
_MOST_COLUMNS = 2**16
_MOST_BYTES = 4096  # of one label


def number_labels(
    labels: Mapping[str, Labels], names: Sequence[str] | None, place: str
) -> tuple[tuple[str, ...], dict[str, npt.NDArray[np.int64]]]:
    """Return the classes, and the labels of each part as their numbers from 0.

    The classes are in the order of the numbers, or in natural order, of all parts together, so that one which is
    missing in a part moves no other. ``names`` are names for numbers from 0, or for all numbers that occur in their
    order; or, where the labels are words, the words in the order of the classes. Raises an error, which begins with
    ``place``, for names that do not fit, and where there are not 2 to 1,000 classes.
    """
    kinds = {part: values.dtype.kind == "U" for part, values in labels.items()}
    if len(set(kinds.values())) > 1:
        words, numbers = (
            next(part for part, is_text in kinds.items() if is_text is wanted) for wanted in (True, False)
        )
        refuse("E533", f"{place}: the labels of {words} are words, those of {numbers} numbers", "save all as one kind")
    found = np.unique(np.concatenate(list(labels.values())))
    if found.dtype.kind == "U":
        order, classes = _order_words(found.tolist(), names, place)
    else:
        order, classes = _order_numbers(found, names, place)
    if not 2 <= len(classes) <= MOST_CLASSES:
        refuse(
            "E510",
            f"{place}: {plural(len(found), 'different label')}; a set has 2 to {MOST_CLASSES:,} classes",
            "give each picture the label of its class, no number of its own and no measured value",
        )
    by_value = np.argsort(order)
    numbered = {part: by_value[np.searchsorted(order, values, sorter=by_value)] for part, values in labels.items()}
    return classes, {part: values.astype(np.int64) for part, values in numbered.items()}


def _order_words(found: list[str], names: Sequence[str] | None, place: str) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    classes = tuple(names or sorted(found, key=natural_key))
    if unknown := [word for word in found if word not in classes]:
        refuse("E537", f"{place}: not in classes: {_list(unknown)}", "add it to classes:, or remove its rows")
    return np.array(classes), classes


def _order_numbers(
    found: npt.NDArray[Any], names: Sequence[str] | None, place: str
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Return the labels in the order of their classes, and the names of these."""
    if not names:
        return found, tuple(map(str, found.tolist()))
    if found[0] >= 0 and found[-1] < len(names):
        return np.arange(len(names)), tuple(names)
    if len(found) != len(names):
        refuse(
            "E537",
            f"{place}: {plural(len(found), 'different label')} from {found[0]} to {found[-1]}, but "
            f"{plural(len(names), 'name')} in classes:",
            "give a name for each number from 0, or for each number that occurs, in order",
        )
    return found, tuple(names)


def read_labels(labels: ArrayFile, images: ArrayFile) -> Labels:
    """Return the labels (n,) of images, whole numbers or words; refuse those that do not give each image one class."""
    if len(labels) != len(images):
        refuse(
            "E533",
            f"{labels.place}: {plural(len(labels), 'label')} for {plural(len(images), 'picture')}",
            "give each picture one label, in the same order",
        )
    kind = labels.dtype.kind
    if len(labels.shape) > 1 and labels.shape[1:] != (1,):
        _refuse_vectors(labels)
    if kind not in "biuUS" or labels.row_bytes > _MOST_BYTES:
        advice = f"save {labels.name}.astype(int)" if kind == "f" else "save whole numbers, or words"
        refuse("E533", f"{labels.place}: labels of the type {labels.dtype.name}", advice)
    values = labels.values().reshape(-1)
    if kind == "S":
        return _decode(values, labels)
    if kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        refuse("E533", f"{labels.place}: numbers of more than 63 bits", "save smaller numbers")
    return values if kind == "U" else values.astype(np.int64)


def _refuse_vectors(labels: ArrayFile) -> NoReturn:
    """Say why several numbers a picture are no label: the commonest cases are told from the first of them."""
    shape = write_shape(labels.shape)
    if len(labels.shape) == 2 and labels.dtype.kind in "biuf" and 1 < labels.shape[1] <= _MOST_COLUMNS:
        first = next(labels.blocks(_LOOKED_AT))
        if (np.count_nonzero(first, axis=1) == 1).all():
            refuse("E533", f"{labels.place}: one-hot labels, {shape}", f"save {labels.name}.argmax(axis=1)")
        message = f"{labels.place}: several labels for a picture, {shape}"
        refuse("E533", message, "a picture has one class here; choose one column, or the pictures with one label")
    refuse("E533", f"{labels.place}: labels of {shape}", "give each picture one label: (n,)")


def _decode(values: npt.NDArray[Any], labels: ArrayFile) -> npt.NDArray[np.str_]:
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError:
        refuse("E533", f"{labels.place}: words that are not UTF-8", f"save {labels.name}.astype(str)")


def parse_labels(texts: Sequence[str]) -> Labels:
    """Return labels that were read as text: numbers if all of them are whole numbers in plain digits, else words."""
    are_numbers = all(re.fullmatch(r"0|-?[1-9]\d{0,17}", text, re.ASCII) for text in texts)
    return np.array(texts, dtype=np.int64) if are_numbers else np.array(texts, dtype=np.str_)


def _list(words: Sequence[str]) -> str:
    shown = ", ".join(map(quote, words[:_SHOWN]))
    return f"{shown} and {len(words) - _SHOWN:,} more" if len(words) > _SHOWN else shown
