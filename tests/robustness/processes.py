"""``mnistspec`` in processes of its own, forked from one that has imported torch, so that each starts at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.places import ROOT

needs_processes = pytest.mark.skipif(sys.platform == "win32", reason="Windows neither forks nor has these signals")

Hook = Callable[[], None]  # what a process does to itself before it begins
_CONTEXT = None if sys.platform == "win32" else multiprocessing.get_context("forkserver")
if _CONTEXT is not None:
    _CONTEXT.set_forkserver_preload(["tests.robustness.warm"])


def _main(arguments: Sequence[str], errors: str, hooks: Sequence[Hook]) -> None:
    import torch  # noqa: PLC0415 - in the child alone

    from mnistspec.cli.app import main  # noqa: PLC0415 - the same

    torch.set_num_threads(1)
    descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    # The parent may have been started in the background, where shells have SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["mnistspec", *arguments]
    for hook in hooks:
        hook()
    main()


class Child:
    """A process that runs ``mnistspec`` with arguments; what it prints goes to a file."""

    def __init__(self, output: Path, *arguments: str | Path, hooks: Sequence[Hook] = ()) -> None:
        assert _CONTEXT is not None
        self.output = output
        output.write_text("")
        self.process = _CONTEXT.Process(target=_main, args=([str(a) for a in arguments], str(output), tuple(hooks)))
        with (
            pytest.MonkeyPatch.context() as patch
        ):  # the forking process, which starts with the first child, finds tests
            patch.setenv("PYTHONPATH", str(ROOT))
            self.process.start()

    def send(self, signum: int) -> None:
        assert self.process.pid is not None
        if self.process.is_alive():
            os.kill(self.process.pid, signum)

    def wait(self) -> int:
        """Return the exit code; minus the signal's number for a process that a signal ended."""
        self.process.join(60)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
        assert code is not None, f"still running after a minute: {self.text}"
        return code

    @property
    def text(self) -> str:
        """What it has printed."""
        return self.output.read_text(encoding="utf-8")
