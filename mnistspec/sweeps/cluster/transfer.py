"""What travels between a sweep and the workers of a cluster: orders there, reports back, run folders as bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILES = 100
MAX_BYTES = 2**30  # of one run: its weights, pictures and, if it was interrupted, two checkpoints
FOLDER_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_FILE_NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CHECKPOINT = re.compile(r"\d+-\d+\.safetensors")
UNFIT = "unfit"  # the status of a report of a worker that may not do the run


@dataclass(frozen=True)
class Requirements:
    """What each run of a sweep needs of its worker; ``data_dir`` is a path there."""

    data: tuple[str, ...] = ("mnist",)
    data_dir: str | None = None
    device: str | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The options of ``train`` that say so."""
        pairs = (("--data-dir", self.data_dir), ("--device", self.device))
        return tuple(f"{option}={value}" for option, value in pairs if value is not None)


@dataclass(frozen=True)
class Transfer:
    """A run folder: its files by their paths in it, with ``/`` between the parts; ``name`` is "" for a new run."""

    name: str
    files: dict[str, bytes] = field(repr=False)
    digest: str

    @classmethod
    def pack(cls, name: str, files: dict[str, bytes]) -> Self:
        """Return a transfer with the SHA-256 over all that is in it; raise MnistspecError for too much."""
        size = sum(map(len, files.values()))
        if size > MAX_BYTES or len(files) > MAX_FILES:
            raise MnistspecError(
                f"the run folder {name} has {len(files)} files and {size / 1e6:,.0f} MB; at most {MAX_FILES} and "
                f"{MAX_BYTES / 1e6:,.0f} MB travel over a cluster; train this run with mnistspec train"
            )
        return cls(name, files, _digest(name, files))

    @classmethod
    def pack_folder(cls, path: Path) -> Self:
        """Return a run folder as a transfer, without locks, halves of files and links."""
        names = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink()]
        files = {file.relative_to(path).as_posix(): file for file in names}
        return cls.pack(path.name, {name: file.read_bytes() for name, file in files.items() if _travels(name)})

    def unpack(self, path: Path) -> None:
        """Write the files into a new folder; raise CorruptError, before anything is written, for what is no run's."""
        self.check()
        for name, data in self.files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, data)

    def check(self) -> None:
        """Raise CorruptError for a transfer that is damaged, too large, or that would write outside of its folder."""
        for name in self.files:
            if not _travels(name):
                raise CorruptError(f"a run folder came with the file {name[:100]!r}, which mnistspec puts into none")
        if len(self.files) > MAX_FILES or sum(map(len, self.files.values())) > MAX_BYTES:
            raise CorruptError(f"a run folder came with more than {MAX_FILES} files or {MAX_BYTES / 1e6:,.0f} MB")
        if self.name and not FOLDER_NAME.fullmatch(self.name):
            raise CorruptError(f"a run folder came with the name {self.name[:100]!r}, which mnistspec gives to none")
        if _digest(self.name, self.files) != self.digest:
            raise CorruptError("a run folder was damaged on its way: its SHA-256 is another than when it was sent")

    @property
    def size(self) -> int:
        """How many bytes the files have."""
        return sum(map(len, self.files.values()))

    @property
    def is_worth_keeping(self) -> bool:
        """Whether the run has ended, or can go on from a checkpoint."""
        return "result.json" in self.files or any(name.startswith("checkpoints/") for name in self.files)


@dataclass(frozen=True)
class WorkOrder:
    """A run to be done: of which sweep and version, with which options of ``train``, in which folder."""

    sweep: str
    key: str
    version: str
    needs: Requirements
    options: tuple[str, ...]
    name: str  # the spec's
    transfer: Transfer


@dataclass(frozen=True)
class Report:
    """How a run ended, as an Outcome says it, and its folder if there is something in it."""

    status: str
    message: str = ""
    transfer: Transfer | None = None
    worker: str = ""  # where


def _travels(name: str) -> bool:
    """Whether a file belongs to a run folder: no lock, no half of a file, no path out of the folder."""
    folder, _, file = name.rpartition("/")
    if not _FILE_NAME.fullmatch(name) or file.endswith(".partial"):
        return False
    return folder != "checkpoints" or _CHECKPOINT.fullmatch(file) is not None


def _digest(name: str, files: dict[str, bytes]) -> str:
    total = sha256(f"{name}\n".encode())
    for path, data in sorted(files.items()):
        total.update(f"{path}\n{len(data)}\n".encode())
        total.update(data)
    return total.hexdigest()
