"""Every command with its help, arguments and options, as Markdown: ``python -m tests.docs.commands``."""

from __future__ import annotations

import re
import sys
from itertools import groupby
from typing import Any

import typer

from mnistspec.cli.app import app


def list_commands() -> dict[str, Any]:
    """Return the program's commands by their names, in the order of ``--help``."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def _describe(name: str, command: Any) -> str:
    does, _, example = command.help.partition("\n\nExample: ")
    context = command.make_context(name, [], resilient_parsing=True)
    lines = [f"### {name}", "", " ".join(does.split())]
    if example:
        lines += ["", f"Example: `{' '.join(example.split())}`"]
    rows = [_row(parameter, context) for parameter in command.params if not parameter.hidden]
    if rows:
        lines += ["", "| argument or option | what it does |", "| :-- | :-- |", *rows]
    return "\n".join((*lines, ""))


def _row(parameter: Any, context: Any) -> str:
    name, text = parameter.get_help_record(context)
    name = re.sub(r" <list\[.*?\]>| <path>", "", name).replace(" range>", ">")
    if parameter.nargs == -1:
        name = f"{name.removesuffix('...')}..."
    cells = (f"`{name}`", " ".join(text.split()))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Print all commands under the headings that ``--help`` groups them by."""
    parts = []
    for panel, entries in groupby(list_commands().items(), lambda entry: entry[1].rich_help_panel):
        parts += [f"## {panel}\n", *(_describe(name, command) for name, command in entries)]
    sys.stdout.write("\n".join(parts))


if __name__ == "__main__":
    main()
