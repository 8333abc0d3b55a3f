"""``mnistspec data``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistspec.cli.bars import show_bar
from mnistspec.cli.completion import complete_data, complete_specs
from mnistspec.cli.console import print_json, print_message, print_table, print_written
from mnistspec.cli.options import DataDir, Json, check_output, output_option
from mnistspec.cli.reading import check_data, read_data
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import CorruptError

if TYPE_CHECKING:
    from mnistspec.formats.checking.check import Check
    from mnistspec.language.spec import Spec
    from mnistspec.language.vocabulary.datasets import NamedData
    from mnistspec.language.vocabulary.image_sets import OwnData


@command(
    Panel.CHECK,
    5,
    "Check images and their labels, and draw some. The exit code is 4 if something has to be mended.",
    example="mnistspec data leaves/ -o leaves.png",
)
def data(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A folder of images, an .npz or .csv file, a folder of IDX files, a spec, or a name such as mnist.",
            autocompletion=complete_data,
        ),
    ] = "mnist",
    augment: Annotated[
        Path | None,
        typer.Option(
            metavar="SPEC",
            help="Draw the images as the training of this spec sees them.",
            show_default=False,
            autocompletion=complete_specs,
        ),
    ] = None,
    output: Annotated[Path | None, output_option(".png", default="NAME.png")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    from mnistspec.data.recognition import find_source
    from mnistspec.language.loader import load_spec
    from mnistspec.language.vocabulary.datasets import NamedData
    from mnistspec.language.vocabulary.image_sets import OwnData

    spec = load_spec(augment) if augment else None
    found = find_source(source)
    if isinstance(found, OwnData):
        placed = found if data_dir is None else found.model_copy(update={"path": str(data_dir)})
        _check_own(placed, spec, output, as_json=as_json, is_new=found.path == Path(source).as_posix())
    elif isinstance(found, NamedData):
        _describe_named(found, spec, output, data_dir, as_json=as_json)


def _describe_named(
    named: NamedData, spec: Spec | None, output: Path | None, data_dir: Path | None, *, as_json: bool
) -> None:
    check_data(named, data_dir)

    from mnistspec.data.statistics import describe_dataset
    from mnistspec.views.painting import paint_augmented, paint_samples
    from mnistspec.views.terminal.tables import statistics_table

    dataset = read_data(named, data_dir)
    statistics = describe_dataset(dataset)
    path = output or check_output(Path(f"{named.word}.png"))
    if spec is not None:
        paint_augmented(spec, dataset, path)
    else:
        paint_samples(dataset, path)
    if as_json:
        print_json({**statistics.as_data(), "picture": str(path)})
        return
    print_table(statistics_table(statistics))
    print_written("picture", path)


def _draw(check: Check, own: OwnData, spec: Spec | None, path: Path) -> Path | None:
    """Draw samples, or what a training makes of them; return where, or None for a set that cannot be read."""
    from mnistspec.views.pictures.images import draw_stored

    if check.stored is None or check.survey is None:
        return None
    if spec is None:
        draw_stored(check.stored, title=f"{own.path}: training images").save(path)
    else:
        from mnistspec.views.painting import paint_augmented

        paint_augmented(spec, read_data(own.model_copy(update={"size": check.survey.size})), path)
    return path


def _check_own(own: OwnData, spec: Spec | None, output: Path | None, *, as_json: bool, is_new: bool) -> None:
    from mnistspec.formats.checking.check import check_set
    from mnistspec.views.terminal.check import check_view

    path = output or check_output(Path(f"{Path(own.path).resolve().stem}-samples.png"))
    with show_bar("decoding pictures") as progress:
        check = check_set(own.open(), progress)
    picture = _draw(check, own, spec, path)
    if as_json:
        print_json({**check.as_data(), "picture": picture and str(picture)})
    else:
        print_table(check_view(check, own if is_new else None))
        if picture:
            print_written("picture", picture)
        if check.problems:
            print_message(f"mnistspec explain {check.problems[0].code} says more")
    if not check.is_fine:
        raise typer.Exit(CorruptError.exit_code)
