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
    rows = [f"| [{page['code']}](../{MANUAL}/{page['code']}.md) | {page['title']} |" for page in pages]
    sys.stdout.write("\n".join(("| code | error |", "| :-- | :-- |", *rows, "")))


if __name__ == "__main__":
    main()
