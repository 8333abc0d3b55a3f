"""How numbers are written in tables and pictures."""

from __future__ import annotations


def format_share(share: float, digits: int) -> str:
    """Return a share in [0, 1] in percent; only one that is exactly 1 or 0 is written as 100 or 0."""
    ends = f"{100:.{digits}f} %", f"{0:.{digits}f} %"
    text = f"{100 * share:.{digits}f} %"
    if text == ends[0] and share < 1:
        return f">{100 - 10**-digits:.{digits}f} %"
    if text == ends[1] and share > 0:
        return f"<{10**-digits:.{digits}f} %"
    return text
