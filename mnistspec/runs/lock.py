"""One process at a time in a folder; the system lets go of the lock when its holder ends, however that happens."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mnistspec.errors import UsageError
from mnistspec.files import explain_os_error, open_itself

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def lock_folder(folder: Path, name: str) -> Iterator[int]:
    """Hold the lock file ``name`` in a folder, made if need be; yield its descriptor.

    A process that inherits the descriptor holds the lock, too. Raises UsageError while somebody else holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / name, "a", opener=open_itself)  # noqa: SIM115 - Path.open takes no opener; see below
    except OSError as error:
        raise explain_os_error(error, folder / name) from None
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise UsageError(
                f"{folder}: another sweep, or a run that outlived its sweep, is at work here; wait for it to end, "
                "or choose another folder with --runs"
            ) from None
        yield file.fileno()


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
