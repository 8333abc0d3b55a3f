"""``mnistspec data``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistspec.cli.completion import complete_datasets, complete_specs
from mnistspec.cli.console import print_json, print_table, print_written
from mnistspec.cli.options import DataDir, Json, check_output, output_option
from mnistspec.cli.reading import check_data, read_data
from mnistspec.cli.registration import Panel, command


@command(
    Panel.CHECK,
    5,
    "Describe a data set in numbers and draw some of its images.",
    example="mnistspec data mnist --augment specs/step6.yaml -o augmented.png",
)
def data(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="mnist, fashion-mnist, kmnist or qmnist.", autocompletion=complete_datasets
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
    from mnistspec.language.loader import load_spec

    spec = load_spec(augment) if augment else None

    check_data(name, data_dir)

    from mnistspec.data.statistics import describe_dataset
    from mnistspec.views.painting import paint_augmented, paint_samples
    from mnistspec.views.terminal.tables import statistics_table

    dataset = read_data(name, data_dir)
    statistics = describe_dataset(dataset)
    path = output or check_output(Path(f"{name}.png"))
    if spec is not None:
        paint_augmented(spec, dataset, path)
    else:
        paint_samples(dataset, path)
    if as_json:
        print_json({**statistics.as_data(), "picture": str(path)})
        return
    print_table(statistics_table(statistics))
    print_written("picture", path)
