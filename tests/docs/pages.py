"""The pages as text: their generated parts, their code blocks, their links.

A generated part begins with ``<!-- output of: COMMAND -->`` and is either one fenced console block or Markdown that
ends with ``<!-- end -->``.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.places import ROOT

HOME = "https://github.com/mnistspec/mnistspec"
README = ROOT / "README.md"
PAGES = [README, *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY")), *sorted((ROOT / "docs").glob("*.md"))]
GENERATED = re.compile(
    r"<!-- output of: (?P<command>.*?) -->\n(?P<body>.*?)(?P<end>^```$|<!-- end -->)",
    re.DOTALL | re.MULTILINE,
)


def read_blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def run(command: str, folder: Path) -> str:
    """Return what a command prints, both streams; it runs in the folder if a word of it names a file there."""
    words = shlex.split(command)
    start = [] if words[0] == "python" else ["-m"]
    done = subprocess.run(
        [sys.executable, *start, *words[not start :]],
        cwd=folder if any((folder / word).is_file() for word in words) else ROOT,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).strip() + "\n"


def generate(match: re.Match[str], folder: Path) -> str:
    """Return a generated part anew, its marks included."""
    command, printed = match["command"], run(match["command"], folder)
    body = f"```console\n$ {command}\n{printed}" if match["end"] == "```" else f"\n{printed}\n"
    return f"<!-- output of: {command} -->\n{body}{match['end']}"


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path: Path) -> list[str]:
    """Return the targets of a page's links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
