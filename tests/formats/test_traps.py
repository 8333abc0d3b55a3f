"""What goes wrong with folders of pictures elsewhere: here each file has the right label and values, or is refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistspec.errors import CorruptError, MnistspecError, UsageError
from mnistspec.formats.folder import FolderSet
from mnistspec.formats.image_set import Preparation, Problem, Split
from tests.formats.painting import load, look, save


@pytest.fixture
def leaves(tmp_path: Path) -> Path:
    """Two classes of five pictures: birch has the grey levels 10 to 14, oak 20 to 24."""
    for label, level in (("birch", 10), ("oak", 20)):
        for number in range(5):
            save(tmp_path / "leaves" / label / f"{number}.png", level + number)
    return tmp_path / "leaves"


WHOLE = {f"{label}/{n}.png": (label, level + n) for label, level in (("birch", 10), ("oak", 20)) for n in range(5)}


def problems_of(data: FolderSet) -> list[Problem]:
    """Return the errors of a set, which it cannot be read with, either; warnings are left out."""
    errors = [problem for problem in data.survey().problems if not problem.is_warning]
    with pytest.raises((CorruptError, UsageError)) as caught:
        data.read()
    assert all(problem.message in str(caught.value) for problem in errors)
    return errors


def copy_parts(leaves: Path, *parts: str) -> Path:
    """Return a set of these parts, each of which has all pictures of ``leaves``."""
    for part in parts:
        shutil.copytree(leaves, leaves.parent / "parts" / part)
    return leaves.parent / "parts"


class TestClasses:
    """Which folders are classes, and in which order."""

    def test_natural_order(self, tmp_path: Path) -> None:
        for number in (1, 2, 10, 20, 3):
            for name in ("a.png", "b.png"):
                save(tmp_path / str(number) / name, number)
        data = FolderSet(tmp_path)
        assert data.survey().classes == ("1", "2", "3", "10", "20")
        assert {int(label): level for label, level in look(data.read()).values()} == {n: n for n in (1, 2, 3, 10, 20)}

    def test_the_order_of_the_spec(self, leaves: Path) -> None:
        stored = FolderSet(leaves, classes=("oak", "birch")).read()
        assert (stored.classes, look(stored)) == (("oak", "birch"), WHOLE)
        assert stored.labels.tolist() == [1] * 5 + [0] * 5
        assert stored.digest != FolderSet(leaves).read().digest

    def test_some_of_the_folders(self, leaves: Path) -> None:
        save(leaves / "other" / "1.png", 99)
        data = FolderSet(leaves, classes=("birch", "oak"))
        (problem,) = data.survey().problems
        assert (problem.code, problem.is_warning) == ("E514", True)
        assert look(data.read()) == WHOLE

    def test_hidden_and_system_files_and_folders(self, leaves: Path) -> None:
        (leaves / "Thumbs.db").write_bytes(b"x")
        (leaves / "oak" / "desktop.ini").write_bytes(b"x")
        for folder in ("__MACOSX/oak", ".git", ".ipynb_checkpoints", "oak/.ipynb_checkpoints", "@eaDir"):
            save(leaves / folder / "0.png", 200)
        (leaves / "oak" / "._0.png").write_bytes(b"x")
        save(leaves / "oak" / ".hidden.png", 200)
        data = FolderSet(leaves)
        assert data.survey().problems == ()
        assert look(data.read()) == WHOLE

    def test_folders_in_a_class_belong_to_it(self, leaves: Path) -> None:
        save(leaves / "oak" / "train" / "deep" / "1.png", 30)
        save(leaves / "oak" / "birch" / "1.png", 31)
        assert look(FolderSet(leaves).read()) == WHOLE | {
            "oak/train/deep/1.png": ("oak", 30),
            "oak/birch/1.png": ("oak", 31),
        }

    def test_unicode_and_spaces(self, tmp_path: Path) -> None:
        for level, label in enumerate(("Grüne Blätter", "木 の 葉", "a'b\"c", "no\nline"), start=1):
            for name in ("1 .png", "ß (copy).png"):
                save(tmp_path / label / name, level)
        found = look(FolderSet(tmp_path).read())
        assert set(found.values()) == {("Grüne Blätter", 1), ("木 の 葉", 2), ("a'b\"c", 3), ("no\nline", 4)}
        assert len(found) == 8

    def test_accents_that_are_coded_in_two_ways(self, leaves: Path) -> None:
        """As by macOS and Linux: one class in two parts, but never two in one."""
        composed, decomposed = "ch\u00eane", "che\u0302ne"
        (leaves / "oak").rename(leaves / composed)
        parts = copy_parts(leaves, "train", "test")
        (parts / "test" / composed).rename(parts / "test" / decomposed)
        stored = FolderSet(parts).read()
        assert stored.classes == ("birch", composed)
        assert np.bincount(stored.labels[stored.parts["test"]]).tolist() == [5, 5]
        save(parts / "train" / decomposed / "9.png")
        assert [problem.code for problem in problems_of(FolderSet(parts))] == ["E512"]

    def test_no_class_one_class_and_too_many(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no such folder"):
            FolderSet(tmp_path / "none").survey()
        save(tmp_path / "a.png")
        with pytest.raises(UsageError, match="not a folder"):
            FolderSet(tmp_path / "a.png").survey()
        with pytest.raises(UsageError, match="no sub-folders"):
            FolderSet(tmp_path).survey()
        save(tmp_path / "oak" / "a.png")
        save(tmp_path / "oak" / "b.png")
        assert [problem.code for problem in problems_of(FolderSet(tmp_path))] == ["E510"]
        for number in range(1000):
            shutil.copytree(tmp_path / "oak", tmp_path / str(number))
        assert [problem.code for problem in problems_of(FolderSet(tmp_path))] == ["E510"]
        assert len(FolderSet(tmp_path, skip=("oak",)).read().classes) == 1000


class TestParts:
    """Folders for training, validation and test."""

    @pytest.mark.parametrize("names", [("train", "test", "val"), ("Training", "Testing", "VALID"),
                                       ("TRAIN", "Test", "validation")])  # fmt: skip
    def test_parts(self, leaves: Path, names: tuple[str, ...]) -> None:
        parts = copy_parts(leaves, *names)
        for name, level in zip(names, (1, 2, 3), strict=True):
            save(parts / name / "oak" / "9.png", level)
        data = FolderSet(parts)
        assert data.survey().counts == {"train": 11, "val": 11, "test": 11}
        stored = data.read()
        levels = load(stored)[:, 0, 0, 0]
        found = {part: sorted(levels[indices].tolist()) for part, indices in stored.parts.items()}
        usual = [10, 11, 12, 13, 14, 20, 21, 22, 23, 24]
        assert found == {"train": [1, *usual], "test": [2, *usual], "val": [3, *usual]}

    def test_no_test_part_is_never_another_in_its_place(self, leaves: Path) -> None:
        data = FolderSet(copy_parts(leaves, "train", "val"))
        assert data.survey().counts == {"train": 8, "val": 10, "test": 2}
        stored = data.read()
        assert {stored.names[index].split("/")[0] for index in stored.parts["test"]} == {"train"}
        assert {stored.names[index].split("/")[0] for index in stored.parts["val"]} == {"val"}

    def test_a_class_that_is_called_train(self, leaves: Path) -> None:
        for label in ("train", "test"):
            save(leaves / label / "1.png", 1)
            save(leaves / label / "2.png", 2)
        assert FolderSet(leaves).survey().classes == ("birch", "oak", "test", "train")

    @pytest.mark.parametrize("part", ["train", "val", "test"])
    def test_a_class_that_one_part_lacks(self, leaves: Path, part: str) -> None:
        """Elsewhere the labels of all that follow are shifted: here it is an error that names it."""
        save(leaves / "ash" / "1.png", 1)
        parts = copy_parts(leaves, "train", "val", "test")
        shutil.rmtree(parts / part / "ash")
        found = problems_of(FolderSet(parts))
        assert {problem.code for problem in found} == {"E503"}
        assert all('"ash"' in problem.message for problem in found)
        assert len(found) == (2 if part == "train" else 1)
        assert look(FolderSet(parts, classes=("birch", "oak")).read())[f"{part}/oak/0.png"] == ("oak", 20)

    def test_a_class_without_its_folder_in_a_part(self, leaves: Path) -> None:
        parts = copy_parts(leaves, "train", "test")
        shutil.rmtree(parts / "test" / "oak")
        found = problems_of(FolderSet(parts, classes=("birch", "oak")))
        assert [problem.code for problem in found] == ["E509"]

    @pytest.mark.parametrize("folders", [("test", "val"), ("test",), ("train", "Train", "test"),
                                         ("train", "val", "valid"), ("train", "test", "more")])  # fmt: skip
    def test_what_is_not_clear_is_not_guessed(self, leaves: Path, folders: tuple[str, ...]) -> None:
        assert {problem.code for problem in problems_of(FolderSet(copy_parts(leaves, *folders)))} == {"E502"}

    def test_a_test_part_without_classes(self, leaves: Path) -> None:
        """As contests have it, whose labels are not public."""
        parts = copy_parts(leaves, "train")
        save(parts / "test" / "1.png")
        found = problems_of(FolderSet(parts))
        assert [problem.code for problem in found] == ["E503"]
        data = FolderSet(parts, skip=("test",))
        assert data.survey().counts == {"train": 8, "test": 2}


class TestFiles:
    """What is a picture."""

    def test_the_content_says_what_a_picture_is(self, leaves: Path) -> None:
        for label in ("oak", "birch"):
            Image.new("L", (4, 4), 77).save(leaves / label / "5.png", "bmp")
            Image.new("L", (4, 4), 78).save(leaves / label / "6.JPG", "png")
            save(leaves / label / "7.TIF", 79)
        found = look(FolderSet(leaves).read())
        assert [found[f"oak/{name}"] for name in ("5.png", "6.JPG", "7.TIF")] == [("oak", n) for n in (77, 78, 79)]

    def test_other_files_are_counted(self, leaves: Path) -> None:
        for name in ("oak/a.txt", "oak/b.TXT", "oak/c", "README.md", "oak/.d"):
            (leaves / name).write_text("x")
        (problem,) = FolderSet(leaves).survey().problems
        assert problem.is_warning
        assert problem.message.endswith("4 files left out, as no pictures: .txt (2), no extension (1) and .md (1)")
        assert look(FolderSet(leaves).read()) == WHOLE

    def test_all_files_that_cannot_be_read_are_listed(self, leaves: Path) -> None:
        """Those that headers tell and those that only decoding does, together; what is good is not trained on."""
        (leaves / "oak" / "empty.png").write_bytes(b"")
        (leaves / "oak" / "text.jpg").write_bytes(b"no picture")
        for kind in ("png", "jpg", "gif", "bmp", "tif", "webp"):
            path = save(leaves / "birch" / f"cut.{kind}", np.random.default_rng(0).integers(0, 255, (4, 4), np.uint8))
            path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(CorruptError) as caught:
            FolderSet(leaves).read()
        for name in ("oak/empty.png", "oak/text.jpg", *(f"birch/cut.{kind}" for kind in ("png", "jpg", "bmp", "tif"))):
            assert name in str(caught.value)
        assert caught.value.code == "E506"

    @pytest.mark.parametrize("kind", [kind for kind in ("png", "jpg", "gif", "bmp", "tif", "webp", "avif", "ppm")
                                      if f".{kind}" in Image.registered_extensions()])  # fmt: skip
    def test_a_file_that_was_cut_off_is_never_a_picture_with_a_grey_end(self, leaves: Path, kind: str) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
        path = save(leaves / "oak" / f"cut.{kind}", noise)
        content = path.read_bytes()
        for length in range(1, len(content) - 2, len(content) // 12):
            path.write_bytes(content[:length])
            with pytest.raises(CorruptError, match=f"cut.{kind}"):
                FolderSet(leaves, Preparation(size=(4, 4))).read()

    def test_skip(self, leaves: Path) -> None:
        (leaves / "oak" / "bad.png").write_bytes(b"")
        save(leaves / "oak" / "copy of 1.png", 50)
        save(leaves / "other" / "1.png", 50)
        assert look(FolderSet(leaves, skip=("oak/bad.png", "*/copy*", "other/*")).read()) == WHOLE
        assert look(FolderSet(leaves, skip=("*/bad.png", "oak/c*", "other")).read()) == WHOLE

    def test_two_sizes(self, leaves: Path) -> None:
        save(leaves / "oak" / "5.png", 25, (8, 6))
        save(leaves / "oak" / "6.png", 26, (8, 6))
        (problem,) = problems_of(FolderSet(leaves))
        assert (problem.code, problem.places) == ("E508", ("birch/0.png", "oak/5.png"))
        assert "4x4 (10) and 8x6 (2)" in problem.message
        assert "size: 4" in problem.help
        assert load(FolderSet(leaves, Preparation(size=(6, 4))).read()).shape == (12, 1, 6, 4)

    def test_large_pictures_need_a_size(self, leaves: Path) -> None:
        for path in leaves.rglob("*.png"):
            save(path, 7, (10, 600))
        (problem,) = problems_of(FolderSet(leaves))
        assert (problem.code, "10x600 (10)" in problem.message) == ("E508", True)

    @pytest.mark.parametrize(("colours", "channels"), [(0, 1), (1, 3)])
    def test_one_picture_in_colour_makes_all_so(self, leaves: Path, colours: int, channels: int) -> None:
        if colours:
            save(leaves / "oak" / "5.png", Image.new("RGB", (4, 4), (25, 1, 2)))
        assert FolderSet(leaves).survey().channels == channels
        stored = FolderSet(leaves).read()
        assert load(stored).shape[1] == channels
        assert (load(stored)[0] == 10).all()
        assert FolderSet(leaves, Preparation(channels="grey")).survey().channels == 1

    def test_a_bomb(self, leaves: Path) -> None:
        Image.new("1", (8000, 8000)).save(leaves / "oak" / "bomb.png")
        with pytest.raises(CorruptError, match=r"bomb\.png: the image has more than 50 million pixels"):
            FolderSet(leaves).read()

    def test_exif_counts_for_the_size_too(self, leaves: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        for path in leaves.rglob("*.png"):
            save(path, int(look_level(path)), (3, 5))
        save(leaves / "oak" / "5.jpg", 25, (5, 3), exif=exif)
        data = FolderSet(leaves)
        assert (data.survey().problems, data.survey().size) == ((), (3, 5))
        assert look(data.read())["oak/5.jpg"] == ("oak", 25)


def look_level(path: Path) -> int:
    with Image.open(path) as image:
        return int(np.asarray(image)[0, 0])


class TestClassSizes:
    """Classes with too few pictures."""

    def test_no_picture(self, leaves: Path) -> None:
        for name in ("ash", "elm"):
            (leaves / name / "below").mkdir(parents=True)
            (leaves / name / "notes.txt").write_text("x")
        (problem,) = problems_of(FolderSet(leaves))
        assert (problem.code, problem.places) == ("E504", ("ash", "elm"))

    def test_no_picture_in_one_part(self, leaves: Path) -> None:
        parts = copy_parts(leaves, "train", "test")
        for path in (parts / "test" / "oak").iterdir():
            path.unlink()
        (problem,) = problems_of(FolderSet(parts))
        assert (problem.code, problem.places) == ("E504", ("test/oak",))

    def test_no_picture_at_all(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
        with pytest.raises(CorruptError) as caught:
            FolderSet(tmp_path).survey()
        assert caught.value.code == "E504"

    def test_one_picture(self, leaves: Path) -> None:
        save(leaves / "ash" / "1.png")
        (problem,) = problems_of(FolderSet(leaves))
        assert (problem.code, problem.places) == ("E505", ("ash",))
        assert FolderSet(copy_parts(leaves, "train", "test")).read().parts["test"].size == 11

    def test_one_group(self, leaves: Path) -> None:
        for number in range(4):
            save(leaves / "oak" / f"leaf{number}.png", 30)
        found = problems_of(FolderSet(leaves, split=Split(group="(leaf|[0-9])"), skip=("oak/[0-9]*",)))
        assert [problem.code for problem in found] == ["E505"]


class TestGroups:
    """Several pictures of one leaf are never in two parts."""

    @pytest.mark.parametrize("group", ["^(leaf[0-9]+)_", "^leaf[0-9]+", "^sub/(leaf[0-9]+)|^(?:x)?(leaf[0-9]+)"])
    def test_groups(self, tmp_path: Path, group: str) -> None:
        for label in ("birch", "oak"):
            for leaf in range(10):
                for view in range(3):
                    save(tmp_path / label / f"leaf{leaf}_{view}.png", leaf)
        stored = FolderSet(tmp_path, split=Split(group=group)).read()
        levels = load(stored)[:, 0, 0, 0]
        train, test = (set(levels[stored.parts[part]].tolist()) for part in ("train", "test"))
        assert len(test) == 2
        assert not train & test
        assert len(set(stored.groups.tolist())) == 10

    def test_a_group_that_is_no_expression(self, leaves: Path) -> None:
        (problem,) = problems_of(FolderSet(leaves, split=Split(group="(")))
        assert (problem.code, "is no regular expression" in problem.message) == ("E513", True)


class TestLinks:
    """What leads elsewhere is refused by its name, and never read."""

    @pytest.mark.parametrize("target", ["../../secret.png", "/etc/hostname", "../..", ".", "../birch", "5.png", "gone"])
    def test_links(self, leaves: Path, target: str) -> None:
        save(leaves.parent / "secret.png", 99)
        (leaves / "oak" / "5.png").symlink_to(target)
        (problem,) = problems_of(FolderSet(leaves))
        assert (problem.code, problem.places) == ("E507", ("oak/5.png",))
        assert look(FolderSet(leaves, skip=("oak/5.png",)).read()) == WHOLE

    def test_a_link_for_a_class_and_a_loop_of_two(self, leaves: Path) -> None:
        (leaves / "ash").symlink_to(leaves / "oak")
        (leaves / "oak" / "a").symlink_to("b")
        (leaves / "oak" / "b").symlink_to("a")
        found = problems_of(FolderSet(leaves))
        assert [problem.code for problem in found] == ["E507", "E507"]
        assert {place for problem in found for place in problem.places} == {"ash", "oak/a", "oak/b"}

    def test_a_link_to_a_file_within_is_followed(self, leaves: Path) -> None:
        (leaves / "oak" / "5.png").symlink_to("4.png")
        assert look(FolderSet(leaves).read()) == WHOLE | {"oak/5.png": ("oak", 24)}

    def test_the_set_itself_may_be_a_link(self, leaves: Path) -> None:
        (leaves.parent / "here").symlink_to(leaves)
        assert look(FolderSet(leaves.parent / "here").read()) == WHOLE

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
    def test_a_pipe_is_not_waited_for(self, leaves: Path) -> None:
        os.mkfifo(leaves / "oak" / "5.png")
        (problem,) = problems_of(FolderSet(leaves))
        assert problem.code == "E507"


def test_nothing_is_written_beside_the_data(leaves: Path) -> None:
    """In a folder that cannot be written to, too."""
    before = sorted(leaves.rglob("*"))
    for folder in (leaves, leaves / "oak", leaves / "birch"):
        folder.chmod(0o555)
    data = FolderSet(leaves)
    data.survey()
    assert look(data.read()) == WHOLE
    assert sorted(leaves.rglob("*")) == before
    for folder in (leaves, leaves / "oak", leaves / "birch"):
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_listed(leaves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "oak":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(MnistspecError, match="oak: the folder cannot be read: Permission denied"):
        FolderSet(leaves).survey()


def test_files_that_may_not_be_read(leaves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what only decoding finds."""
    read, stat = Path.read_bytes, Path.stat

    def refuse(path: Path) -> bytes:
        if path.name == "1.png":
            raise PermissionError(13, "Permission denied")
        return read(path)

    def grow(path: Path, **options: bool) -> object:
        found = stat(path, **options)
        return os.stat_result((*found[:6], 300_000_000, *found[7:])) if path.name == "2.png" else found

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(Path, "stat", grow)
    with pytest.raises(CorruptError) as caught:
        FolderSet(leaves).read()
    assert "2 files: the file cannot be read: Permission denied [E506]\n     birch/1.png\n     oak/1.png" in str(
        caught.value
    )
    assert "2 files: the file has more than 200 MB; make it smaller [E506]\n     birch/2.png" in str(caught.value)


def test_a_header_that_may_not_be_read(leaves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(CorruptError, match="10 files: the file cannot be read: Permission denied"):
        FolderSet(leaves).survey()
