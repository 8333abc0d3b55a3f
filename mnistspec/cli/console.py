"""Printing: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mnistspec.cli.streams import silence
from mnistspec.errors import MnistspecError, SpecError
from mnistspec.wording import fold_line, printable_lines

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.language.yaml.diagnostics import Diagnostic


def print_result(text: str) -> None:
    """Print a result, without what could steer the terminal; raise MnistspecError if it cannot be written."""
    _print(printable_lines(text))


def print_prose(text: str) -> None:
    """Print text as ``print_result`` does, broken between words where a terminal is narrower."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    print_result("\n".join(fold_line(line, width) for line in text.split("\n")))


def print_written(what: str, path: Path, more: str = "") -> None:
    """Print which file was written."""
    print_prose(f"{what}: {path}{', ' if more else ''}{more}")


def print_json(content: object) -> None:
    """Print exactly one JSON document; numbers that are not finite become null, which JSON can say."""
    _print(json.dumps(_finite(content), indent=2))


def print_message(text: str) -> None:
    """Print a message to stderr; where nobody can read it, the program does its work all the same."""
    try:
        print(printable_lines(text), file=sys.stderr, flush=True)  # noqa: T201 - this module prints, no other does
    except OSError:
        silence(sys.stderr)


def _print(text: str) -> None:
    try:
        print(text, flush=True)  # noqa: T201 - this module prints, no other does
    except BrokenPipeError:
        raise  # the reader has had enough: typer ends the program quietly
    except OSError as error:
        silence(sys.stdout)
        raise MnistspecError(f"cannot write the output: {error.strerror}") from None


def print_warning(text: str) -> None:
    """Print a warning to stderr."""
    print_message(f"mnistspec: warning: {text}")


def print_warnings(warnings: Iterable[Diagnostic]) -> None:
    """Print warnings about specs to stderr, each with its place, and once."""
    for text in dict.fromkeys(warning.render() for warning in warnings):
        print_message(text)


def print_error(error: MnistspecError | str) -> None:
    """Print an error to stderr; one that begins with its place needs no other beginning."""
    print_message(str(error) if isinstance(error, SpecError) else f"mnistspec: {error}")


def print_more(error: MnistspecError) -> None:
    """Say where to read more about an error, if there is a page about it."""
    if error.code:
        print_message(f"mnistspec explain {error.code} says more")


def print_table(table: Any) -> None:  # noqa: ANN401 - any of rich's renderables
    """Print a rich table to stdout, as wide as the terminal; plain, in 80 columns, where there is none."""
    from rich.console import Console

    from mnistspec.views.terminal.tables import WIDTH, Printable, render_text

    console = Console(highlight=False)
    if console.is_terminal and console.encoding.startswith("utf"):
        console.print(Printable(table), crop=False)
    else:  # rich's own table of ASCII has more lines than ours
        print_result(render_text(table, console.width if console.is_terminal else WIDTH).rstrip("\n"))


def print_markdown(text: str) -> None:
    """Print Markdown to stdout, rendered in a terminal and as it is elsewhere."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Markdown(printable_lines(text), code_theme="ansi_dark"))
    else:
        print_result(text.rstrip("\n"))


def _finite(content: object) -> object:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and content - content != 0:
        return None
    return content
