"""The standard streams, whatever they are: of any encoding, closed, full, or of a reader that has gone."""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path
from typing import TextIO

_PLAIN = {"…": ".", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "→": ">", "•": "*"}  # noqa: RUF001 - what is replaced
_BOXES, _BLOCKS = range(0x2500, 0x2580), range(0x2580, 0x25A0)


def prepare_streams() -> None:
    """Make stdout and stderr take every text: what their encoding lacks is replaced; closed ones swallow it."""
    codecs.register_error("mnistspec.plain", _replace)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed; without this print would take stdout for stderr
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mnistspec.plain")


def silence(stream: TextIO) -> None:
    """Let a stream swallow everything: what is left in its buffer would fail again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that an encoding lacks, as many as they were, so that columns stay."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, end = error.object[error.start : error.end], error.end
    if text.endswith("±") and error.object[end : end + 1] == " ":  # 99.40 +-0.05
        return f"{''.join(map(_plain, text[:-1]))}+-", end + 1
    return "".join(map(_plain, text)), end


def _plain(character: str) -> str:
    if ord(character) in _BOXES:
        return "-" if character in "─━═╌╍┄┅┈┉" else "|" if character in "│┃║╎╏┆┇┊┋" else "+"
    return "#" if ord(character) in _BLOCKS else _PLAIN.get(character, "?")
