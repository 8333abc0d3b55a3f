"""``mnistspec demo``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mnistspec.cli.completion import complete_runs
from mnistspec.cli.console import print_message, print_result, print_warning
from mnistspec.cli.interruption import interruption
from mnistspec.cli.options import Best, DataDir, Latest
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import choose_run, load_run_data
from mnistspec.errors import MnistspecError

if TYPE_CHECKING:
    from mnistspec.pages.network import DemoNetwork
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.predictions import Predictions
    from mnistspec.runs.trained import TrainedModel


Runs: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN",
        help="Run folders, or folders with one run below; several read the same drawing side by side.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]


@command(
    Panel.LOOK,
    4,
    "Draw a digit in the browser and see what trained networks read, and why.\n\nCtrl-C ends it.",
    example="mnistspec demo runs/step6/20260101T120000Z-1a2b3c --open",
)
def demo(
    runs: Runs,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port of the page; 0 takes any free one.")
    ] = 7860,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; any but this machine's own lets others in.")
    ] = ("127.0.0.1"),
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Answer to this name as well, such as mybox.local; repeatable.", show_default=False
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    latest: Latest = False,
    best: Best = False,
    data_dir: DataDir = None,
) -> None:
    from importlib.util import find_spec

    if not all(map(find_spec, ("starlette", "uvicorn"))):
        raise MnistspecError("the demo needs starlette and uvicorn: pip install 'mnistspec[demo]'")

    from mnistspec.pages.guard import check_hosts

    names = check_hosts(allow_host or [])
    folders = [choose_run(path, latest=latest) for path in runs]  # before torch is loaded

    import torch

    from mnistspec.pages.server import make_app
    from mnistspec.pages.serving import is_loopback, open_port, page_address, serve

    with open_port(host, port) as opened:
        torch.set_num_threads(1)  # one small image at a time: more threads would only wait for one another
        networks = _load_networks(folders, "best" if best else "model", data_dir)
        address = page_address(opened)
        if not is_loopback(opened):
            print_warning(f"--host {host}: everyone who can reach this machine over the network can use the page")
        app = make_app(networks, [host.lower(), *names])

        def announce() -> None:
            interruption.check()
            print_message("Ctrl-C ends it")
            print_result(f"demo: {address}")
            if browser:
                typer.launch(address)

        interruption.busy = lambda: True  # the server ends by itself; while it starts, a signal waits for announce
        try:
            serve(app, opened, announce)
        finally:
            interruption.busy = lambda: False
        interruption.check()


def _load_networks(runs: list[RunDir], weights: str, data_dir: Path | None) -> list[DemoNetwork]:
    """Load the networks, and what each got wrong."""
    from mnistspec.pages.network import DemoNetwork

    models = [run.load_model(weights) for run in runs]
    counts = Counter(model.spec.name for model in models)
    networks = []
    for run, model in zip(runs, models, strict=True):
        name = model.spec.name
        label = name if counts[name] == 1 else f"{name} {run.path.resolve().name}"
        kept = run.tested if weights == "model" and data_dir is None else None
        networks.append(DemoNetwork(label, model, kept or _test(label, run, model, data_dir)))
    return networks


def _test(label: str, run: RunDir, model: TrainedModel, data_dir: Path | None) -> Predictions | None:
    """Return what a network makes of the test set, which its run did not keep."""
    from mnistspec.training.device import choose_device

    try:
        data = load_run_data(run, data_dir)
    except MnistspecError as error:
        print_warning(f"the demo does not show the mistakes of {label}: {error}")
        return None
    return model.test(data, choose_device("cpu"))
