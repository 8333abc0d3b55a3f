"""``mnistspec predict``."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistspec.cli.bars import show_bar
from mnistspec.cli.console import print_error, print_json, print_result, print_table, print_warning, print_written
from mnistspec.cli.options import Best, Json, Latest, RunFolder, check_output
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import choose_run
from mnistspec.errors import UsageError
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.trained import TrainedModel

_BATCH = 64  # pictures
_RANKS = 3  # classes of each picture in the CSV


def _check_csv(path: Path | None) -> Path | None:
    return None if path is None else check_output(path, ".csv")


@command(
    Panel.LOOK,
    2,
    "Classify image files, or all in a folder.\n\n"
    "They are prepared as the images that the network learned from: photos and drawings of a digit, dark on light or "
    "light on dark, as MNIST's; others in size and channels. Images of up to 20 megapixels are read; JPEGs may have "
    "50. Sub-folders that are named like classes are taken for the right answers.",
    example="mnistspec predict runs/step6/20260101T120000Z-1a2b3c seven.png",
)
def predict(
    run: RunFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Image files, or folders of them.")],
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write a row for each image here: file, the likeliest classes, their probabilities.",
            callback=_check_csv,
        ),
    ] = None,
    latest: Latest = False,
    best: Best = False,
    as_json: Json = False,
) -> None:
    folder = choose_run(run, latest=latest)
    names = folder.spec.data.class_names
    answers = list(_classify(_list_images(images, names), folder, "best" if best else "model"))
    read = [answer for answer in answers if not answer.error]
    for answer in answers:
        if answer.note and not as_json:
            print_warning(f"{answer.path}: {answer.note}")
    if csv_file is not None:
        from mnistspec.files import write_text

        write_text(csv_file, _write_csv(answers, names))
    known = [answer for answer in read if answer.actual is not None]
    if as_json:
        print_json({
            "run": str(folder.path),
            "predictions": [answer.as_data(names) for answer in answers],
            **(_measure(known, names) if known else {}),
        })  # fmt: skip
    elif read:
        _print(read, known, names, is_written=csv_file is not None)
    if csv_file is not None and not as_json:
        print_written("table", csv_file, plural(len(answers), "image"))
    if len(read) < len(answers):
        raise typer.Exit(2)


@dataclass
class _Answer:
    """One image: its path, the class that its folder is named by, and what came of it."""

    path: Path
    actual: int | None = None
    probabilities: tuple[float, ...] = ()
    note: str = ""
    error: str = ""

    @property
    def prediction(self) -> int:
        """The likeliest class."""
        return self.ranks[0]

    @property
    def ranks(self) -> list[int]:
        """The classes, the likeliest first."""
        return sorted(range(len(self.probabilities)), key=lambda label: -self.probabilities[label])

    def as_data(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the answer for JSON."""
        if self.error:
            return {"image": str(self.path), "error": self.error}
        return {
            "image": str(self.path),
            "prediction": names[self.prediction],
            "probability": self.probabilities[self.prediction],
            "probabilities": dict(zip(names, self.probabilities, strict=True)),
            **({} if self.actual is None else {"actual": names[self.actual]}),
            **({"note": self.note} if self.note else {}),
        }


def _list_images(paths: Iterable[Path], names: Sequence[str]) -> list[_Answer]:
    """Return the files that are given or in a folder that is; raise UsageError for a folder without pictures."""
    answers: list[_Answer] = []
    for path in paths:
        if not path.is_dir():
            answers.append(_Answer(path))
            continue

        from mnistspec.formats.tree import scan

        files = scan(path).files
        if not files:
            raise UsageError(f"{path}: no pictures in this folder")
        for file in files:
            above = file.name.split("/")[:-1]
            answers.append(_Answer(path / file.name, names.index(above[0]) if above and above[0] in names else None))
    return answers


def _classify(answers: list[_Answer], folder: RunDir, weights: str) -> Iterator[_Answer]:
    """Yield the answers filled in; torch is loaded once there is an image."""
    from mnistspec.files import require_image

    with show_bar("pictures") as show:
        for start in range(0, len(answers), _BATCH):
            pictures = []
            for answer in answers[start : start + _BATCH]:
                try:
                    require_image(answer.path)

                    from mnistspec.data.images import prepare

                    pixels, answer.note = prepare(answer.path, folder.spec.data)
                except UsageError as error:
                    answer.error = str(error)
                    print_error(error)
                else:
                    pictures.append((answer, pixels))
            show(min(start + _BATCH, len(answers)), len(answers))
            if pictures:
                import torch

                scores = _load_model(folder, weights).predict(torch.stack([pixels for _, pixels in pictures]))
                for (answer, _), row in zip(pictures, scores.tolist(), strict=True):
                    answer.probabilities = tuple(row)
            yield from answers[start : start + _BATCH]


@cache
def _load_model(folder: RunDir, weights: str) -> TrainedModel:
    return folder.load_model(weights)


def _write_csv(answers: Sequence[_Answer], names: Sequence[str]) -> str:
    """Return the table, with the likeliest classes in order and what is wrong with an image."""
    count = min(_RANKS, len(names))
    numbers = ["", *(f"_{rank}" for rank in range(2, count + 1))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", *(f"{key}{number}" for number in numbers for key in ("label", "probability")), "error"])
    for answer in answers:
        ranks = answer.ranks[:count]
        cells = [cell for label in ranks for cell in (names[label], f"{answer.probabilities[label]:.6f}")]
        writer.writerow([answer.path.as_posix(), *(cells or [""] * 2 * count), answer.error])
    return text.getvalue()


def _count(known: Sequence[_Answer], classes: int) -> np.ndarray:
    """Return the counts by actual class (row) and prediction (column)."""
    import numpy as np

    cells = np.array([(answer.actual, answer.prediction) for answer in known], np.int64)
    return np.bincount(cells[:, 0] * classes + cells[:, 1], minlength=classes**2).reshape(classes, classes)


def _measure(known: Sequence[_Answer], names: Sequence[str]) -> dict[str, Any]:
    confusion = _count(known, len(names))
    return {"accuracy": 100 * int(confusion.trace()) / len(known), "confusion": confusion.tolist()}


def _print(read: Sequence[_Answer], known: Sequence[_Answer], names: Sequence[str], *, is_written: bool) -> None:
    """Print a line for each image, unless they were written to a file, and how many of those with a class are right."""
    from mnistspec.views.terminal.classes import confusion_table, evaluation_table, predictions_table

    if not is_written:
        scores = [list(answer.probabilities) for answer in read]
        print_table(predictions_table([str(answer.path) for answer in read], scores, list(names)))
    if known:
        confusion = _count(known, len(names))
        right = int(confusion.trace())
        print_result(f"{right:,} of {plural(len(known), 'image')} in folders of classes right, "
                     f"{100 * right / len(known):.2f} %")  # fmt: skip
        print_table(evaluation_table(confusion, names, "images by class"))
        print_table(confusion_table(confusion, names))
