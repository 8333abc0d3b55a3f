"""Ctrl-C and SIGTERM: stop where the state is whole, with the shells' exit codes; a second one ends the process."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


class Interrupted(BaseException):
    """The user or the system wants the program to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.exit_code = 128 + signum


class Interruption:
    """Turns a signal into Interrupted: at once, or at the next ``check`` if ``busy`` says that a step is under way."""

    def __init__(self) -> None:
        self.busy: Callable[[], bool] = lambda: False
        self._pending: int | None = None

    def install(self) -> None:
        """Take over SIGINT and SIGTERM."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._handle)

    def check(self) -> None:
        """Raise Interrupted if a signal came while the program was busy."""
        if self._pending is not None:
            raise Interrupted(self._pending)

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        signal.signal(signum, signal.SIG_DFL)
        if self.busy():
            self._pending = signum
        else:
            raise Interrupted(signum)


interruption = Interruption()
