"""The cache of decoded images: what is kept is right, whatever happened to it or to the data."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnistspec.errors import MnistspecError
from mnistspec.formats import cache as cache_module
from mnistspec.formats.folder import FolderSet
from mnistspec.formats.image_set import Preparation, Split, StoredSet
from mnistspec.formats.pictures import prepare_picture
from tests.formats.painting import load, look, save
from tests.places import ROOT

WHOLE = {f"{label}/{n}.png": (label, level + n) for label, level in (("birch", 10), ("oak", 50)) for n in range(40)}


@pytest.fixture
def leaves(tmp_path: Path) -> Path:
    """Two classes of 40 pictures, each of one grey level."""
    for name, (_, level) in WHOLE.items():
        save(tmp_path / "leaves" / name, level)
    return tmp_path / "leaves"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each picture that is decoded."""
    done: list[int] = []

    def count(*arguments: object) -> object:
        done.append(1)
        return prepare_picture(*arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr("mnistspec.formats.decoding.prepare_picture", count)
    return done


def equal(one: StoredSet, other: StoredSet) -> bool:
    """Whether two sets are the same in all that is trained with."""
    return (
        (one.digest, one.names, one.classes) == (other.digest, other.names, other.classes)
        and all(np.array_equal(one.parts[part], other.parts[part]) for part in ("train", "val", "test"))
        and np.array_equal(one.labels, other.labels)
        and np.array_equal(one.groups, other.groups)
        and np.array_equal(load(one), load(other))
    )


def files(cache: Path, suffix: str) -> list[Path]:
    return sorted((cache / "images").glob(f"*{suffix}"))


class TestReuse:
    """What was decoded once is used again as long as it is right."""

    def test_a_second_time(self, leaves: Path, decoded: list[int]) -> None:
        seen: list[tuple[int, int]] = []
        first = FolderSet(leaves).read(lambda done, total: seen.append((done, total)))
        assert (look(first), len(decoded), seen) == (WHOLE, 80, [(0, 80), (64, 80), (80, 80)])
        assert first.note == ""
        assert equal(FolderSet(leaves).read(), first)
        assert len(decoded) == 80

    def test_the_data_somewhere_else_or_touched(self, leaves: Path, decoded: list[int]) -> None:
        first = FolderSet(leaves).read()
        moved = leaves.rename(leaves.parent / "moved")
        assert equal(FolderSet(moved).read(), first)
        for path in moved.rglob("*.png"):
            os.utime(path, (0, 0))
        assert equal(FolderSet(moved).read(), first)
        assert len(decoded) == 80

    def test_another_split(self, leaves: Path, decoded: list[int]) -> None:
        first, second = (FolderSet(leaves, split=Split(split_seed=seed)).read() for seed in (0, 1))
        assert (first.path, len(decoded)) == (second.path, 80)
        assert first.parts["test"].tolist() != second.parts["test"].tolist()
        assert first.digest != second.digest

    @pytest.mark.parametrize(
        "preparation", [Preparation((2, 2)), Preparation(channels="colour"), Preparation((4, 8), fit="stretch")]
    )
    def test_another_preparation(self, leaves: Path, decoded: list[int], preparation: Preparation) -> None:
        first = FolderSet(leaves).read()
        second = FolderSet(leaves, preparation).read()
        assert (len(decoded), first.digest) == (160, second.digest)
        assert (load(second)[:, :, 0, 0] == load(first)[:, :, 0, 0]).all()

    def test_what_a_folder_was_before_is_not_kept(self, leaves: Path, cache: Path) -> None:
        for level in (1, 2, 3):
            save(leaves / "oak" / "0.png", level)
            assert look(FolderSet(leaves).read())["oak/0.png"] == ("oak", level)
            assert len(files(cache, ".npy")) == 1


def rewrite(leaves: Path) -> None:
    """Change one picture, so that neither the size of its file nor its time says so."""
    path = leaves / "oak" / "0.png"
    before = path.stat()
    save(path, 51)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[Path], object], dict[str, tuple[str, int] | None]]] = {
    "content": (rewrite, {"oak/0.png": ("oak", 51)}),
    "new": (lambda leaves: save(leaves / "oak" / "99.png", 7), {"oak/99.png": ("oak", 7)}),
    "gone": (lambda leaves: (leaves / "oak" / "0.png").unlink(), {"oak/0.png": None}),
    "moved": (
        lambda leaves: (leaves / "oak" / "0.png").rename(leaves / "birch" / "99.png"),
        {"oak/0.png": None, "birch/99.png": ("birch", 50)},
    ),
    "swapped": (
        lambda leaves: [(leaves / a).rename(leaves / b) for a, b in (("oak", "x"), ("birch", "oak"), ("x", "birch"))],
        {name.replace(label, {"oak": "birch", "birch": "oak"}[label]): ({"oak": "birch", "birch": "oak"}[label], level)
         for name, (label, level) in WHOLE.items()},
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_data_that_changes_between_two_runs(leaves: Path, change: str) -> None:
    data = FolderSet(leaves)
    before = data.read()
    apply, differences = CHANGES[change]
    apply(leaves)
    wanted = {name: found for name, found in (WHOLE | differences).items() if found}
    after = data.read()
    assert look(after) == wanted
    assert after.digest != before.digest
    assert data.survey().counts == {part: len(indices) for part, indices in after.parts.items() if len(indices)}


class TestDamage:
    """Files of the cache that are not what they were are made anew."""

    @pytest.mark.parametrize("suffix", [".npy", ".json"])
    @pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "gone"])
    def test_damage(self, leaves: Path, cache: Path, suffix: str, damage: str) -> None:
        first = FolderSet(leaves).read()
        for path in files(cache, suffix):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            if damage == "gone":
                path.unlink()
            else:
                path.write_bytes(content if damage == "flipped" else content[: len(content) // 2 * (damage == "cut")])
        survey = FolderSet(leaves).survey()
        assert survey.counts == {"train": 64, "test": 16}
        assert equal(FolderSet(leaves).read(), first)
        assert look(FolderSet(leaves).read()) == WHOLE

    def test_a_cache_that_was_copied(
        self, leaves: Path, cache: Path, decoded: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its files have other times: their content is compared, and they are used."""
        first = FolderSet(leaves).read()
        shutil.copytree(cache, cache.parent / "copy")
        monkeypatch.setenv("MNISTSPEC_CACHE", str(cache.parent / "copy"))
        second = FolderSet(leaves).read()
        assert equal(first, second)
        assert (second.path.parent, len(decoded)) == (cache.parent / "copy" / "images", 80)

    def test_documents_of_another_kind(self, leaves: Path, cache: Path) -> None:
        first = FolderSet(leaves).read()
        good = max(files(cache, ".json"), key=lambda path: path.stat().st_size).read_bytes()
        for path in files(cache, ".json"):
            path.write_bytes(good)
        assert equal(FolderSet(leaves).read(), first)


class TestPlace:
    """Where the cache is."""

    def test_a_cache_that_cannot_be_there(self, leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("x")
        monkeypatch.setenv("MNISTSPEC_CACHE", str(tmp_path / "file"))
        cache_module._make_temporary_folder.cache_clear()
        stored = FolderSet(leaves).read()
        assert look(stored) == WHOLE
        assert stored.note.startswith(f"{tmp_path}/file/images: Not a directory: the decoded images are not kept")
        assert "MNISTSPEC_CACHE" in stored.note
        assert FolderSet(leaves).read().note == stored.note
        cache_module._make_temporary_folder.cache_clear()

    def test_a_temporary_cache_ends_with_the_process(self, leaves: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        (tmp_path / "tmp").mkdir()
        found = run_read(leaves, MNISTSPEC_CACHE=str(tmp_path / "file"), TMPDIR=str(tmp_path / "tmp"))
        assert (found.returncode, found.stdout) == (0, "80\n")
        assert list((tmp_path / "tmp").iterdir()) == []

    def test_a_cache_that_cannot_be_written_to(
        self, leaves: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)
        stored = FolderSet(leaves).read()
        assert look(stored) == WHOLE
        assert f"{cache / 'images'}: Permission denied" in stored.note
        assert files(cache, "") == []

    def test_too_little_space(self, leaves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9000, 8000, 1000))
        with pytest.raises(MnistspecError, match=r"take 0 MB, and 0 MB are free; free some space, or name another"):
            FolderSet(leaves).read()

    def test_a_disk_that_becomes_full(self, leaves: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(MnistspecError, match="No space left on device; free some space, or name another"):
                FolderSet(leaves).read()
        assert files(cache, ".npy") + files(cache, ".partial") == []
        assert look(FolderSet(leaves).read()) == WHOLE


READ = """
import os, sys
from pathlib import Path
from mnistspec.formats.folder import FolderSet
def progress(done, total):
    if done and len(sys.argv) > 2:
        os.kill(os.getpid(), 9)
print(len(FolderSet(Path(sys.argv[1])).read(progress).names))
"""


def run_read(leaves: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", READ, leaves, *arguments],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


class TestProcesses:
    """Processes that are killed, and several at once."""

    def test_a_process_that_is_killed(self, leaves: Path, cache: Path) -> None:
        assert run_read(leaves, "kill").returncode == -9
        (leftover,) = files(cache, ".partial")
        assert files(cache, ".npy") == []
        assert look(FolderSet(leaves).read()) == WHOLE
        assert leftover.exists(), "it may be that of a process that is still writing"
        os.utime(leftover, (time.time() - 7200,) * 2)
        save(leaves / "oak" / "0.png", 1)
        FolderSet(leaves).read()
        assert files(cache, ".partial") == []

    def test_two_at_once(self, leaves: Path, cache: Path) -> None:
        processes = [
            subprocess.Popen([sys.executable, "-c", READ, leaves], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        assert [process.communicate()[0] for process in processes] == ["80\n"] * 3
        assert (len(files(cache, ".npy")), files(cache, ".partial")) == (1, [])
        assert look(FolderSet(leaves).read()) == WHOLE


def test_an_interruption_leaves_nothing(leaves: Path, cache: Path) -> None:
    def interrupt(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FolderSet(leaves).read(interrupt)
    assert files(cache, ".npy") + files(cache, ".partial") == []
