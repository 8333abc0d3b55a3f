"""The pages of the error codes: Markdown, one file a code, read by ``explain``, the site and the tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ERRORS = Path(__file__).with_name("errors")

_PAGE = re.compile(
    r"# (?P<code>E\d{3}): (?P<title>[^\n]+)\n\n(?P<explanation>.+?)\n\n"
    r"(?:This (?P<thing>spec|folder|file) is wrong:\n\n```(?P<fence>\w+)\n(?P<wrong>.+?)```\n\n)?"
    r"(?:Validating|Reading|Checking) it prints:\n\n```text\n(?P<message>.+?)\n```\n\n"
    r"This (?(thing)(?P=thing)|spec) is right:\n\n```(?(fence)(?P=fence)|yaml)\n(?P<right>.+?)```\n",
    re.DOTALL,
)


@dataclass(frozen=True)
class Explanation:
    """What an error means and what to do, a spec or data that has it, what that prints, and its mended form.

    ``wrong`` is empty where the error is not in a spec's text; ``page`` is the whole page. The codes from E501 on are
    those of data: their pages show a folder as a list of its files, or a file.
    """

    code: str
    title: str
    explanation: str
    wrong: str
    message: str
    right: str
    page: str


def list_codes() -> list[str]:
    """Return the codes that have a page, in their order."""
    return sorted(path.stem for path in ERRORS.glob("E*.md"))


@cache
def explain_code(code: str) -> Explanation:
    """Return the page of a code; raise ValueError for one that has not the form of a page."""
    path = ERRORS / f"{code}.md"
    page = path.read_text(encoding="utf-8")
    match = _PAGE.fullmatch(page)
    if match is None or match["code"] != code:
        raise ValueError(f"{path}: not the page of an error: title, explanation, what is wrong, message, what is right")
    texts = ("code", "title", "explanation", "wrong", "message", "right")
    return Explanation(**{name: match[name] or "" for name in texts}, page=page)
