"""The demo as people use it: a real browser, drawing with the mouse, files, the gallery, the keyboard."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.needs import need_module

need_module("uvicorn")
from mnistspec.network.inspection import find_layer
from tests.browser import Complaints, needs_browser, open_browser
from tests.data.photo.test_photo import DIGITS as IMAGES
from tests.data.photo.test_photo import enlarge
from tests.pages.strokes import DIGITS, draw
from tests.pages.test_demo_server import write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

    from mnistspec.runs.trained import TrainedModel

pytestmark = needs_browser
NOTHING = "\N{EN DASH}"
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of these tests."""
    with open_browser() as opened:
        yield opened


def visit(browser: Browser, address: str, complaints: Complaints, **options: Any) -> Page:
    """Open the demo as a visitor of its own."""
    page = browser.new_context(**{"viewport": DESKTOP, **options}).new_page()
    complaints.listen(page)
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


@pytest.fixture
def page(browser: Browser, address: str, complaints: Complaints) -> Iterator[Page]:
    """The demo in a browser, with two networks."""
    opened = visit(browser, address, complaints)
    yield opened
    opened.context.close()


def expect_answers(page: Page, answer: str) -> None:
    """Wait until both networks have read what is drawn, and hold their answers against this one."""
    page.wait_for_selector("#runs[aria-busy=false]")
    assert page.locator(".answer-name").all_inner_texts() == [answer] * 2


def pixels_of(page: Page) -> bytes:
    """Return the first network's input as it is shown, a byte a pixel."""
    levels = page.locator(".input").first.evaluate("""canvas => {
        const context = new OffscreenCanvas(28, 28).getContext("2d");
        context.imageSmoothingEnabled = false;
        context.drawImage(canvas, 0, 0, 28, 28);
        return [...context.getImageData(0, 0, 28, 28).data].filter((_, index) => index % 4 === 0);
    }""")
    return bytes(levels)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_1_a_0_and_a_7(page: Page) -> None:
    expect_answers(page, NOTHING)
    for digit in "107":
        draw(page, DIGITS[digit])
        expect_answers(page, digit)
        press(page, "Clear")
        expect_answers(page, NOTHING)
    assert page.locator("#problem").is_hidden()


def test_undo_and_clear(page: Page) -> None:
    assert page.locator("#undo").is_disabled()
    draw(page, DIGITS["1"])
    expect_answers(page, "1")
    before = pixels_of(page)
    draw(page, (((20, 20), (80, 80)),))
    page.keyboard.press("Control+z")
    expect_answers(page, "1")
    press(page, "Clear")
    expect_answers(page, NOTHING)
    press(page, "Undo")
    expect_answers(page, "1")
    assert pixels_of(page) == before
    page.keyboard.press("Control+z")
    expect_answers(page, NOTHING)
    assert page.locator("#undo").is_disabled()


SAYS = "words => document.querySelector('#problem').textContent.startsWith(words)"


def drop(page: Page, content: bytes, how: str, name: str = "digit.png") -> None:
    """Drop or paste a file."""
    page.evaluate(
        """([content, how, name]) => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const data = new DataTransfer();
            const copies = name === "large.png" ? 20 * 2 ** 20 + 1 : 1;
            if (name) data.items.add(new File(Array(copies).fill(bytes), name));
            const options = {bubbles: true, cancelable: true};
            document.body.dispatchEvent(how === "drop"
                ? new DragEvent("drop", {...options, dataTransfer: data})
                : new ClipboardEvent("paste", {...options, clipboardData: data}));
        }""",
        [b64encode(content).decode(), how, name],
    )


@pytest.mark.parametrize("how", ["drop", "paste", "open"])
def test_images_of_files(page: Page, model: TrainedModel, how: str) -> None:
    seven, kind = write(255 - enlarge(IMAGES[0])), write(255 - enlarge(IMAGES[1]), "TIFF")
    for content, name, answer in ((seven, "seven.png", "7"), (kind, "two.tiff", "2")):
        if how == "open":
            page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})
        else:
            drop(page, content, how, name)
        page.get_by_text(name, exact=True).wait_for()
        expect_answers(page, answer)
    draw(page, (((20, 50), (80, 50)),))  # over the image: now it is a drawing
    assert page.locator("#source").inner_text() == ""
    assert model.spec.name in page.locator("h2").first.inner_text()


