"""The label of a series in a narrow column: a number or a word is never broken in the middle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions

_NARROWEST = 12  # columns in which a label is still legible
_INDENT = "  "


class Label:
    """A series' name and below it what sets it apart, a setting a line; where that is too long, it goes on below."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [words[0], *(f"{_INDENT}{word}" for word in words[1:])]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return the narrowest and the widest that the label may be."""
        widest = max(map(len, self._words))
        return Measurement(min(_NARROWEST, widest), widest).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the label, broken to the width of its column."""
        lines = [line for word in self._words for line in fold_setting(word, options.max_width)]
        yield Text("\n".join(lines), overflow="fold")


def fold_setting(setting: str, width: int) -> list[str]:
    """Return a setting in lines of a width, broken behind the dots and underscores of its key and before its value."""
    if len(setting) <= width:
        return [setting]
    key, equals, value = setting.partition("=")
    lines = [""]
    for piece in [*re.findall(r"[^._]+[._]?", f"{key}{equals}"), *re.findall(r"[^/]+/?", value)]:
        if lines[-1].strip() and len(lines[-1]) + len(piece) > width:
            lines.append(2 * _INDENT)
        lines[-1] += piece
    return lines
