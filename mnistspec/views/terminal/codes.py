"""The pages of the error codes."""

from __future__ import annotations

from textwrap import fill, indent
from typing import TYPE_CHECKING

from mnistspec.language.manual.codes import CODES
from mnistspec.language.manual.mistakes import MISTAKES, answer
from mnistspec.wording import printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDTH = 80


def list_codes() -> str:
    """Return every code with its title."""
    return "\n".join([*(f"{code}  {entry.title}" for code, entry in CODES.items()), "",
                      "mnistspec explain CODE tells more about one."])  # fmt: skip


def code_pages(codes: Iterable[str]) -> str:
    """Return the pages of some codes."""
    return "\n\n".join(map(_page, codes))


def code_data(code: str) -> dict[str, str]:
    """Return a code's page as plain data; one without an example has empty texts for it."""
    mistake = MISTAKES.get(code)
    return {
        "code": code,
        "title": CODES[code].title,
        "explanation": CODES[code].explanation,
        "wrong": mistake.wrong if mistake else "",
        "message": answer(mistake.wrong) if mistake else "",
        "right": mistake.right if mistake else "",
    }


def _page(code: str) -> str:
    data = code_data(code)
    parts = [f"{code}: {data['title']}", fill(data["explanation"], _WIDTH)]
    if data["wrong"]:
        parts += ["This spec", _quoted(data["wrong"]), "is answered with", _quoted(data["message"])]
        parts += ["and this one is right:", _quoted(data["right"])]
    return "\n\n".join(parts)


def _quoted(text: str) -> str:
    return indent(printable_lines(text.rstrip("\n")), "    ")
