"""``mnistspec data`` on pictures of one's own: what is there, what is wrong, samples, and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command_line import CommandLine
from tests.formats.idx_folders import write_folder
from tests.formats.painting import save

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a folder of two classes of 20 pictures of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNISTSPEC_CACHE", str(tmp_path / "cache"))
    for label in ("birch", "oak"):
        for number in range(20):
            save(Path("leaves") / label / f"{number}.png", paint())
    return tmp_path


def paint(height: int = 8, width: int = 8) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_good_set_is_described_on_one_screen(mnistspec: CommandLine) -> None:
    done = mnistspec("data", "leaves")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "leaves: 40 pictures in 2 classes, colour, 8x8"
    assert [line.split() for line in lines[4:6]] == [["birch", "16", "4"], ["oak", "16", "4"]]
    assert lines[-3:] == ["nothing to mend", "in a spec: data: {folder: leaves}", "picture: leaves-samples.png"]
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    with Image.open("leaves-samples.png") as picture:
        assert picture.width > 400


def test_all_that_is_wrong_is_reported_and_the_exit_code_is_4(mnistspec: CommandLine) -> None:
    Path("leaves/oak/bad.png").write_bytes(b"x")
    save(Path("leaves/oak/wide.png"), paint(8, 9))
    Path("leaves/birch/same.png").write_bytes(Path("leaves/oak/3.png").read_bytes())
    done = mnistspec("data", "leaves/", "-o", "out.png")
    assert done.code == 4
    assert re.findall(r"E\d{3}", done.out) == ["E506", "E542", "E508"]
    assert "leaves/oak/bad.png: not an image" in done.out
    assert "birch/same.png (birch) = oak/3.png (oak): a picture with two labels" in done.out.replace("\n", " ")
    assert "warning: leaves: pictures of 2 sizes" in done.out
    assert "2 errors and 1 warning" in done.out
    assert "in a spec: data: {folder: {path: leaves, size: 8}}" in done.out
    assert done.err == "mnistspec explain E506 says more\n"
    assert Path("out.png").is_file()


def test_json_has_all_places(mnistspec: CommandLine) -> None:
    for number in range(6):
        Path(f"leaves/oak/bad{number}.png").write_bytes(b"x")
    done = mnistspec("data", "leaves", "--json", "-o", "out.png")
    found = json.loads(done.out)
    assert (done.code, done.err, found["is_fine"], found["picture"]) == (4, "", False, "out.png")
    assert found["problems"][0]["places"] == [f"oak/bad{number}.png" for number in range(6)]
    assert "and 3 more, which --json lists" in mnistspec("data", "leaves").out
    assert found["parts"]["test"]["images_per_class"] == {"birch": 4, "oak": 4}


def test_a_set_that_cannot_be_read_has_no_picture(mnistspec: CommandLine) -> None:
    save(Path("parts/train/oak/1.png"))
    save(Path("parts/train/ash/1.png"))
    save(Path("parts/test/oak/1.png"))
    done = mnistspec("data", "parts")
    assert done.code == 4
    assert "E503" in done.out
    assert "copies were not looked for" in done.out
    assert "picture:" not in done.out
    assert not Path("parts-samples.png").exists()
    assert json.loads(mnistspec("data", "parts", "--json").out)["picture"] is None


def test_each_format_is_recognized(mnistspec: CommandLine) -> None:
    images, labels = RNG.integers(0, 256, (40, 6, 6), dtype=np.uint8), np.arange(40) % 2
    np.savez("set.npz", x_train=images, y_train=labels)
    rows = [",".join(map(str, [label, *pixels])) for label, pixels in zip(labels, images.reshape(40, -1), strict=True)]
    head = ",".join(["label", *(f"pixel{number}" for number in range(36))])
    Path("set.csv").write_text("\n".join([head, *rows]))
    write_folder(Path("digits"), 200, 100)
    entries = {}
    for source in ("set.npz", "set.csv", "digits"):
        done = mnistspec("data", source)
        assert done.code == 0
        entries[source] = done.out.partition("in a spec: ")[2].splitlines()[0]
    assert entries == {
        "set.npz": "data: {npz: set.npz}",
        "set.csv": "data: {csv: set.csv}",
        "digits": "data: {idx: digits}",
    }


def test_what_a_spec_says_of_its_data_holds_and_its_other_mistakes_do_not_matter(mnistspec: CommandLine) -> None:
    save(Path("leaves/oak/wide.png"), paint(8, 9))
    Path("specs").mkdir()
    Path("specs/mine.yaml").write_text("data: {folder: {path: ../leaves, size: 16, channels: grey}}\nlayers: [x]\n")
    done = mnistspec("data", "specs/mine.yaml", "--json")
    found = json.loads(done.out)
    assert (done.code, found["shape"], found["problems"]) == (0, [1, 16, 16], [])
    assert "in a spec" not in mnistspec("data", "specs/mine.yaml").out


def test_augmented_pictures_of_ones_own(mnistspec: CommandLine) -> None:
    Path("mine.yaml").write_text(
        "data: {folder: leaves}\nlayers: [gap, {fc: 2}]\ntrain: {augment: [{rotation: 30}], batch_size: 8}\n"
    )
    plain = mnistspec("data", "leaves", "-o", "plain.png")
    augmented = mnistspec("data", "leaves", "--augment", "mine.yaml", "-o", "augmented.png")
    assert (plain.code, augmented.code) == (0, 0)
    with Image.open("plain.png") as one, Image.open("augmented.png") as other:
        assert one.size != other.size


def test_many_classes_are_shortened_to_the_rarest_and_the_commonest(mnistspec: CommandLine) -> None:
    labels = np.repeat(np.arange(30), np.arange(20, 50))
    images = RNG.integers(0, 256, (len(labels), 4, 4), dtype=np.uint8)
    np.savez("set.npz", x_train=images, y_train=labels)
    out = mnistspec("data", "set.npz").out
    rows = [line.split()[0] for line in out.splitlines()[4:15]]
    assert rows == ["0", "1", "2", "3", "4", "...", "25", "26", "27", "28", "29"]
    assert "... 20 more ..." in out


def test_where_nothing_is_the_call_is_wrong(mnistspec: CommandLine) -> None:
    done = mnistspec("data", "./none")
    assert (done.code, done.out, done.err) == (2, "", "mnistspec: none: no such file or folder\n")
