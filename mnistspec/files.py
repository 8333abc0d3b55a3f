"""Writing files so that a kill or a full disk leaves the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sys
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from mnistspec.errors import CorruptError, MnistspecError, UsageError, check_type

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPORARY = ".partial"


def to_path(name: str, value: object) -> Path:
    """Return a path that was given as text or as a path; raise UsageError, which names it, for anything else."""
    check_type(name, value, str, os.PathLike)
    try:
        path = Path(value)  # type: ignore[arg-type]  # a type checker does not see check_type's answer
        path.exists()
    except (OSError, TypeError) as error:
        raise UsageError(f"{name}, {str(value)[:200]}: {getattr(error, 'strerror', None) or error}") from None
    return path


def strip_places(words: Iterable[str], place: Path | None = None) -> list[str]:
    """Return words of a command as others may see them: short for the working folder, the home folder, ``place``.

    They begin a word or follow its ``=``, and become ``.``, ``~`` and the last name. All of it is valid UTF-8.
    """
    found = list(map(_decode, words))
    with contextlib.suppress(OSError):  # of a working folder that was removed
        found = _replace_folder(found, str(Path.cwd()), ".")
    found = _replace_folder(found, os.path.expanduser("~"), "~")  # noqa: PTH111 - Path.home raises where there is none
    return _replace_folder(found, str(place), place.name) if place and place.is_absolute() and place.name else found


def _replace_folder(words: list[str], folder: str, short: str) -> list[str]:
    pattern = re.compile(rf"(?:^|(?<==)){re.escape(_decode(folder))}(?=[/\\]|$)")
    return [pattern.sub(lambda _: _decode(short), word) for word in words]


def _decode(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")


def default_cache_dir() -> Path:
    """Return the folder for what is downloaded or computed and can be again.

    MNISTSPEC_CACHE names it; without, it is mnistspec in XDG_CACHE_HOME or in the platform's cache folder.
    """
    if named := os.environ.get("MNISTSPEC_CACHE"):
        return Path(named).absolute()
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():  # the XDG base directory specification: a relative path is to be ignored
        return xdg / "mnistspec"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mnistspec" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mnistspec"
    return Path.home() / ".cache" / "mnistspec"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file as a whole: to a temporary name, flushed to the disk, then renamed over what was there."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with open(temporary, "xb", opener=open_itself) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        remove(temporary)
        raise explain_os_error(error, path) from error


def open_itself(path: str, flags: int) -> int:
    """Open a file for ``open``, and never what a symlink of its name, which somebody may have planted, leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)  # Windows has no such flag


def make_run_folder(parent: Path) -> Path:
    """Make a new folder ``<UTC time>-<short id>`` in ``parent``, which is made if need be; never an existing one."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        path = parent / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole, in UTF-8 with line feeds; "?" stands for what is none, such as some file names."""
    write_atomically(path, text.encode(errors="replace"))


def read_limited(path: Path, limit: int) -> bytes:
    """Return a file's content; raise CorruptError if it has more bytes than ``limit`` or cannot be read."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(limit + 1) if size <= limit else b""
    except OSError as error:
        raise CorruptError(f"{path}: cannot be read: {error.strerror or error}") from None
    if max(size, len(data)) > limit:
        raise CorruptError(f"{path}: it has more than {limit:,} bytes, so mnistspec did not write it")
    return data


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return sha256(text.encode()).hexdigest()


def _flush_folder(path: Path) -> None:
    """Make the system write a folder's list of files to the disk."""
    if os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def explain_os_error(error: OSError, path: Path) -> MnistspecError:
    """Return what stopped a file from being written, with the path and the space that is left there."""
    if error.errno == errno.ELOOP and path.is_symlink():
        return CorruptError(f"{path}: refusing to follow a symlink: what is written there would be written elsewhere")
    free = ""
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            free = f" ({shutil.disk_usage(folder).free / 1e6:,.1f} MB free)"
            break
    return MnistspecError(
        f"cannot write {path}: {error.strerror or error}{free}; free some space or choose another place"
    )


def remove(path: Path) -> None:
    """Remove a file that is not needed any more; one that cannot be removed stays."""
    with contextlib.suppress(OSError):
        path.unlink()


def require_image(path: Path) -> None:
    """Raise UsageError for a path that is no file, before it is read as an image."""
    if not path.is_file():
        what = "a folder, not an image" if path.is_dir() else "not a file" if path.exists() else "no such file"
        raise UsageError(f"{path}: {what}")
