"""The run folders of a sweep, found by what they train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.errors import MnistspecError
from mnistspec.language.loader import load_document
from mnistspec.language.yaml.composer import read_source
from mnistspec.runs.folder import RunDir
from mnistspec.sweeps.grid import identify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mnistspec.sweeps.grid import Job


class FolderIndex:
    """The run folders of a sweep by what they train; each is read once."""

    def __init__(self, root: Path, jobs: Sequence[Job]) -> None:
        self._root = root
        self._ids = {job.resolved: job.id for job in jobs}  # most folders have one of these texts, and need no parsing
        self._known: set[Path] = set()
        self._by_id: dict[tuple[str, str | None], list[Path]] = {}

    def refresh(self, name: str) -> None:
        """Take in the folders of a spec's name that are new."""
        for file in sorted((self._root / name).glob("*/resolved.yaml")):
            self.add(name, file)

    def add(self, name: str, file: Path) -> None:
        """Take in the folder of a resolved.yaml, unless it is known."""
        if file not in self._known and file.is_file():
            self._known.add(file)
            self._by_id.setdefault((name, self._identify(file)), []).insert(0, file.parent)

    def _identify(self, file: Path) -> str | None:
        """Return what a resolved.yaml trains; None where it cannot be read, so that it is no run of this sweep."""
        try:
            source = read_source(file)
            known = self._ids.get(source.decode(errors="replace"))
            return known or identify(load_document(file, extends=False, source=source).spec)
        except MnistspecError:
            return None

    def find(self, job: Job, digest: str | None) -> list[Path]:
        """Return the folders that train what a job trains, and on its data where both are known, newest first."""
        folders = self._by_id.get((job.spec.name, job.id), [])
        return [folder for folder in folders if may_be(digest, RunDir(folder).data_digest)]


def may_be(one: str | None, other: str | None) -> bool:
    """Whether two digests may be of the same data: equal, or one of them not known."""
    return None in {one, other} or one == other
