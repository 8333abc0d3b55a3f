"""The command line: one short file a command; the only room that prints, exits or reads arguments."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from mnistspec.cli.commands.blocks import blocks
from mnistspec.cli.commands.build import build
from mnistspec.cli.commands.code import code
from mnistspec.cli.commands.compare import compare
from mnistspec.cli.commands.data import data
from mnistspec.cli.commands.demo import demo
from mnistspec.cli.commands.diff import diff
from mnistspec.cli.commands.evaluate import evaluate
from mnistspec.cli.commands.explain import explain
from mnistspec.cli.commands.export import export
from mnistspec.cli.commands.graph import graph
from mnistspec.cli.commands.inspect import inspect
from mnistspec.cli.commands.lr_find import lr_find
from mnistspec.cli.commands.new import new
from mnistspec.cli.commands.predict import predict
from mnistspec.cli.commands.report import report
from mnistspec.cli.commands.schema import schema
from mnistspec.cli.commands.show import show
from mnistspec.cli.commands.sweep import sweep
from mnistspec.cli.commands.train import train
from mnistspec.cli.commands.validate import validate
from mnistspec.cli.commands.worker_check import worker_check
from mnistspec.cli.console import print_error, print_more
from mnistspec.cli.interruption import Interrupted, interruption
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
        print_error(error)
        print_more(error)
        sys.exit(error.exit_code)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)
