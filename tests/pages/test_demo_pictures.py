"""The demo of a network for pictures of one's own: they are opened, dropped or taken, and prepared as the run's own."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from tests.needs import need_module

need_module("uvicorn")
from mnistspec.data.dataset import load_dataset
from mnistspec.errors import UsageError
from mnistspec.formats.decoding import read_picture
from mnistspec.formats.headers import Frame
from mnistspec.pages.network import DemoNetwork
from mnistspec.pages.server import make_app
from mnistspec.runs.folder import RunDir
from mnistspec.runs.trained import TrainedModel
from tests.browser import Complaints, needs_browser, open_browser
from tests.pages.client import Client
from tests.pages.demo_server import start_demo
from tests.pages.leaves import SHAPE, TONES, paint_leaf
from tests.pages.test_demo_page import DESKTOP, PHONE, drop, visit
from tests.pages.test_demo_server import ask, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = [*TONES]
FRAME = Frame(SHAPE[1], SHAPE[2], SHAPE[0])


@pytest.fixture(scope="module")
def leaves(leaves_run: Path) -> TrainedModel:
    """A network for coloured pictures."""
    return RunDir(leaves_run).load_model()


@pytest.fixture(scope="module")
def client(leaves: TrainedModel) -> Client:
    """Someone who asks a demo of it, whose mistakes are all of an untrained network's."""
    tested = leaves.test(load_dataset(leaves.spec.data), torch.device("cpu"))
    return Client(make_app([DemoNetwork("leaves", leaves, tested)]))


def turn(picture: Image.Image) -> bytes:
    """Return a picture as a JPEG whose EXIF data turns it upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    picture.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue()


def make_files() -> dict[str, bytes]:
    """Return pictures of many kinds as files."""
    spot = paint_leaf(TONES["birch"], 1, (120, 50))
    faded = spot.convert("RGBA")
    faded.putalpha(Image.linear_gradient("L").resize(faded.size))
    return {
        "wide.png": write(spot), "tall.png": write(spot.rotate(90, expand=True)),
        "exact.png": write(spot.resize((SHAPE[2], SHAPE[1]))), "tiny.png": write(spot.resize((5, 9))),
        "faded.png": write(faded), "grey.png": write(spot.convert("L")), "palette.gif": write(spot.convert("P"), "GIF"),
        "deep.png": write(Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16)),
        "turned.jpg": turn(spot), "large.jpg": write(paint_leaf(TONES["apple"], 2, (1600, 1200)), "JPEG", quality=95),
    }  # fmt: skip


@pytest.mark.parametrize("name", make_files())
def test_a_picture_is_prepared_as_the_runs_own(client: Client, leaves: TrainedModel, name: str) -> None:
    content = make_files()[name]
    wanted = read_picture(content, FRAME, "pad")
    answer = ask(client, content)
    assert b64decode(answer["input"]) == wanted.tobytes()
    expected = leaves.predict(torch.tensor(wanted))[0]
    assert answer["runs"][0]["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer["note"] == ""


def test_what_the_page_is_given(client: Client) -> None:
    about = client.get("/runs").content
    assert (about["task"], about["shape"], about["drawn"]) == ("leaves", list(SHAPE), False)
    assert about["runs"][0]["classes"] == NAMES
    assert about["runs"][0]["data"] == "leaves"


def test_the_specs_title_is_the_pages(leaves: TrainedModel) -> None:
    spec = leaves.spec.model_copy(update={"title": "Three plants"})
    titled = DemoNetwork("titled", TrainedModel(leaves.network, spec, 1, leaves.mean, leaves.std))
    assert Client(make_app([titled])).get("/runs").content["task"] == "Three plants"
    both = make_app([titled, DemoNetwork("leaves", leaves)])
    assert Client(both).get("/runs").content["task"] == "Open or drop a picture"


def test_a_prepared_image_of_another_size(client: Client) -> None:
    answer = client.post("/read/pixels?layer=conv1", bytes(784))
    assert answer.status == 422
    assert answer.content["error"] == "a prepared image has 2,304 bytes, 3 channels of 24 rows of 32, not 784"


def test_networks_for_other_images_need_a_demo_each(model: TrainedModel, leaves: TrainedModel) -> None:
    with pytest.raises(UsageError, match="start a demo for each"):
        make_app([DemoNetwork("digits", model), DemoNetwork("leaves", leaves)])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of these tests."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pictures(confused_run: Path) -> Iterator[str]:
    """The address of a demo of a network that makes mistakes."""
    with start_demo(confused_run) as url:
        yield url


def read_input(page: Page) -> np.ndarray:
    """Return the network's input as it is shown, (3, height, width)."""
    page.wait_for_selector("#runs[aria-busy=false]")
    values = page.locator(".input").first.evaluate(
        """(canvas, [height, width]) => {
            const context = new OffscreenCanvas(width, height).getContext("2d");
            context.imageSmoothingEnabled = false;
            context.drawImage(canvas, 0, 0, width, height);
            return [...context.getImageData(0, 0, width, height).data];
        }""",
        SHAPE[1:],
    )
    return np.array(values, np.uint8).reshape(*SHAPE[1:], 4)[..., :3].transpose(2, 0, 1)


