"""Tables of pictures: each row gives the right picture its label, and what is wrong is listed by its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.formats.csv import CsvSet
from mnistspec.formats.image_set import Preparation, Split
from mnistspec.formats.problems import render_problem
from tests.formats.painting import load, look, save

FILES = ("oak1.png", "oak2.png", "ash1.png", "ash2.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with four pictures of grey levels 10 to 40 below leaves/."""
    for number, name in enumerate(FILES, 1):
        save(tmp_path / "leaves" / name, 10 * number)
    return tmp_path


def write(folder: Path, text: str | bytes, **options: Any) -> CsvSet:
    path = folder / "set.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CsvSet(path, **{"image": "file", **options})


ROWS = "file,label\nleaves/oak1.png,oak\nleaves/ash1.png,ash\nleaves/oak2.png,oak\nleaves/ash2.png,ash\n"
WANTED = {
    "leaves/oak1.png": ("oak", 10),
    "leaves/oak2.png": ("oak", 20),
    "leaves/ash1.png": ("ash", 30),
    "leaves/ash2.png": ("ash", 40),
}


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        "\ufeff" + ROWS,
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(",", ";"),
        ROWS.replace(",", "\t"),
        ROWS.replace(",", " , "),
        ROWS.replace("oak\n", '"oak"\n').replace("file", '"file"'),
        ROWS.replace("leaves/", "./leaves/"),
        ROWS.replace("leaves/", "leaves\\"),
        ROWS.replace("leaves/", "leaves/../leaves/"),
        ROWS.replace("\n", "\n\n") + ",\n",
        ROWS.replace("\n", ",9\n", 1).replace("png,", 'png,"a, b",').replace("label", "note,label").replace(",9", "")
    ],
    ids=["plain", "mark", "crlf", "semicolon", "tab", "blanks", "quotes", "dot", "backslash", "up", "empty", "column"],
)  # fmt: skip
def test_rows_give_pictures_their_labels(folder: Path, text: str) -> None:
    data = write(folder, text)
    survey, stored = data.survey(), data.read()
    assert (survey.classes, survey.size, survey.channels) == (("ash", "oak"), (4, 4), 1)
    assert survey.problems == ()
    assert survey.counts == {"train": 2, "test": 2}
    assert look(stored) == WANTED


def test_words_may_have_quotes_lines_and_accents_of_either_coding(folder: Path) -> None:
    rows = (
        'file,label\nleaves/oak1.png,"a ""b"", c"\nleaves/ash1.png,"d\ne"\nleaves/oak2.png,é\nleaves/ash2.png,e\u0301\n'
    )
    assert write(folder, rows, split=Split(test=0)).survey().classes == ('a "b", c', "d\ne", "é")


def test_columns_have_any_names(folder: Path) -> None:
    rows = ROWS.replace("file,label", "Filename,ClassId")
    assert look(write(folder, rows, image="Filename", label="ClassId").read()) == WANTED


def test_classes_of_numbers_are_in_their_order(folder: Path) -> None:
    rows = "file,label\n" + "".join(
        f"leaves/{name},{label}\n" for name, label in zip(FILES, (10, 2, 10, 2), strict=True)
    )
    data = write(folder, rows)
    assert data.survey().classes == ("2", "10")
    assert look(data.read())["leaves/oak1.png"] == ("10", 10)
    named = write(folder, rows.replace(",10", ",0").replace(",2", ",1"), classes=("oak", "ash"))
    assert look(named.read())["leaves/oak2.png"] == ("ash", 20)


def test_parts_are_those_of_a_column(folder: Path) -> None:
    words = ("train", "TEST", "training", "validation")
    rows = "file,label,split\n"
    rows += "".join(f"leaves/{name},{name[:3]},{word}\n" for name, word in zip(FILES, words, strict=True))
    stored = write(folder, rows, part="split").read()
    assert {part: [stored.names[index] for index in indices] for part, indices in stored.parts.items()} == {
        "train": ["leaves/oak1.png", "leaves/ash1.png"],
        "val": ["leaves/ash2.png"],
        "test": ["leaves/oak2.png"],
    }


def test_pictures_of_a_group_stay_in_one_part(tmp_path: Path) -> None:
    rows = "file,label\n"
    for tree in range(20):
        for leaf in range(3):
            save(tmp_path / f"{tree}_{leaf}.png", tree)
            rows += f"{tree}_{leaf}.png,{'oak' if tree % 2 else 'ash'}\n"
    stored = write(tmp_path, rows, split=Split(test=0.3, group="^([^_]+)_")).read()
    trees = {part: {stored.names[index].split("_")[0] for index in indices} for part, indices in stored.parts.items()}
    assert (len(trees["train"]), len(trees["test"])) == (14, 6)
    assert not trees["train"] & trees["test"]


