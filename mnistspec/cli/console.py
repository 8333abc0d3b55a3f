"""Printing: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from mnistspec.errors import MnistspecError, SpecError
from mnistspec.wording import printable_lines


def print_result(text: str) -> None:
    """Print a result, without what could steer the terminal; raise MnistspecError if it cannot be written."""
    _print(printable_lines(text))


def print_json(content: object) -> None:
    """Print exactly one JSON document; numbers that are not finite become null, which JSON can say."""
    _print(json.dumps(_finite(content), indent=2))


def print_message(text: str) -> None:
    """Print a message to stderr."""
    print(printable_lines(text), file=sys.stderr)  # noqa: T201 - this module prints, no other does


def _print(text: str) -> None:
    try:
        print(text, flush=True)  # noqa: T201 - this module prints, no other does
    except BrokenPipeError:
        raise  # the reader has had enough: typer ends the program quietly
    except OSError as error:
        # What is left in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise MnistspecError(f"cannot write the output: {error.strerror}") from None


def print_warning(text: str) -> None:
    """Print a warning to stderr."""
    print_message(f"mnistspec: warning: {text}")


def print_error(error: MnistspecError | str) -> None:
    """Print an error to stderr; one that begins with its place needs no other beginning."""
    print_message(str(error) if isinstance(error, SpecError) else f"mnistspec: {error}")


def print_more(error: MnistspecError) -> None:
    """Say where to read more about an error, if there is a page about it."""
    if error.code:
        print_message(f"mnistspec explain {error.code} says more")


def print_table(table: Any) -> None:  # noqa: ANN401 - any of rich's renderables
    """Print a rich table to stdout; plain and 80 columns wide where there is no terminal."""
    from rich.console import Console

    from mnistspec.views.terminal.tables import render_text

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
    else:
        print_result(render_text(table).rstrip("\n"))


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
