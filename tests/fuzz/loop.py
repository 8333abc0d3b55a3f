"""What the fuzzers share: trying for some seconds, each time with a seed of its own, and their command line."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable


def repeat(try_once: Callable[[str], None], seconds: float, seed: int) -> int:
    """Try with the seeds "SEED-0", "SEED-1", ... for some seconds; return the number. Raises what a try does."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            try_once(f"{seed}-{count}")
        except BaseException as error:
            error.add_note(f"try {count} of seed {seed}")
            raise
        count += 1
    return count


def main(fuzz: Callable[[float, int], int], description: str | None) -> None:
    """Fuzz for the time given on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{fuzz(options.seconds, options.seed)} tries, no surprise")  # noqa: T201 - for who runs it by hand
