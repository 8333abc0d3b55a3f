"""``mnistspec report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistspec.cli.console import print_json, print_message, print_result
from mnistspec.cli.options import DataDir, Json, RunFolders
from mnistspec.cli.outputs import check_output
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from mnistspec.analysis.history import Narrator, Story


def report(
    paths: RunFolders,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="An .html file, or an .md file, which gets a folder of pictures."
        ),
    ] = Path("report.html"),
    title: Annotated[str, typer.Option(help="The report's title.  [default: by its recipes]", show_default=False)] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell the story of runs: each recipe's target, results, analysis, what changed, curves, confusion and mistakes.

    The order is that of the names. The networks are put to the test set again, to see where they go wrong.

    Example: mnistspec report runs -o report.html
    """
    check_output(output, ".html", ".md")
    pictures = output.with_name(f"{output.stem}-pictures")
    if output.suffix.lower() == ".md" and pictures.exists() and not pictures.is_dir():
        raise UsageError(f"{pictures}: the pictures go into a folder of this name, but it is a file")

    from mnistspec.analysis.collection import collect_runs
    from mnistspec.analysis.history import Narrator

    narrator = Narrator(collect_runs(paths), data_dir)
    for sentence in narrator.left_out:
        print_message(sentence)
    if not narrator.recipes:
        raise UsageError(f"no finished run in {', '.join(map(str, paths))}")
    story = _read(narrator)
    files = _write(story, title, output, pictures)
    if as_json:
        print_json({
            "file": str(output),
            "pictures": [str(file) for file in files],
            "recipes": [step.recipe.as_data() for step in story.steps],
            "left_out": story.left_out,
            "missing": story.problems,
        })  # fmt: skip
    else:
        beside = f", {len(files)} pictures in {pictures}" if files else ""
        print_result(f"report: {output}{beside}")


def _read(narrator: Narrator) -> Story:
    """Return the story; what is being read is told, for of many runs it takes a while."""
    steps, reading = [], narrator.read()
    for number, recipe in enumerate(narrator.recipes, 1):
        print_message(f"{number} of {len(narrator.recipes)}: {recipe.spec.name}")
        steps.append(next(reading))
        for problem in steps[-1].problems:
            print_message(f"  {problem}")
    return narrator.finish(steps)


def _write(story: Story, title: str, output: Path, pictures: Path) -> list[Path]:
    """Write the report, the pictures first; return these."""
    from mnistspec.files import explain_os_error, write_atomically, write_text
    from mnistspec.views.report import make_report, render_html, render_markdown

    contents = make_report(story, title)
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
