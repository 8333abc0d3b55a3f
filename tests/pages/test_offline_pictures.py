"""The exported page of a network for pictures of one's own: JavaScript prepares them as Python does."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnistspec.formats.decoding import read_picture
from mnistspec.formats.headers import Frame
from mnistspec.formats.image_set import Fit
from mnistspec.formats.pictures import prepare_picture
from mnistspec.pages import offline
from mnistspec.runs.folder import RunDir
from tests.browser import needs_browser, open_browser
from tests.command_line import run_main
from tests.needs import need_module
from tests.pages.leaves import SHAPE, TONES, paint_leaf
from tests.pages.node_packages import find_package

need_module("uvicorn")
from tests.pages.test_demo_pictures import make_files
from tests.pages.test_offline_browser import await_answer, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_browser
Array = NDArray[np.uint8]
# Levels, of 255, by which files may differ from Python's: the mean, and the largest; measured with Pillow 13: at most
# 0.18 and 1. Python takes height or width first, 16 bits are cut to 8 by the browser, and Python halves a large JPEG,
# once or more, while it decodes it.
MEAN, LARGEST = 0.5, 3


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with open_browser() as started:
        yield started


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """A page that can import the modules, without a server."""
    with browser.new_context() as context:
        context.route(
            "http://localhost/*", lambda route: route.fulfill(path=offline._STATIC / Path(route.request.url).name)
        )
        page = context.new_page()
        page.goto("http://localhost/icon.svg")
        yield page


def prepare(page: Page, picture: Image.Image, frame: Frame, fit: Fit) -> Array:
    """Return what the page's own function makes of a picture."""
    code = """async ([text, width, shape, fit]) => {
      const { preparePicture } = await import("/picture.js");
      const bytes = Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt(0));
      return Array.from(preparePicture(new ImageData(bytes, width), shape, fit));
    }"""
    text = b64encode(picture.convert("RGBA").tobytes()).decode()
    shape = [frame.channels, frame.height, frame.width]
    return np.array(page.evaluate(code, [text, picture.width, shape, fit]), np.uint8).reshape(shape)


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_prepared_as_pillow_does(modules: Page, fit: Fit, channels: int) -> None:
    random = np.random.default_rng(channels)
    alike = 0
    for seed in range(25):
        size = tuple(random.integers(1, 150, 2).tolist())
        height, width = random.integers(1, 70, 2).tolist()
        picture = paint_leaf(TONES["apple"], seed, size)
        if seed % 5 == 0:
            picture = Image.new("RGB", size, "white")
        if seed % 5 == 1:
            picture.putalpha(Image.fromarray(random.choice([0, 255], size[::-1]).astype(np.uint8)))
        wanted = prepare_picture(picture, (height, width), channels, fit)
        found = prepare(modules, picture, Frame(height, width, channels), fit)
        differences = np.abs(found.astype(int) - wanted)
        assert differences.mean() <= 3, (size, height, width)
        alike += not differences.any()
    assert alike >= 15  # the others differ where Pillow resizes the height first, most along sharp edges


def test_width_and_then_height_to_the_byte(modules: Page) -> None:
    random = np.random.default_rng(7)
    for seed in range(25):
        width, height, new_width, new_height = random.integers(1, 150, 4).tolist()
        picture = paint_leaf(TONES["cornflower"], seed, (width, height))
        wanted = picture.resize((new_width, height)).resize((new_width, new_height))
        found = prepare(modules, picture, Frame(new_height, new_width, 3), "stretch")
        assert np.array_equal(found, np.asarray(wanted).transpose(2, 0, 1)), (width, height, new_width, new_height)


@pytest.fixture(scope="module")
def exported(leaves_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an exported page."""
    need_module("onnxscript")
    path = tmp_path_factory.mktemp("exported") / "leaves.html"
    assert not run_main("export", leaves_run, "--page", path, "--runtime", find_package("onnxruntime-web"))
    return path.as_uri()


def read_input(page: Page) -> Array:
    values = page.evaluate(
        """([height, width]) => {
            const context = new OffscreenCanvas(width, height).getContext("2d");
            context.drawImage(document.getElementById("input"), 0, 0);
            return [...context.getImageData(0, 0, width, height).data];
        }""",
        SHAPE[1:],
    )
    return np.array(values, np.uint8).reshape(*SHAPE[1:], 4)[..., :3].transpose(2, 0, 1)


@pytest.mark.slow
def test_files_are_prepared_as_python_prepares_them(browser: Browser, exported: str, leaves_run: Path) -> None:
    model = RunDir(leaves_run).load_model()
    for page in open_page(browser, exported):
        for name, content in make_files().items():
            page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})
            page.get_by_text(name, exact=True).wait_for()
            wanted = read_picture(content, Frame(SHAPE[1], SHAPE[2], SHAPE[0]), "pad")
            await_answer(page, model.spec.data.class_names[model.predict(wanted).argmax()])
            page.wait_for_timeout(300)
            differences = np.abs(read_input(page).astype(int) - wanted)
            assert differences.mean() <= MEAN, name
            assert differences.max() <= LARGEST, name


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_what_the_page_of_pictures_shows(browser: Browser, exported: str, width: int, scheme: str) -> None:
    is_phone = width < 500
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    for page in open_page(browser, exported, **options, has_touch=is_phone, is_mobile=is_phone):
        assert page.locator("h1").inner_text() == "leaves"
        assert page.locator("#camera").is_visible() == is_phone
        assert "test images of leaves" in page.locator("#facts").inner_text()
        examples = page.locator("#examples button")
        assert examples.count() == len(TONES)
        for number, name in enumerate(TONES):
            examples.nth(number).click()
            await_answer(page, name)
            assert page.locator("#source").inner_text().endswith(f"labelled {name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
