"""Where a data set's four IDX files lie: shipped, in a folder of the user's, or fetched into a cache."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from http.client import HTTPException
from pathlib import Path

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.files import default_cache_dir
from mnistspec.language.vocabulary.datasets import NamedData, list_named
from mnistspec.wording import did_you_mean, join_names, quote, suggest

SHIPPED_FOLDER = Path(__file__).with_name("files")
# Seconds without a sign from the server; without it a network that swallows packets hangs for minutes.
_TIMEOUT = 30.0


def find_data(name: str) -> NamedData:
    """Return what is known about a data set; raise UsageError for an unknown name."""
    named = list_named()
    if name in named:
        return named[name]()
    hint = did_you_mean(suggest(name, named)) or f"; there are {', '.join(named)}"
    raise UsageError(f"unknown data set {quote(name)}{hint}")


def find_shipped(data: NamedData) -> list[Path]:
    """Return the files of a data set that ships: training images and labels, test images and labels."""
    paths, missing = _find_files(SHIPPED_FOLDER, data.file_names)
    if missing:
        raise MnistspecError(
            f"{SHIPPED_FOLDER}: {data.word}'s {join_names(missing)} not found; install mnistspec again"
        )
    return paths


def given_folder(data_dir: Path | None) -> Path | None:
    """Return the folder of the user's data: as given, else as MNISTSPEC_DATA has it, else None."""
    named = os.environ.get("MNISTSPEC_DATA")
    return Path(named) if data_dir is None and named else data_dir


def find_in_folder(data: NamedData, folder: Path) -> list[Path]:
    """Return the data set's files in a folder of the user's, or where torchvision puts them below it.

    Raises UsageError naming those that are missing.
    """
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise UsageError(
            f"{folder}: {what}; --data-dir and MNISTSPEC_DATA name a folder with the IDX files of {data.word}"
        )
    below = f"{data.torch_class}/raw"
    lacks = []
    for place in (folder, folder / below, folder / "raw"):
        paths, missing = _find_files(place, data.file_names)
        if paths:
            return paths
        lacks.append(missing)
    fewest = min(lacks, key=len)
    raise UsageError(
        f"{folder}: {join_names(fewest)} not found, neither here nor in {below} or raw below; {data.word} needs "
        f'{"it" if len(fewest) == 1 else "them"}, packed as .gz or not, with "-idx" or ".idx", in capitals or not'
    )


def is_present(data: NamedData) -> bool:
    """Whether a data set is here without a download: it ships with this package, or is in the cache."""
    folder = SHIPPED_FOLDER if data.digests else default_cache_dir() / data.torch_class / "raw"
    return bool(_find_files(folder, data.file_names)[0])


def find_or_fetch(data: NamedData, cache_dir: Path | None) -> list[Path]:
    """Return the data set's files in the cache (torchvision's layout), downloaded by torchvision if it lacks them."""
    root = cache_dir or default_cache_dir()
    folder = root / data.torch_class / "raw"
    paths, _ = _find_files(folder, data.file_names)
    if paths:
        return paths
    try:
        _fetch(data.torch_class, root, folder)
    except (OSError, RuntimeError, HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        wanted = join_names([f"{name}.gz" for name in data.file_names[0]])
        raise MnistspecError(
            f"{data.word} could not be downloaded: {reason}\n"
            f"Put {wanted} into {folder}, or name a folder that has these files with --data-dir FOLDER."
        ) from error
    paths, missing = _find_files(folder, data.file_names)
    if missing:
        raise MnistspecError(f"{folder}: {join_names(missing)} not found after the download")
    return paths


def _find_files(folder: Path, name_sets: tuple[tuple[str, ...], ...]) -> tuple[list[Path], list[str]]:
    """Return the paths of one of the sets of names if it is complete, else the names that the fullest of them lacks.

    Names may be in capitals and have a dot before idx. Of two files the packed one is taken, whose checksum shows
    damage, then the one with the plain name.
    """
    there: dict[str, list[Path]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        there.setdefault(path.name.lower().removesuffix(".gz").replace(".idx", "-idx"), []).append(path)
    lacks: list[list[str]] = []
    for names in name_sets:
        files = {name: [path for path in there.get(name, ()) if path.is_file()] for name in names}
        if all(files.values()):
            return [min(paths, key=lambda path: _rank(path, name)) for name, paths in files.items()], []
        lacks.append([name for name, paths in files.items() if not paths])
    return [], min(lacks, key=len)


def _rank(path: Path, name: str) -> tuple[bool, bool, str]:
    return path.suffix.lower() != ".gz", not path.name.startswith(name), path.name


def _fetch(class_name: str, root: Path, folder: Path) -> None:
    """Download with torchvision beside `folder`, then move in whole files only, so that a kill leaves no half ones."""
    dataset_class = getattr(_import_torchvision_datasets(), class_name)
    folder.mkdir(parents=True, exist_ok=True)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        # stdout belongs to the command's result; older torchvision releases print on it.
        with tempfile.TemporaryDirectory(dir=root) as temporary, contextlib.redirect_stdout(sys.stderr):
            for train in (True, False):
                fetched = dataset_class(temporary, train=train, download=True)
            for file in Path(fetched.raw_folder).iterdir():
                file.replace(folder / file.name)
    finally:
        socket.setdefaulttimeout(timeout)


def _import_torchvision_datasets() -> object:
    """Import torchvision here only: it is slow, and it fails beside a torch that it was not built for."""
    try:
        from torchvision import datasets  # noqa: PLC0415 - see above
    except (ImportError, RuntimeError, OSError) as error:
        raise MnistspecError(
            f"torchvision cannot be imported ({error}); install the torchvision release that matches your torch, "
            "both from the same package index: pip install --force-reinstall torch torchvision"
        ) from error
    return datasets
