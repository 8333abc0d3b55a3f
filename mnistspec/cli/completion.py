"""What the shell completes: spec files, run folders, words, codes. Nothing heavy, for it runs at every press of Tab."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SPECS = (".yaml", ".yml")
_DATA = (*_SPECS, ".npz", ".csv", ".tsv")
_SPEC_DEPTH = 2  # folders below what was typed that are looked into; run folders lie deeper
_RUN_DEPTH = 3  # runs/<name>/<time>-<id>
_MANY = 200


def complete_specs(incomplete: str) -> list[str]:
    """Return the spec files whose paths begin so."""
    return _first(path for path in _below(incomplete, _SPEC_DEPTH) if path.endswith(_SPECS))


def complete_runs(incomplete: str) -> list[str]:
    """Return the run folders whose paths begin so."""
    return _first(path for path in _below(incomplete, _RUN_DEPTH) if Path(path, "resolved.yaml").is_file())


def complete_words(incomplete: str) -> list[str]:
    """Return the words of the spec language that begin so."""
    from mnistspec.language.manual.words import list_sections, list_words

    words = [word.name for word in list_words()] + [section.name for section in list_sections()]
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def complete_datasets(incomplete: str) -> list[str]:
    """Return the data sets whose names begin so."""
    from mnistspec.language.vocabulary.datasets import list_named

    return [name for name in list_named() if name.startswith(incomplete)]


def complete_data(incomplete: str) -> list[str]:
    """Return the data sets whose names begin so, and folders and files with pictures, as deep as one folder."""
    paths = (path for path in _below(incomplete, 1) if path.endswith(_DATA) or Path(path).expanduser().is_dir())
    return complete_datasets(incomplete) + _first(paths)


def complete_codes(incomplete: str) -> list[str]:
    """Return the codes of errors that begin so, and the spec files."""
    from mnistspec.language.manual.explanations import list_codes

    codes = [code for code in list_codes() if code.startswith(incomplete.upper())]
    return codes + (complete_specs(incomplete) if incomplete else [])


def complete_models(incomplete: str) -> list[str]:
    """Return what ``new --like`` takes: the names of the specs that ship, and spec files."""
    from mnistspec.language.manual.shipped import list_shipped

    return [name for name in list_shipped() if name.startswith(incomplete)] + complete_specs(incomplete)


def _below(incomplete: str, depth: int) -> Iterator[str]:
    """Yield the paths that begin so, in the form in which they were begun, as deep as that."""
    folder, slash, start = incomplete.rpartition("/")
    root = Path(f"{folder}{slash}").expanduser()
    for level in range(depth):
        pattern = "/".join([f"{escape(start)}*", *["*"] * level])
        for path in sorted(root.glob(pattern)):
            relative = path.relative_to(root)
            if start.startswith(".") or not any(part.startswith(".") for part in relative.parts):
                yield f"{folder}{slash}{relative.as_posix()}"


def _first(paths: Iterable[str]) -> list[str]:
    """Return as many paths as a person would look at."""
    return [path for path, _ in zip(paths, range(_MANY), strict=False)]
