"""The shipped recipe, trained for one epoch on the whole of MNIST, reads what the mouse draws.

``pytest -m slow tests/pages/test_demo_digits.py --regenerate`` takes the picture of docs/demo.md anew.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.needs import need_module
from tests.places import ROOT

need_module("uvicorn")
from tests.browser import Complaints, needs_browser, open_browser
from tests.command_line import run_main
from tests.pages.demo_server import start_demo
from tests.pages.strokes import DIGITS, draw
from tests.places import SPECS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, needs_browser]
PICTURE = ROOT / "docs" / "demo.png"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The demo of that network in a browser that complains of nothing."""
    runs = tmp_path_factory.mktemp("runs")
    assert not run_main("train", SPECS / "step6.yaml", "--epochs", "1", "--runs", runs)
    (run,) = (runs / "step6").iterdir()
    complaints = Complaints()
    with start_demo(run) as address, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        complaints.listen(page)
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        yield page
    assert complaints == []


def test_nine_of_ten_digits_are_read_right(page: Page) -> None:
    answers = ""
    for strokes in DIGITS.values():
        draw(page, strokes)
        page.wait_for_selector("#runs[aria-busy=false]")
        answers += page.locator(".answer-name").inner_text()
        page.get_by_role("button", name="Clear").click()
    assert sum(answer == digit for answer, digit in zip(answers, DIGITS, strict=True)) >= 9, answers


def test_the_picture_of_the_documentation(page: Page, regenerate: bool) -> None:
    draw(page, DIGITS["7"])
    page.wait_for_selector("#runs[aria-busy=false]")
    assert page.locator(".answer-name").inner_text() == "7"
    page.locator("select").select_option("relu2")
    page.wait_for_selector("#runs[aria-busy=false]")
    page.locator(".maps").click(position={"x": 56, "y": 25})
    assert "relu2 at row" in page.locator(".place").inner_text()
    page.mouse.move(0, 0)
    page.locator(".maps").evaluate("maps => maps.blur()")
    taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    if regenerate:
        PICTURE.parent.mkdir(exist_ok=True)
        taken.quantize(256, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    with Image.open(PICTURE) as kept:
        assert abs(kept.width - taken.width) < 10
        assert abs(kept.height - taken.height) < 100  # fonts differ
    assert PICTURE.stat().st_size < 200_000