def test_files_that_are_no_images(browser: Browser, address: str) -> None:
    complaints = Complaints()
    page = visit(browser, address, complaints)
    draw(page, DIGITS["0"])
    expect_answers(page, "0")
    for content, name, words in (
        (b"hello", "text.png", "Not an image that can be read"),
        (b"", "empty.png", "No picture came with the request"),
        (b"x", "large.png", "The picture has more than 20 MB"),
        (b"", "", "Drop an image file"),
    ):
        drop(page, content, "drop", name)
        page.wait_for_function(SAYS, arg=words)
        expect_answers(page, "0")  # what is drawn stays, and so does what was read
    draw(page, (((50, 50),),))
    page.wait_for_selector("#problem", state="hidden")
    page.route("**/read/**", lambda route: route.abort())
    draw(page, (((50, 50),),))
    page.wait_for_function(SAYS, arg="The server does not answer")
    assert [
        note for note in complaints if "422" not in note and "ERR_FAILED" not in note and "/read/" not in note
    ] == []
    page.context.close()


def test_the_gallery_of_mistakes(page: Page) -> None:
    run = page.request.get(f"{page.url}runs").json()["runs"][0]
    shown = run["mistakes"]["shown"]
    summary = page.locator("summary").first
    assert summary.inner_text().startswith(f"{run['mistakes']['wrong']} mistakes on 500 test images")
    summary.press("Enter")  # by keyboard
    thumbs = page.locator(".gallery").first.locator("button")
    assert thumbs.count() == len(shown)
    for place in (0, len(shown) - 1):
        thumbs.nth(place).press("Enter")
        expect_answers(page, shown[place]["predicted"])
        assert f"labelled {shown[place]['actual']}" in page.locator("#source").inner_text()
        assert pixels_of(page) == b64decode(shown[place]["pixels"])


def test_where_a_position_looks(page: Page, model: TrainedModel) -> None:
    layers = model.spec.trace()
    draw(page, DIGITS["7"])
    expect_answers(page, "7")
    maps, place, choice = page.locator(".maps").first, page.locator(".place").first, page.locator("select").first
    for name in ("conv2", "maxpool1", "conv1"):
        choice.select_option(name)
        page.wait_for_selector("#runs[aria-busy=false]")
        assert f" {name}." in (maps.get_attribute("aria-label") or "")
        assert "Click on a map" in place.inner_text()
        maps.click(position={"x": 30, "y": 21})
        words = place.inner_text().replace(",", "").replace(".", "").split()
        row, column = int(words[3]), int(words[5])
        box = find_layer(layers, name).receptive_box(row, column)
        wanted = [f"rows {box.rows[0]} to {box.rows[1]}", f"columns {box.columns[0]} to {box.columns[1]}"]
        assert all(text in place.inner_text() for text in wanted)
        assert column > row
    maps.press("ArrowDown")
    maps.press("ArrowRight")
    assert f"at row {row + 1}, column {column + 1} sees rows {row + 1} to {row + 3}" in place.inner_text()
    maps.press("Escape")
    assert "Click on a map" in place.inner_text()
    choice.select_option("fc1")
    page.wait_for_selector("#runs[aria-busy=false]")
    assert not place.inner_text()


def test_which_pixels_matter(page: Page) -> None:
    draw(page, DIGITS["7"])
    expect_answers(page, "7")
    plain = pixels_of(page)
    page.get_by_label("Which pixels matter").first.check()
    overlaid = pixels_of(page)
    assert overlaid != plain
    assert page.get_by_text("more light speaks against it").first.is_visible()
    page.get_by_label("Which pixels matter").first.uncheck()
    assert pixels_of(page) == plain


def test_several_shapes_are_reported(page: Page) -> None:
    draw(page, (((20, 30), (20, 70)), ((80, 20), (80, 80))))
    page.wait_for_selector("#runs[aria-busy=false]")
    assert page.locator("#note").inner_text() == "2 shapes in the picture; read the largest one, on the right"
    press(page, "Clear")
    assert not page.locator("#note").inner_text()


def test_answers_and_maps_are_in_the_first_screen(page: Page) -> None:
    draw(page, DIGITS["7"])
    expect_answers(page, "7")
    names = [layer.get_attribute("value") for layer in page.locator("select").first.locator("option").all()]
    for name in filter(None, names):
        for choice in page.locator("select").all():
            choice.select_option(name)
            page.wait_for_selector("#runs[aria-busy=false]")
        for place in (".answer", ".bars", ".input", ".maps"):
            for element in page.locator(place).all():
                box = element.bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= DESKTOP["height"], (name, place)


def shade_of(page: Page, x: int, y: int) -> int:
    """Return how light the pad is seen at a place in hundredths of its side, 0 to 255."""
    box = page.locator("#pad").bounding_box()
    assert box is not None
    spot = {"x": box["x"] + x * box["width"] / 100, "y": box["y"] + y * box["height"] / 100, "width": 1, "height": 1}
    with Image.open(io.BytesIO(page.screenshot(clip=spot))) as shot:  # type: ignore[arg-type]  # a dict of that shape
        return int(np.asarray(shot.convert("L"))[0, 0])