@needs_browser
def test_pictures_are_opened_and_dropped(browser: Browser, pictures: str, complaints: Complaints) -> None:
    page = visit(browser, pictures, complaints)
    assert page.locator("h1").inner_text() == "leaves"
    assert page.locator(".hint").is_visible()
    assert page.locator("#camera").is_hidden()
    page.locator("#pad").click()  # opens, and does not draw
    assert page.locator("#clear").is_disabled()
    files = make_files()
    for name, way in (("wide.png", "open"), ("tall.png", "drop"), ("turned.jpg", "paste")):
        if way == "open":
            page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": files[name]})
        else:
            drop(page, files[name], way, name)
        page.get_by_text(name, exact=True).wait_for()
        assert np.array_equal(read_input(page), read_picture(files[name], FRAME, "pad"))
    assert page.locator(".hint").is_hidden()
    before = read_input(page)
    page.get_by_label("Which pixels matter").check()
    assert not np.array_equal(read_input(page), before)
    page.get_by_role("button", name="Undo", exact=True).click()
    page.get_by_text("tall.png", exact=True).wait_for()
    page.context.close()


@needs_browser
def test_mistakes_in_colour_and_many_classes(browser: Browser, pictures: str, complaints: Complaints) -> None:
    page = visit(browser, pictures, complaints)
    run = page.request.get(f"{page.url}runs").json()["runs"][0]
    page.locator("summary").click()
    mistake = run["mistakes"]["shown"][0]
    page.locator(".mistake").first.click()
    assert f"labelled {mistake['actual']}" in page.locator("#source").inner_text()
    page.get_by_text("The 10 likeliest of 14 classes").wait_for()
    assert read_input(page).tobytes() == b64decode(mistake["pixels"])
    names, shares = (page.locator(place).all_inner_texts() for place in (".bar-name", ".bar-share"))
    assert names[0] == page.locator(".answer-name").inner_text() == mistake["predicted"]
    levels = [float(share.strip("<> %")) for share in shares]
    assert len(set(names)) == 10
    assert levels == sorted(levels, reverse=True)
    place = page.locator(".place")
    page.locator(".maps").focus()
    page.keyboard.press("ArrowDown")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    _, height, width = run["layers"][2]["shape"]
    assert (height, width) == (22, 30)
    assert place.inner_text() == "relu1 at row 21, column 29 sees rows 21 to 23, columns 29 to 31 of the input."
    page.context.close()


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_layout_for_pictures(
    browser: Browser, pictures: str, complaints: Complaints, size: dict[str, int], theme: str
) -> None:
    is_phone = size is PHONE
    page = visit(
        browser, pictures, complaints, viewport=size, color_scheme=theme, has_touch=is_phone, is_mobile=is_phone
    )
    assert page.locator("#camera").is_visible() == is_phone
    page.locator("#shot").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": make_files()["tall.png"]}
    )
    page.get_by_text("a.png", exact=True).wait_for()
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.context.close()
