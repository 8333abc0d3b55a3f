"""What a worker of a cluster starts for each run: the command line, which ends at once when its worker is gone.

``python -m mnistspec.cli.worker_train train --resume RUN``: stdin is a pipe from the worker, and ends with it.
"""

from __future__ import annotations

import os
from threading import Thread

from mnistspec.cli.app import main


def _end_with_stdin() -> None:
    """End this process when nothing holds the other end of stdin any more: nobody would fetch the run."""
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    Thread(target=_end_with_stdin, daemon=True).start()
    main()
