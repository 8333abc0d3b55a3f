"""The corpus: specs that load (good) and specs that do not (bad), and the settings that go with them."""

from __future__ import annotations

import re
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
BAD = sorted((CORPUS / "bad").glob("*.yaml"))
GOOD = sorted((CORPUS / "good").glob("*.yaml"))


def settings_of(path: Path) -> list[str]:
    """Return the settings that a file of the corpus asks for in its comments: ``# --set key=value``."""
    return re.findall(r"^# --set (.*)$", path.read_bytes().decode(errors="replace"), re.MULTILINE)
