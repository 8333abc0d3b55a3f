"""The folder of the cache and the small documents in it: what was found out once, as long as nothing has changed.

All of it can be computed again: what is damaged or missing is.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import shutil
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mnistspec.errors import MnistspecError
from mnistspec.files import default_cache_dir, write_atomically

_FORMAT = 1  # of what is kept and of how pictures are prepared: with another number all is made anew

Content = TypeVar("Content", bound=BaseModel)


def make_key(*parts: object) -> str:
    """Return the name of a thing in the cache: a SHA-256 over all that it depends on."""
    return sha256(repr((_FORMAT, *parts)).encode(errors="surrogateescape")).hexdigest()


def recall(key: str, kind: type[Content]) -> tuple[str, Content] | None:
    """Return the manifest and the content that are kept under a key, or None if they are missing or damaged."""
    try:
        digest, _, data = (find_folder()[0] / f"{key}.json").read_bytes().partition(b"\n")
        if sha256(data).hexdigest().encode() != digest:
            return None
        manifest, _, text = data.partition(b"\n")
        return manifest.decode(), kind.model_validate_json(text)
    except (OSError, ValidationError):
        return None


def remember(key: str, manifest: str, content: BaseModel) -> None:
    """Keep something under a key; where it cannot be written, it is computed again next time."""
    data = f"{manifest}\n{content.model_dump_json()}".encode()
    with contextlib.suppress(MnistspecError):
        write_atomically(find_folder()[0] / f"{key}.json", f"{sha256(data).hexdigest()}\n".encode() + data)


def find_folder() -> tuple[Path, str]:
    """Return the folder of the cache, or one for this process alone with a sentence that says why."""
    folder = default_cache_dir() / "images"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder, ""
        reason = os.strerror(errno.EACCES)
    except OSError as error:
        reason = error.strerror or str(error)
    note = f"{folder}: {reason}: the decoded images are not kept; name another folder with MNISTSPEC_CACHE"
    return _make_temporary_folder(), note


@cache
def _make_temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mnistspec-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