def test_the_pad_follows_the_theme_and_the_network_gets_the_same(
    browser: Browser, address: str, complaints: Complaints, tmp_path: Path
) -> None:
    inputs, canvases = [], []
    for theme, paper, ink in (("light", range(250, 256), range(40)), ("dark", range(40), range(200, 256))):
        page = visit(browser, address, complaints, color_scheme=theme)
        draw(page, (((20, 50), (80, 50)),))
        page.wait_for_selector("#runs[aria-busy=false]")
        assert shade_of(page, 50, 20) in paper
        assert shade_of(page, 50, 50) in ink
        inputs.append(pixels_of(page))
        canvases.append(page.locator("#pad").evaluate("pad => pad.toDataURL()"))
        page.locator("summary").first.press("Enter")
        page.locator(".mistake").first.press("Enter")  # a test image looks like a drawing
        page.wait_for_selector("#runs[aria-busy=false]")
        assert shade_of(page, 3, 3) in paper
        path = tmp_path / "photo.png"
        Image.fromarray(np.pad(np.zeros((100, 30), np.uint8), 60, constant_values=90)).save(path)
        page.locator("#file").set_input_files(path)
        page.get_by_text("photo.png").wait_for()
        assert shade_of(page, 50, 10) == 90  # a photo looks as it is
        press(page, "Clear")
        assert shade_of(page, 50, 50) in paper
        page.context.close()
    assert inputs[0] == inputs[1]
    assert canvases[0] == canvases[1]


def test_two_visitors_do_not_mix(browser: Browser, address: str, complaints: Complaints) -> None:
    pages = [visit(browser, address, complaints) for _ in range(2)]
    for digits in ("17", "03"):
        for page, digit in zip(pages, digits, strict=True):
            draw(page, DIGITS[digit])
        for page, digit in zip(pages, digits, strict=True):
            expect_answers(page, digit)
            press(page, "Clear")
    for page in pages:
        page.context.close()


def test_the_newest_drawing_wins(page: Page) -> None:
    """The answers to a slow server's old requests never replace newer ones, and requests do not pile up."""
    flying: list[int] = []
    most = 0

    def hold(route: Route) -> None:
        nonlocal most
        flying.append(1)
        most = max(most, len(flying))
        page.wait_for_timeout(150)
        flying.pop()
        route.continue_()

    page.route("**/read/**", hold)
    draw(page, DIGITS["1"])
    press(page, "Clear")
    draw(page, DIGITS["7"])
    expect_answers(page, "7")
    page.wait_for_timeout(600)
    expect_answers(page, "7")
    assert most == 1


def test_a_finger_draws(browser: Browser, address: str, complaints: Complaints) -> None:
    page = visit(browser, address, complaints, viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=3)
    finger = page.context.new_cdp_session(page)
    box = page.locator("#pad").bounding_box()
    assert box is not None
    (stroke,) = DIGITS["7"]
    for place, (x, y) in enumerate(stroke):
        point = {"x": box["x"] + x * box["width"] / 100, "y": box["y"] + y * box["height"] / 100}
        kind = "touchMove" if place else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_answers(page, "7")
    assert page.evaluate("scrollY") == 0
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 820, "height": 1180}, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_layout(browser: Browser, address: str, complaints: Complaints, size: dict[str, int], theme: str) -> None:
    page = visit(browser, address, complaints, viewport=size, color_scheme=theme)
    draw(page, DIGITS["7"])
    expect_answers(page, "7")
    page.locator("summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.locator("#pad").evaluate("pad => pad.clientWidth / pad.clientHeight") == pytest.approx(1, abs=0.01)
    ratios = page.evaluate("""() => {
        const light = color => color.match(/[0-9.]+/g).slice(0, 3).map(level => level / 255)
            .map(level => level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4)
            .reduce((sum, level, i) => sum + level * [0.2126, 0.7152, 0.0722][i], 0.05);
        const behind = element => { // the colour that is seen behind an element
            const color = getComputedStyle(element).backgroundColor;
            return color.endsWith(", 0)") ? behind(element.parentElement) : color;
        };
        const texts = "h1, p, h2, .subtitle, .bar-name, .bar-share, figcaption, summary, button:enabled";
        return [...document.querySelectorAll(texts)]
            .map(element => [light(getComputedStyle(element).color), light(behind(element))])
            .map(pair => Math.max(...pair) / Math.min(...pair));
    }""")
    assert min(ratios) >= 4.5  # WCAG 2.2, contrast (minimum)
    page.context.close()
