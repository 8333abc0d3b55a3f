"""The demo as users start it: a process of its own, ended by Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@contextmanager
def start_demo(*arguments: str | Path) -> Iterator[str]:
    """Start the demo on a free port and yield its address; it has to end quietly, whatever it was asked."""
    command = [sys.executable, "-m", "mnistspec", "demo", *map(str, arguments), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("demo: http://127.0.0.1:"), process.communicate()[1]
            yield line.removeprefix("demo: ").strip()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=30)
            finally:
                process.kill()
    assert (process.returncode, out) == (130, "")
    expected = ("Ctrl-C ends it", " reads the test set of mnist")
    assert [line for line in err.splitlines() if not line.endswith(expected)] == []