def test_skip_leaves_rows_out(folder: Path) -> None:
    rows = ROWS + "leaves/none.png,oak\n"
    assert look(write(folder, rows, skip=("leaves/n*",)).read()) == WANTED


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ("leaves/none.png,oak\n", "E536", "leaves/none.png: no such file"),
        ("leaves,oak\n", "E536", "leaves: no such file"),
        ("a\0b,oak\n", "E536", "no such file"),
        ("/etc/hosts,oak\n", "E536", "a path that leads out of the table's folder"),
        ("../set.csv,oak\n", "E536", "a path that leads out of the table's folder"),
        ("leaves/../../x.png,oak\n", "E536", "a path that leads out of the table's folder"),
        ("out/oak1.png,oak\n", "E536", "a path that leads out of the table's folder"),
        ("leaves/link.png,oak\n", "E536", "a path that leads out of the table's folder"),
        ("leaves/oak1.png,ash\n", "E536", "set.csv:6: the picture of an earlier row, with another label"),
        ("leaves/oak1.png,\n", "E535", "set.csv:6: the label is empty"),
        (",oak\n", "E535", "set.csv:6: the path is empty"),
        ("leaves/oak1.png\n", "E535", "set.csv:6: not 2 fields"),
        ("leaves/oak1.png,oak,2\n", "E535", "set.csv:6: not 2 fields"),
        ('leaves/oak1.png,"oak\n', "E535", "set.csv:6: not a row of CSV: unexpected end of data"),
        ("set.csv,oak\n", "E506", "set.csv: not an image that can be read"),
    ],
)
def test_wrong_rows_are_errors(folder: Path, more: str, code: str, message: str) -> None:
    outside, inside = folder / "outside", folder / "inside"
    inside.mkdir()
    (folder / "leaves").rename(inside / "leaves")
    save(outside / "oak1.png")
    (inside / "out").symlink_to(outside)
    (inside / "leaves" / "link.png").symlink_to(outside / "oak1.png")
    with pytest.raises(CorruptError) as caught:
        write(inside, ROWS + more).read()
    assert caught.value.code == code
    assert message in str(caught.value)


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "more").symlink_to(folder / "leaves")
    assert look(write(folder, ROWS.replace("leaves/oak1", "more/oak1")).read())["more/oak1.png"] == ("oak", 10)


def test_all_wrong_rows_are_listed(folder: Path) -> None:
    data = write(folder, ROWS + "leaves/a.png,oak\nleaves/b.png,ash\nleaves/oak1.png,\nleaves/oak2.png,\n")
    problems = data.survey().problems
    assert [line for problem in problems for line in render_problem(problem)] == [
        f"{folder / 'set.csv'}: 2 rows: the label is empty [E535]",
        "     line 8",
        "     line 9",
        "     = help: mend the rows, or remove them",
        f"{folder / 'set.csv'}: 2 files: no such file [E536]",
        "     leaves/a.png",
        "     leaves/b.png",
        "     = help: paths are relative to the table's folder; mend them, or remove the rows",
    ]


def test_what_follows_from_wrong_rows_is_not_reported(folder: Path) -> None:
    data = write(folder, ROWS.replace(",oak", ","))
    with pytest.raises(CorruptError) as caught:
        data.survey()
    assert caught.value.code == "E535"
    assert "2 rows: the label is empty" in str(caught.value)
    (problem,) = write(folder, ROWS.replace("ash1.png,ash", "ash1.png,")).survey().problems
    assert problem.code == "E535"


@pytest.mark.parametrize("written", ["leaves/oak1", "leaves/OAK1.PNG"])
def test_a_name_that_is_written_otherwise_is_found(folder: Path, written: str) -> None:
    (problem,) = write(folder, ROWS.replace("leaves/oak1.png", written)).survey().problems
    assert problem.help == "there is oak1.png; write the names as the files have them"


def test_a_picture_twice_with_one_label_is_taken_once(folder: Path) -> None:
    data = write(folder, ROWS + "leaves/oak1.png,oak\n")
    (problem,) = data.survey().problems
    assert (problem.code, problem.is_warning, problem.places) == ("E538", True, ("line 6",))
    assert look(data.read()) == WANTED


@pytest.mark.parametrize(
    ("text", "options", "code", "words"),
    [
        (ROWS, {"label": "lable"}, "E530", 'no column "lable"; did you mean "label"?'),
        (ROWS, {"image": "picture"}, "E530", 'no column "picture"; its columns: "file" and "label"'),
        ("1,2,3\n4,5,6\n", {"image": None}, "E530", "add such a line: label,pixel0,pixel1"),
        ("file,label\n", {}, "E530", "no rows"),
        ("", {}, "E530", "the table is empty"),
        ("file,label,label\na,b,c\n", {}, "E530", 'two columns with the name "label"'),
        ("file,label\n", {"image": None}, "E530", "no columns pixel0, pixel1, ..., and no image: is given"),
        (ROWS.encode("utf-16"), {}, "E535", "text that is not UTF-8"),
        (ROWS.replace("oak\n", "chêne\n").encode("latin-1"), {}, "E535", "text that is not UTF-8"),
        (ROWS.replace(",ash", ",oak"), {}, "E510", "1 different label"),
    ],
)
def test_tables_that_are_none(folder: Path, text: str | bytes, options: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(MnistspecError) as caught:
        write(folder, text, **options).read()
    assert caught.value.code == code
    assert words in str(caught.value)


PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4), dtype=np.uint8)


