"""``mnistspec worker-check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mnistspec.cli.completion import complete_datasets
from mnistspec.cli.console import (
    print_error,
    print_json,
    print_message,
    print_prose,
    print_result,
    print_table,
    print_warning,
)
from mnistspec.cli.options import DataDir, Device, Json
from mnistspec.cli.reading import check_data
from mnistspec.cli.registration import Panel, command

if TYPE_CHECKING:
    from mnistspec.sweeps.cluster.offers import Offer
    from mnistspec.sweeps.cluster.transfer import Requirements


@command(
    Panel.SHARE,
    3,
    "Check whether the workers of a cluster, or this machine, can train the runs of a sweep.\n\n"
    "Shown are their versions, devices and data sets. Connect only to a scheduler that you trust: Dask's messages can "
    "run code.",
    example="mnistspec worker-check tcp://10.0.0.1:8786",
)
def worker_check(
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="ADDRESS",
            help="Dask scheduler, such as tcp://10.0.0.1:8786.",
            show_default="this machine",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Data set that the runs need; downloaded if it is missing; repeatable.",
            show_default="mnist",
            autocompletion=complete_datasets,
        ),
    ] = None,
    data_dir: DataDir = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    from mnistspec.sweeps.cluster.transfer import Requirements

    for name in data or ():
        check_data(name, None)
    needs = Requirements(tuple(data or ["mnist"]), None if data_dir is None else str(data_dir), device)
    if not (_check_here(needs, as_json=as_json) if address is None else _check_there(address, needs, as_json=as_json)):
        raise typer.Exit(1)


def _check_here(needs: Requirements, *, as_json: bool) -> bool:
    """Show what this machine has; return whether it fits."""
    from mnistspec.sweeps.cluster.offers import examine_machine

    machine = examine_machine(needs)
    if as_json:
        print_json(machine)
    else:
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        print_prose(f"versions: {versions}")
        print_result(f"devices: {', '.join(machine['devices'])}")
        print_result(f"data sets: {', '.join(machine['data_sets']) or 'none'}")
        for problem in machine["problems"]:
            print_error(problem)
    return not machine["problems"]


def _check_there(address: str, needs: Requirements, *, as_json: bool) -> bool:
    """Show what the workers of a cluster have; return whether one of them fits."""
    from mnistspec.sweeps.cluster.client import connect, survey
    from mnistspec.sweeps.cluster.offers import compare_versions

    with connect(address) as client:
        offers = survey(client, address, needs)
    if as_json:
        print_json({"scheduler": address, "workers": [offer.as_data() for offer in offers]})
    else:
        from mnistspec.views.terminal.workers import workers_table

        print_table(workers_table(offers))
    for line in compare_versions(offers):
        print_warning(line)
    if not as_json:
        show_misfits(offers)
    return any(offer.fits for offer in offers)


def show_misfits(offers: list[Offer]) -> None:
    """Print why workers do not fit."""
    for offer in offers:
        for problem in offer.problems:
            print_message(f"{offer.address} does not fit: {problem}")
