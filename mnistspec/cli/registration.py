"""How a command offers itself: a function under ``@command`` in a file of its own in the folder ``commands``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Panel(StrEnum):
    """The groups of commands in the program's help, in their order."""

    WRITE = "Write"
    CHECK = "Check"
    TRAIN = "Train"
    LOOK = "Look"
    COMPARE = "Compare"
    SHARE = "Share"


@dataclass(frozen=True)
class Command:
    """A command and its help, which does not come from the docstring, so that ``python -OO`` keeps it."""

    run: Callable[..., None]
    panel: Panel
    order: int
    summary: str
    example: str

    @property
    def name(self) -> str:
        """The word that calls the command."""
        return self.run.__name__.replace("_", "-")

    @property
    def help(self) -> str:
        """What the command does, and how it is called."""
        return f"{self.summary}\n\nExample: {self.example}"


def command(panel: Panel, order: int, summary: str, *, example: str) -> Callable[[Callable[..., None]], Command]:
    """Make a command of a function; ``order`` is its place in its panel, ``summary`` begins with one sentence."""
    return lambda run: Command(run, panel, order, summary, example)
