"""The pages of the error codes: Markdown, one file a code, read by ``explain``, the site and the tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ERRORS = Path(__file__).with_name("errors")

_PAGE = re.compile(
    r"# (?P<code>E\d{3}): (?P<title>[^\n]+)\n\n(?P<explanation>.+?)\n\n"
    r"(?:This spec is wrong:\n\n```yaml\n(?P<wrong>.+?)```\n\n)?"
    r"Validating it prints:\n\n```text\n(?P<message>.+?)\n```\n\n"
    r"This spec is right:\n\n```yaml\n(?P<right>.+?)```\n",
    re.DOTALL,
)


@dataclass(frozen=True)
class Explanation:
    """What an error means and what to do, a spec that has it, what validating that prints, and its mended form.

    ``wrong`` is empty where the error is not in a spec's text; ``page`` is the whole page.
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
        raise ValueError(f"{path}: not the page of an error: title, explanation, wrong spec, message, right spec")
    return Explanation(**match.groupdict(default=""), page=page)
