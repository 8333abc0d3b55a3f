"""``mnistspec new NAME --data DATA``: the spec that is written fits the images, is right, and trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.manual.fitting import design_network
from mnistspec.language.vocabulary.datasets import MNIST
from mnistspec.language.vocabulary.image_sets import Idx, Npz
from tests.small_mnist import write_mnist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mnistspec.language.spec import Spec
    from tests.command_line import CommandLine


def write_set(
    folder: Path, counts: Sequence[int], size: Callable[[int], tuple[int, int]], mode: str = "RGB", part: str = ""
) -> Path:
    """Write noise in a folder for each class, with as many images as ``counts`` says; ``size`` is (height, width)."""
    random = np.random.default_rng(0)
    for label, count in enumerate(counts):
        home = folder / part / f"kind {label}"
        home.mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 256, (*size(number), 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(home / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MNISTSPEC_CACHE", str(tmp_path / "cache"))
    return tmp_path


def write_new(mnistspec: CommandLine, data: str, *more: str) -> Spec:
    done = mnistspec("new", "mine", "--data", data, *more)
    assert (done.code, done.err) == (0, "")
    assert "mnistspec train mine.yaml" in done.out
    checked = mnistspec("validate", "mine.yaml")
    assert (checked.code, checked.err) == (0, "")
    return load_spec("mine.yaml")


@pytest.mark.parametrize(
    ("size", "mode", "counts"),
    [
        ((8, 8), "L", (6, 7)),
        pytest.param((12, 16), "RGB", (3,) * 100, marks=pytest.mark.slow),
        ((28, 28), "L", (40, 5, 9)),
        pytest.param((64, 48), "RGB", (5, 4), marks=pytest.mark.slow),
    ],
)
def test_the_spec_fits_and_trains(
    mnistspec: CommandLine, size: tuple[int, int], mode: str, counts: tuple[int, ...]
) -> None:
    write_set(Path("leaves"), counts, lambda _: size, mode)
    spec = write_new(mnistspec, "leaves/")
    assert spec.data.input_shape == (3 if mode == "RGB" else 1, *size)
    assert spec.data.class_names == tuple(f"kind {label}" for label in range(len(counts)))
    assert spec.params < 50_000
    text = Path("mine.yaml").read_text(encoding="utf-8")
    assert "\ndata: {folder: leaves}\n" in text, "one size needs none in the spec"
    assert ("class_weights: balanced" in text) == (max(counts) > 3 * min(counts))
    done = mnistspec("train", "mine.yaml", "--epochs", "1")
    assert done.code == 0, done.err
    assert (Path(done.out.split()[-1]) / "result.json").exists()


@pytest.mark.parametrize(
    ("sizes", "chosen", "said"),
    [
        ([(20, 30), (30, 20), (400, 600)], (32, 32), "size: 32"),
        ([(20, 30), (100, 90), (400, 600)], (64, 64), "size: 64"),
        ([(300, 400)], (48, 64), "size: [48, 64]"),
        ([(600, 20)], (64, 2), "size: [64, 2]"),
        ([(96, 90)], (96, 90), ""),
    ],
)
def test_images_of_several_sizes_or_large_ones_get_a_size(
    mnistspec: CommandLine, sizes: list[tuple[int, int]], chosen: tuple[int, int], said: str
) -> None:
    write_set(Path("leaves"), (6, 6), lambda number: sizes[number % len(sizes)])
    spec = write_new(mnistspec, "leaves")
    assert spec.data.input_shape == (3, *chosen)
    text = Path("mine.yaml").read_text(encoding="utf-8")
    assert said in text
    assert ("size" in text.partition("layers:")[0].partition("\ndata:")[2].partition("\n")[0]) == bool(said)
    assert ("# The images have" in text) == bool(said)


def test_the_path_is_that_from_the_spec(mnistspec: CommandLine, place: Path) -> None:
    write_set(place / "pictures" / "1e3", (4, 4), lambda _: (8, 8))
    (place / "specs").mkdir()
    for data in ("pictures/1e3", place / "pictures" / "1e3"):
        done = mnistspec("new", "specs/mine.yaml", "--data", data)
        assert done.code == 0, done.err
        assert "folder: ../pictures/1e3}" in Path("specs/mine.yaml").read_text(encoding="utf-8")
        assert load_spec("specs/mine.yaml").data.class_names == ("kind 0", "kind 1")
        Path("specs/mine.yaml").unlink()


def test_other_formats_and_names(mnistspec: CommandLine, place: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 10, 9), dtype=np.uint8)
    np.savez("small.npz", x_train=images, y_train=np.arange(40) % 4, x_test=images[:8], y_test=np.arange(8) % 4)
    spec = write_new(mnistspec, "small.npz")
    assert isinstance(spec.data, Npz)
    assert spec.data.input_shape == (1, 10, 9)
    assert mnistspec("train", "mine.yaml", "--epochs", "1").code == 0
    Path("mine.yaml").unlink()
    (place / "idx").mkdir()
    write_mnist(place / "idx", 640, 200)
    assert isinstance(write_new(mnistspec, "idx").data, Idx)
    Path("mine.yaml").unlink()
    write_set(place / "pictures", (4, 4), lambda _: (8, 8))
    rows = [f"pictures/kind {label}/{number}.png,{label}" for label in (0, 1) for number in range(4)]
    Path("table.csv").write_text("\n".join(["file,kind", *rows, ""]), encoding="utf-8")
    spec = write_new(mnistspec, "table.csv")
    assert spec.data.class_names == ("0", "1")
    assert "csv: {path: table.csv, image: file, label: kind}" in Path("mine.yaml").read_text(encoding="utf-8")
    assert mnistspec("train", "mine.yaml", "--epochs", "1").code == 0
    Path("mine.yaml").unlink()
    assert write_new(mnistspec, "mnist").data == MNIST()


def test_what_a_spec_says_of_its_data_is_kept(mnistspec: CommandLine) -> None:
    write_set(Path("leaves"), (5, 5, 5), lambda number: (8 + number, 8))
    text = "data: {folder: {path: leaves, size: 16, channels: grey, classes: [kind 2, kind 0]}}\nlayers: [gap, fc: 2]\n"
    Path("old.yaml").write_text(text, encoding="utf-8")
    assert write_new(mnistspec, "old.yaml").data == load_spec("old.yaml").data


def test_names_that_yaml_has_to_quote(mnistspec: CommandLine, place: Path) -> None:
    write_set(Path("odd: {x"), (4, 4), lambda _: (8, 8))
    for label, name in enumerate(("a\x7fb\u2028c", "b\u202e\n#x: [")):
        (place / "odd: {x" / f"kind {label}").rename(place / "odd: {x" / name)
    assert write_new(mnistspec, "odd: {x").data.class_names == ("a\x7fb\u2028c", "b\u202e\n#x: [")


def test_no_last_batch_has_one_image(mnistspec: CommandLine) -> None:
    for number in range(2, 25):
        write_set(Path(f"set{number}"), (number, 2), lambda _: (8, 8), part="train")
        write_set(Path(f"set{number}"), (1, 1), lambda _: (8, 8), part="test")
        done = mnistspec("new", f"mine{number}", "--data", f"set{number}")
        assert done.code == 0, done.err
        size = load_spec(f"mine{number}.yaml").train.batch_size
        assert 2 <= size <= number + 2
        assert (number + 2) % size != 1, number


def test_what_is_no_set_is_refused(mnistspec: CommandLine, place: Path) -> None:
    write_set(Path("leaves"), (3, 3), lambda _: (8, 8))
    (place / "empty").mkdir()
    (place / "notes.txt").write_text("text", encoding="utf-8")
    write_set(Path("hole"), (3, 3, 0), lambda _: (8, 8))
    write_set(Path("broken"), (3, 3), lambda _: (8, 8))
    (place / "broken" / "kind 0" / "1.png").write_bytes(b"")
    (place / "kept.yaml").write_text("kept", encoding="utf-8")
    before = {path.name for path in place.iterdir()} | {"cache"}
    for arguments, code, message in (
        (["mine", "--data", "nowhere/"], 2, "nowhere: no such file or folder"),
        (["mine", "--data", "empty"], 2, "empty: no sub-folders [E501]"),
        (["mine", "--data", "leaves/kind 0"], 2, "leaves/kind 0: no sub-folders [E501]"),
        (["mine", "--data", "notes.txt"], 2, "notes.txt: no pictures in a form that is known"),
        (["mine", "--data", "hole"], 4, "hole/kind 2: the folder of a class without pictures [E504]"),
        (["mine", "--data", "broken"], 4, "broken/kind 0/1.png: "),
        (["mine", "--data", "leaves", "--like", "step6"], 2, "give one of the two"),
        (["a b", "--data", "leaves"], 2, '"a b" cannot name a spec'),
        (["kept", "--data", "leaves"], 2, "kept.yaml already exists"),
    ):
        done = mnistspec("new", *arguments)
        assert (done.code, done.out) == (code, ""), arguments
        assert message in done.err
    assert {path.name for path in place.iterdir()} <= before


@settings(max_examples=25)
@given(height=st.integers(4, 96), width=st.integers(4, 96))
def test_a_network_sees_the_image_and_ends_with_a_small_map(height: int, width: int) -> None:
    """Of any size that is not long and thin; with ten classes and in colour it has less than 50,000 parameters."""
    assume(max(height, width) <= 2 * min(height, width))
    blocks, sight = design_network(height, width)
    data = f"{{npz: {{path: x, size: [{height}, {width}], channels: colour, classes: [{', '.join('abcdefghij')}]}}}}"
    head = (
        f"data: {data}\ndefaults: {{conv: {{bias: false, padding: 1}}}}\nlayers: [{', '.join(blocks)}, gap, fc: 10]\n"
    )
    document = load_document("x.yaml", survey=False, source=head.encode())
    last = document.layers[-3]
    assert last.receptive_field == sight >= max(height, width)
    assert 2 <= min(last.output_shape[1:]) <= max(last.output_shape[1:]) <= 9
    assert document.spec.params < 50_000
