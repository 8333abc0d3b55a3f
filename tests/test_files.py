"""Writing files: no symlink that somebody planted makes the program write elsewhere."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.files import TEMPORARY, write_atomically
from mnistspec.runs.lock import lock_folder


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of the user's."""
    path = tmp_path / "precious"
    path.write_bytes(b"precious")
    return path


def test_temporary_names_cannot_be_foreseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    replace = Path.replace

    def note(path: Path, target: Path) -> Path:
        names.append(path.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", note)
    for _ in range(20):
        write_atomically(tmp_path / "x.json", b"x")
    assert len(set(names)) == 20
    assert all(name.startswith("x.json.") and name.endswith(TEMPORARY) for name in names)
    assert list(tmp_path.iterdir()) == [tmp_path / "x.json"]


@pytest.mark.parametrize("is_there", [True, False], ids=["a link to a file", "a link to nothing"])
def test_a_link_planted_under_the_temporary_name_is_refused(
    tmp_path: Path, precious: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "f0e5ee")  # as if it had been foreseen
    if not is_there:
        precious.unlink()
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / f"x.f0e5ee{TEMPORARY}").symlink_to(precious)
    with pytest.raises(MnistspecError, match=r"cannot write .*x: File exists"):
        write_atomically(folder / "x", b"new")
    assert not (folder / "x").exists()
    assert precious.exists() == is_there
    assert not is_there or precious.read_bytes() == b"precious"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path, precious: Path) -> None:
    link = tmp_path / "x"
    link.symlink_to(precious)
    write_atomically(link, b"new")
    assert not link.is_symlink()
    assert (link.read_bytes(), precious.read_bytes()) == (b"new", b"precious")


@pytest.mark.parametrize("is_there", [True, False], ids=["a link to a file", "a link to nothing"])
def test_a_link_in_the_place_of_a_lock_is_refused(tmp_path: Path, precious: Path, is_there: bool) -> None:
    if not is_there:
        precious.unlink()
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "lock").symlink_to(precious)
    with pytest.raises(CorruptError, match=r"run/lock: refusing to follow a symlink"), lock_folder(folder, "lock"):
        pass
    assert precious.exists() == is_there
    assert not is_there or precious.read_bytes() == b"precious"


def test_files_are_as_open_to_others_as_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "x", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640