def kaggle(names: list[str], pixels: np.ndarray = PIXELS) -> str:
    rows = [",".join(["label", *names])]
    rows += [",".join(map(str, [label % 2, *row])) for label, row in enumerate(pixels.tolist())]
    return "\n".join(rows)


@pytest.mark.parametrize(
    "names",
    [
        ["pixel0", "pixel1", "pixel2", "pixel3"],
        ["pixel1", "pixel2", "pixel3", "pixel4"],
        ["Pixel_0", "Pixel_1", "Pixel_2", "Pixel_3"],
        ["1x1", "1x2", "2x1", "2x2"],
    ],
)
def test_pixels_in_columns(folder: Path, names: list[str]) -> None:
    data = write(folder, kaggle(names), image=None)
    survey, stored = data.survey(), data.read()
    assert (survey.size, survey.channels, survey.counts) == ((2, 2), 1, {"train": 4, "test": 2})
    np.testing.assert_array_equal(load(stored), PIXELS.reshape(6, 1, 2, 2))
    assert stored.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert stored.names[0] == "line 2"


def test_columns_of_pixels_are_ordered_by_their_numbers(folder: Path) -> None:
    stored = write(folder, kaggle(["pixel3", "pixel1", "pixel0", "pixel2"]), image=None).read()
    np.testing.assert_array_equal(load(stored).reshape(6, 4), PIXELS[:, [2, 1, 3, 0]])


def test_a_table_of_pixels_that_is_no_square_has_a_size(folder: Path) -> None:
    pixels = np.arange(36, dtype=np.uint8).reshape(6, 6)
    text = kaggle([f"pixel{number}" for number in range(6)], pixels)
    stored = write(folder, text, image=None, preparation=Preparation(size=(2, 3))).read()
    np.testing.assert_array_equal(load(stored), pixels.reshape(6, 1, 2, 3))
    with pytest.raises(CorruptError, match="6 columns of pixels, which are no square"):
        write(folder, text, image=None).survey()


def test_pixels_are_brought_to_another_size(folder: Path) -> None:
    text = kaggle([f"pixel{number}" for number in range(4)], np.full((6, 4), 77))
    stored = write(folder, text, image=None, preparation=Preparation(size=(8, 8), channels="colour")).read()
    assert load(stored).shape == (6, 3, 8, 8)
    assert (load(stored) == 77).all()


@pytest.mark.parametrize(
    ("value", "wanted"), [("256", False), ("-1", False), ("1.5", False), ("", False), ("x", False), ("255", True)]
)
def test_pixels_are_whole_numbers_from_0_to_255(folder: Path, value: str, wanted: bool) -> None:
    names = [f"pixel{number}" for number in range(4)]
    rows = kaggle(names).splitlines()
    rows[3] = f"0,1,{value},3,4"
    data = write(folder, "\n".join(rows), image=None)
    if wanted:
        assert load(data.read())[2].ravel().tolist() == [1, 255, 3, 4]
        return
    with pytest.raises(CorruptError, match=r"set\.csv:4: a pixel is no whole number from 0 to 255") as caught:
        data.read()
    assert caught.value.code == "E535"


@pytest.mark.parametrize("names", [["pixel0", "pixel1", "pixel2", "pixel4"], ["1x1", "1x2", "2x1", "3x2"]])
def test_a_column_of_pixels_that_is_missing(folder: Path, names: list[str]) -> None:
    with pytest.raises(CorruptError, match="missing between the first and the last"):
        write(folder, kaggle(names), image=None).survey()


def test_a_second_reading_finds_the_first_until_something_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write(folder, ROWS, split=Split(test=0))
    first = data.read()
    with monkeypatch.context() as patch:
        patch.setattr(CsvSet, "_decode", lambda *_: pytest.fail("decoded again"))
        assert data.read().digest == first.digest
    save(folder / "leaves" / "oak1.png", 99)
    second = data.read()
    assert look(second)["leaves/oak1.png"] == ("oak", 99)
    assert second.digest != first.digest
    third = write(folder, ROWS.replace("oak1.png,oak", "oak1.png,ash"), split=Split(test=0)).read()
    assert look(third)["leaves/oak1.png"] == ("ash", 99)


def test_a_table_of_many_pixels_is_read_in_batches(folder: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2500, 4), dtype=np.uint8)
    calls: list[tuple[int, int]] = []
    data = write(folder, kaggle([f"pixel{number}" for number in range(4)], pixels), image=None)
    stored = data.read(lambda done, of: calls.append((done, of)))
    np.testing.assert_array_equal(load(stored).reshape(2500, 4), pixels)
    assert calls == [(1000, 2500), (2000, 2500), (2500, 2500)]


def test_a_path_that_is_no_table(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.csv", "no such file"), (tmp_path, "not a file")):
        with pytest.raises(MnistspecError, match=words) as caught:
            CsvSet(path).survey()
        assert caught.value.code == "E501"
