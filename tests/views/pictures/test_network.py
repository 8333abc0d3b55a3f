"""Pictures of networks and of range tests: legible whatever the network, the same bytes for the same page."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.training.lr_range import RangePoint, suggest_lr
from mnistspec.views.pictures.canvas import Canvas
from mnistspec.views.pictures.lr_range import draw_lr_range
from mnistspec.views.pictures.network import draw_network
from mnistspec.views.stages import find_stages
from tests.language.corpus_files import GOOD, settings_of
from tests.language.strategies import specs
from tests.places import SPECS
from tests.profiles import examples
from tests.views.examples import TITLES
from tests.views.pictures.test_pictures import assert_legible, texts_of


def words_on(spec: Spec) -> list[str]:
    """Return the texts of a network's picture."""
    return [text.get_text() for text in texts_of(draw_network(spec))]


def share_of_ink(page: Canvas) -> float:
    """Return the share of a picture's pixels that differ from its corner."""
    pixels = np.asarray(Image.open(io.BytesIO(page.to_png())).convert("L"))
    return float((pixels != pixels[0, 0]).mean())


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_networks_are_legible(path: Path) -> None:
    page = draw_network(load_spec(path))
    assert_legible(page)
    assert 0.05 < share_of_ink(page) < 0.5


@given(specs())
@examples(8)
def test_any_network_is_legible(spec: Spec) -> None:
    assert_legible(draw_network(spec.model_copy(update={"title": TITLES[2]})))


@pytest.mark.parametrize("blocks", [1, 7, 40])
def test_a_picture_grows_with_its_network(blocks: int, tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    conv = "conv: {out_channels: 8, padding: 1}"
    path.write_text(f"layers: [{f'{conv}, ' * blocks} gap, fc: 10]\n", encoding="utf-8")
    canvas = draw_network(load_spec(path))
    assert canvas.width <= 1300
    assert_legible(canvas)
    assert f"conv{blocks}" in [text.get_text() for text in texts_of(canvas)]


def test_the_largest_network_can_be_drawn() -> None:
    path = next(path for path in GOOD if path.stem == "most_blocks")
    assert draw_network(load_spec(path, settings_of(path))).height < 60_000


def test_what_a_picture_says() -> None:
    words = words_on(load_spec(SPECS / "step6.yaml"))
    for word in ("step6: LR scheduler", "conv5", "18x6x6", "2,628", "18x18", "3x3"):
        assert word in words


@given(specs())
@examples(40)
def test_stages_hold_every_block(spec: Spec) -> None:
    layers = spec.trace()
    stages = find_stages(layers, spec.data.input_shape)
    assert sum(stage.params for stage in stages) == sum(layer.params for layer in layers)
    assert stages[0].name == "input"
    assert stages[-1].output_shape == layers[-1].output_shape
    for one, other in pairwise(stages):
        assert one.receptive_field <= other.receptive_field


def test_the_same_bytes(tmp_path: Path) -> None:
    spec = load_spec(SPECS / "step4.yaml")
    first, second = draw_network(spec), draw_network(spec)
    assert first.to_png() == second.to_png()
    assert first.to_svg() == second.to_svg()
    first.save(tmp_path / "a.svg")
    root = ET.parse(tmp_path / "a.svg").getroot()  # noqa: S314 - our own file
    assert root.tag.endswith("svg")
    assert "Created" not in (tmp_path / "a.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("title", TITLES[1:4])
@pytest.mark.parametrize("falls", [True, False])
def test_range_tests_are_legible(title: str, *, falls: bool) -> None:
    losses = [2.3 / (1 + math.exp((step - 50) / 8)) if falls else 2.3 for step in range(100)]
    points = [RangePoint(step, 10 ** (step * 6 / 99 - 5), loss) for step, loss in enumerate(losses)]
    suggestion = suggest_lr(points)
    assert bool(suggestion) == falls
    assert_legible(draw_lr_range(points, suggestion, title=title))


def test_a_range_test_of_one_step_can_be_drawn() -> None:
    assert_legible(draw_lr_range([RangePoint(1, 1e-5, 2.3)], None, title="short"))
