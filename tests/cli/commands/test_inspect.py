"""``mnistspec inspect``: what a network sees, as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mnistspec.data.dataset import load_dataset
from mnistspec.language.loader import load_spec
from mnistspec.network.builder import build_model
from mnistspec.network.inspection import Sight, choose_layer, find_layer, inspect_image
from mnistspec.views.pictures.inspection import draw_inspection
from tests.command_line import CommandLine
from tests.places import SPECS
from tests.views.examples import CLOTHES, DIGITS, TITLES
from tests.views.pictures.test_own_pictures import name_classes
from tests.views.pictures.test_pictures import assert_legible, texts_of


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    """The first image of the test set, a 7, as a file."""
    path = tmp_path / "seven.png"
    Image.fromarray(load_dataset("mnist").test_images[0][0].numpy()).save(path)
    return path


def test_picture(mnistspec: CommandLine, quick_run: Path, seven: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.png"
    outcome = mnistspec("inspect", quick_run, seven, "-o", path)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("quick reads ")
    assert outcome.out.endswith(f"picture: {path}\n")
    first = path.read_bytes()
    assert mnistspec("inspect", quick_run, seven, "-o", path).code == 0
    assert path.read_bytes() == first
    assert mnistspec("inspect", quick_run, seven, "-o", path, "--layer", "conv2").code == 0
    assert path.read_bytes() != first
    assert mnistspec("inspect", quick_run, seven, "-o", tmp_path / "seen.svg").code == 0
    assert b"<svg" in (tmp_path / "seen.svg").read_bytes()


def test_json_agrees_with_predict(mnistspec: CommandLine, quick_run: Path, seven: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.png"
    outcome = mnistspec(
        "inspect", quick_run, seven, "-o", path, "--layer", "conv2", "--position", "3,4", "--best", "--json"
    )
    report = json.loads(outcome.out)
    predicted = json.loads(mnistspec("predict", quick_run, seven, "--best", "--json").out)["predictions"][0]
    for key in ("image", "prediction", "probability", "probabilities"):
        assert report[key] == predicted[key]
    assert (report["layer"], report["output_shape"], report["position"]) == ("conv2", [16, 11, 11], [3, 4])
    assert report["sees"] == {"rows": [6, 13], "columns": [8, 15]}
    assert (report["run"], report["picture"]) == (str(quick_run), str(path))
    assert path.is_file()


def test_refusals(mnistspec: CommandLine, quick_run: Path, seven: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.png"
    cases: list[tuple[tuple[str | Path, ...], str]] = [
        ((seven, "-o", tmp_path / "seen.pdf"), "ends with .png or .svg"),
        ((seven, "-o", tmp_path / "no" / "seen.png"), "there is no folder"),
        ((tmp_path / "missing.png", "-o", path), "no such file"),
        ((seven, "-o", path, "--layer", "conv9"), 'no layer "conv9"; did you mean "conv2"?'),
        ((seven, "-o", path, "--position", "3"), "write row and column, counted from 0, such as 4,5"),
        ((seven, "-o", path, "--position", "99,0"), "relu1 has no position 99,0: its rows are 0 to 25"),
        ((seven, "-o", path, "--layer", "fc1", "--position", "1,0"), "fc1 has no position 1,0"),
    ]
    for arguments, words in cases:
        outcome = mnistspec("inspect", quick_run, *arguments)
        assert (outcome.code, outcome.out) == (2, ""), arguments
        assert words in outcome.err
        assert not path.exists()


@pytest.mark.parametrize(("step", "names"), [(0, DIGITS), (6, CLOTHES)])
def test_every_layer_can_be_drawn(step: int, names: tuple[str, ...]) -> None:
    spec = load_spec(SPECS / f"step{step}.yaml")
    model, layers = build_model(spec).eval(), spec.trace()
    image = (torch.arange(784).view(1, 28, 28) % 251).to(torch.uint8)
    chosen = [choose_layer(layers), find_layer(layers, "conv1"), layers[-1]]
    for layer, title in zip(chosen, TITLES[2:5], strict=True):
        sight = inspect_image(model, layer, image / 255)
        probabilities = sight.logits.softmax(0)
        place = (2, 1) if layer.is_map else None
        page = draw_inspection(image.numpy(), probabilities.tolist(), sight, layer, names, position=place, title=title)
        assert_legible(page)
        texts = " ".join(text.get_text() for text in texts_of(page))
        assert ("at row 2, column 1 sees" in texts) == (place is not None)
        assert layer.name in texts
        assert page.width < 1000


def test_what_is_not_finite_is_drawn_as_zero() -> None:
    spec = load_spec(SPECS / "step6.yaml")
    layer = spec.trace()[0]
    nothing = torch.full((8, 28, 28), torch.nan)
    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    page = draw_inspection(
        image.numpy(), [0.1] * 10, Sight(nothing[0, 0, :10], nothing, nothing[0]), layer, DIGITS, title="none"
    )
    assert_legible(page)


@pytest.mark.parametrize("classes", [2, 10, 11, 1000])
@pytest.mark.parametrize("size", [(8, 8), (224, 224), (100, 512)])
def test_pictures_of_any_size_and_classes_of_any_number(size: tuple[int, int], classes: int) -> None:
    names, layer = name_classes(classes), load_spec(SPECS / "step6.yaml").trace()[0]
    numbers = np.random.default_rng(1)
    image = numbers.integers(0, 256, (3, *size), np.uint8)
    shares = [1 / 2**place for place in range(1, classes)]
    shares = [*shares, 1 - sum(shares)]
    sight = Sight(torch.zeros(classes), torch.rand(8, *size), torch.rand(*size))
    page = draw_inspection(image, shares[::-1], sight, layer, names, position=(2, 1), title="own")
    assert_legible(page)
    assert page.width < 1000
    texts = [text.get_text() for text in texts_of(page)]
    assert "50.0 %" in texts
    if classes > 10:
        assert f"{classes - 9:,} others" in texts
        assert texts[texts.index(f"{classes - 9:,} others") + 1] == "0.2 %"
    for picture in page.figure.axes[0].images[:2]:
        left, right, bottom, top = picture.get_extent()
        assert abs((bottom - top) * size[1] - (right - left) * size[0]) <= max(size)
