"""``mnistspec report``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistspec.cli.console import print_json, print_message, print_written
from mnistspec.cli.options import DataDir, Json, RunFolders, check_output, output_option
from mnistspec.cli.reading import read_data
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnistspec.analysis.history import History, HistoryReader
    from mnistspec.data.dataset import Dataset
    from mnistspec.language.vocabulary.datasets import Data
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.predictions import Predictions


@command(
    Panel.COMPARE,
    2,
    "Write a report on runs: each series' target, results, changes, curves, confusion and mistakes.\n\n"
    "Series stand in the order of their names, what is built on first. Mistakes are read from the predictions that "
    "runs keep; a run without them is evaluated if --data-dir, MNISTSPEC_DATA or the run itself names a folder with "
    "its data.",
    example="mnistspec report runs -o report.html",
)
def report(
    paths: RunFolders,
    output: Annotated[Path | None, output_option(".html", ".md", default="report.html")] = None,
    title: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Title of the report.", show_default="the names of its specs"),
    ] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    output = output or check_output(Path("report.html"))
    pictures = output.with_name(f"{output.stem}-pictures")
    if output.suffix.lower() == ".md" and pictures.exists() and not pictures.is_dir():
        raise UsageError(f"{pictures}: the pictures go into a folder of this name, but it is a file")

    from mnistspec.analysis.collection import collect_runs
    from mnistspec.analysis.history import HistoryReader

    reader = HistoryReader(collect_runs(paths), _make_measure(data_dir))
    for sentence in reader.left_out:
        print_message(sentence)
    if not reader.all_series:
        raise UsageError(f"no finished run in {', '.join(map(str, paths))}")
    history = _read(reader)
    files = _write(history, title, output, pictures)
    if as_json:
        print_json({
            "file": str(output),
            "pictures": [str(file) for file in files],
            "recipes": [chapter.series.as_data() for chapter in history.chapters],
            "left_out": history.left_out,
            "missing": history.problems,
        })  # fmt: skip
    else:
        print_written("report", output, f"{len(files)} pictures in {pictures}" if files else "")


def _make_measure(data_dir: Path | None) -> Callable[[RunDir], Predictions | None]:
    """Return what makes the predictions of a run that kept none, where a folder has its data: each is read once."""
    from mnistspec.data.store import given_folder
    from mnistspec.runs.environment import find_data_dir

    @cache
    def load(data: Data, data_dir: Path | None) -> Dataset:
        return read_data(data, data_dir)

    def measure(run: RunDir) -> Predictions | None:
        remembered = find_data_dir(run)
        if given_folder(data_dir) is None and not (remembered and remembered.is_dir()):
            return None

        from mnistspec.runs.trained import load_data, measure_again
        from mnistspec.training.device import choose_device

        return measure_again(run, load_data(run, data_dir, load), choose_device(None))

    return measure


def _read(reader: HistoryReader) -> History:
    """Return the history; it is shown which series is being read, since many runs take a while."""
    chapters, reading = [], reader.read()
    for number, series in enumerate(reader.all_series, 1):
        print_message(f"{number} of {len(reader.all_series)}: {series.spec.name}")
        chapters.append(next(reading))
        for problem in chapters[-1].problems:
            print_message(f"  {problem}")
    return reader.finish(chapters)


def _write(history: History, title: str, output: Path, pictures: Path) -> list[Path]:
    """Write the report, the pictures first; return these."""
    from mnistspec.files import explain_os_error, write_atomically, write_text
    from mnistspec.views.report import make_report, render_html, render_markdown

    contents = make_report(history, title)
    if output.suffix.lower() == ".html":
        write_text(output, render_html(contents))
        return []
    text, drawn = render_markdown(contents, pictures.name)
    try:
        pictures.mkdir(exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, pictures) from None
    for name, content in drawn.items():
        write_atomically(pictures / name, content)
    write_text(output, text)
    return [pictures / name for name in drawn]
