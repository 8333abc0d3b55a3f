"""The codes of all errors with their titles, as Markdown: ``python -m tests.docs.errors``."""

from __future__ import annotations

import json
import sys

from tests.docs.pages import run
from tests.places import ROOT

MANUAL = "mnistspec/language/manual/errors"


def main() -> None:
    """Print a row a code; its number leads to its page."""
    pages = json.loads(run("mnistspec explain --json", ROOT))
    rows = [f"| {_link(page['code'])} | {page['title'].replace('|', chr(92) + '|')} |" for page in pages]
    sys.stdout.write("\n".join(("| code | error |", "| :-- | :-- |", *rows, "")))


def _link(code: str) -> str:
    page = ROOT / MANUAL / f"{code}.md"
    return f"[{code}](../{MANUAL}/{page.name})" if page.exists() else code


if __name__ == "__main__":
    main()
