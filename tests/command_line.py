"""The command line in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from mnistspec.cli.app import main

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class CommandLine(Protocol):
    """Runs ``mnistspec`` with arguments; an error that it does not turn into a message fails the test."""

    def __call__(self, *arguments: str | Path) -> Outcome: ...


def run_main(*arguments: str | Path) -> int:
    """Run the command line and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mnistspec", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)
