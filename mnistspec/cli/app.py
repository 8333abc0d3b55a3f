"""The command line: one short file a command; the only room that prints, exits or reads arguments."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.exceptions import TyperException

from mnistspec.cli import commands
from mnistspec.cli.console import print_error, print_more
from mnistspec.cli.interruption import Interrupted, interruption
from mnistspec.cli.registration import Command, Panel
from mnistspec.cli.streams import prepare_streams, silence
from mnistspec.cli.usage import explain_call
from mnistspec.errors import MnistspecError, UsageError, is_out_of_memory

_NAME = "mnistspec"


class _Command(TyperCommand):
    """A command whose help shows no types: an option's metavar says more, a switch has no value."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer's own copy of click has no public types
        return _without_types(super().get_params(ctx))


class _Group(TyperGroup):
    """The program itself, whose own options show no types either."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - the same
        return _without_types(super().get_params(ctx))


def _without_types(params: list[Any]) -> list[Any]:
    for param in params:
        if isinstance(param, TyperArgument) or (isinstance(param, TyperOption) and param.is_flag):
            param.display_type_rich = lambda ctx: ""  # type: ignore[method-assign]  # noqa: ARG005 - typer's signature
    return params


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"{_NAME} {version(_NAME)}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Refuse what no command can do: torch ends the process where there is no working folder."""
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(f"the working folder: {error.strerror}; change to one that exists") from None


def find_commands() -> list[Command]:
    """Return the commands of all files in the folder, as the program's help lists them."""
    names = [f"{commands.__name__}.{module.name}" for module in pkgutil.iter_modules(commands.__path__)]
    modules = map(import_module, names)
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Command)]
    panels = list(Panel)
    return sorted(found, key=lambda entry: (panels.index(entry.panel), entry.order, entry.name))


def make_app() -> typer.Typer:
    """Return the program with the commands that are found."""
    made = typer.Typer(
        cls=_Group,
        callback=_options,
        help="A small network and its training run in one YAML file: validated, compiled to nn.Sequential, trained.",
        epilog="Start with: mnistspec build specs/step4.yaml --summary, then mnistspec train specs/step6.yaml",
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for command in find_commands():
        made.command(command.name, cls=_Command, help=command.help, rich_help_panel=command.panel)(command.run)
    return made


app = make_app()


def main() -> None:
    """Run the command line; every error that is the user's ends here, as a message and an exit code."""
    prepare_streams()
    interruption.install()
    try:
        sys.exit(app(prog_name=_NAME, standalone_mode=False))
    except TyperException as error:
        if message := explain_call(error):
            print_error(message)
        sys.exit(error.exit_code)
    except MnistspecError as error:
        print_error(error)
        print_more(error)
        sys.exit(error.exit_code)
    except OSError as error:
        silence(sys.stdout)
        print_error(f"{error.filename or 'cannot write the output'}: {error.strerror or error}")
        sys.exit(1)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print_error("out of memory; free some, or lower train.batch_size or the size of the network")
        sys.exit(MnistspecError.exit_code)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)
