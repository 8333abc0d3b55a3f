"""The command line: one short file a command; the only room that prints, exits or reads arguments."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from mnistspec.cli.blocks import blocks
from mnistspec.cli.build import build
from mnistspec.cli.code import code
from mnistspec.cli.compare import compare
from mnistspec.cli.console import print_error
from mnistspec.cli.data import data
from mnistspec.cli.demo import demo
from mnistspec.cli.diff import diff
from mnistspec.cli.evaluate import evaluate
from mnistspec.cli.explain import explain
from mnistspec.cli.export import export
from mnistspec.cli.graph import graph
from mnistspec.cli.inspect import inspect
from mnistspec.cli.interruption import Interrupted, interruption
from mnistspec.cli.lr_find import lr_find
from mnistspec.cli.new import new
from mnistspec.cli.predict import predict
from mnistspec.cli.report import report
from mnistspec.cli.schema import schema
from mnistspec.cli.show import show
from mnistspec.cli.sweep import sweep
from mnistspec.cli.train import train
from mnistspec.cli.validate import validate
from mnistspec.cli.worker_check import worker_check
from mnistspec.errors import MnistspecError

app = typer.Typer(
    help="A small network and its training run in one YAML file: validated, compiled to nn.Sequential, trained.",
    epilog="Start with: mnistspec build specs/step4.yaml --summary, then mnistspec train specs/step6.yaml",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    new, build, train, validate, predict, evaluate, demo, inspect, data, blocks, explain, schema, show, diff, code,
    graph, export, sweep, compare, report,
)  # fmt: skip
for command in _COMMANDS:
    app.command()(command)
app.command("lr-find")(lr_find)
app.command("worker-check")(worker_check)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"mnistspec {version('mnistspec')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every error that is the user's ends here, as a message and an exit code."""
    interruption.install()
    try:
        app()
    except MnistspecError as error:
        print_error(str(error))
        sys.exit(error.exit_code)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)
