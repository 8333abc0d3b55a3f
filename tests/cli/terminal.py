"""A real shell in a terminal of its own, driven key by key."""

from __future__ import annotations

import os
import pty
import select
import time
from pathlib import Path

_PATIENCE = 30.0


class Terminal:
    """A shell in a pseudo-terminal."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.text = ""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:  # the child
            os.chdir(folder)
            os.execvpe(arguments[0], arguments, environment)  # noqa: S606 - the shell that is tested

    def type(self, keys: str, expect: str) -> str:
        """Type keys and wait until the shell has answered with a text; return all of the answer so far."""
        start = len(self.text)
        os.write(self._fd, keys.encode())
        end = time.monotonic() + _PATIENCE
        while expect not in self.text[start:]:
            assert time.monotonic() < end, f"no {expect!r} after {keys!r} in {self.text[start:]!r}"
            if select.select([self._fd], [], [], 0.1)[0]:
                self.text += os.read(self._fd, 65_536).decode(errors="replace")
        return self.text[start:]

    def close(self) -> None:
        """End the shell."""
        os.close(self._fd)
        os.waitpid(self._pid, 0)
