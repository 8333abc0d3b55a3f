"""The exported page in a real browser, from a plain server and from the file: it answers as ``predict`` does.

An image is prepared in JavaScript to the same bytes as in Python.
"""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnistspec.data.dataset import load_dataset
from mnistspec.data.photo.preparation import prepare_picture
from mnistspec.runs.folder import RunDir
from tests.browser import Complaints, needs_browser, open_browser
from tests.command_line import CommandLine, run_main
from tests.data.photo.kinds import KINDS
from tests.data.photo.test_photo import enlarge, lay_on_table, make_transparent, paint, photograph
from tests.needs import need_module
from tests.pages.node_packages import find_package
from tests.pages.strokes import DIGITS, draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, needs_browser]

Array = NDArray[np.uint8]

TITLE = "</script><img src=x onerror=alert(1)> & \"a\" 'b'"
DIGIT_NETWORK = f"""\
title: {json.dumps(TITLE)}
layers: [conv: 8, bn, relu, maxpool, conv: 16, relu, dropout: 0.05, gap, fc: 10]
train: {{epochs: 2, batch_size: 50, optimizer: {{adam: 0.02}}}}
"""
# Other blocks and another data set's names; the images are digits all the same.
CLOTHES_NETWORK = """\
data: fashion-mnist
layers:
  - conv: {out_channels: 8, kernel_size: 5, stride: 2, padding: 2}
  - gelu
  - conv: {out_channels: 8, groups: 8, padding: 1}
  - bn
  - avgpool
  - flatten
  - fc: 20
  - tanh
  - fc: 10
train: {epochs: 1, batch_size: 50, optimizer: {adam: 0.01}}
"""


class _Handler(SimpleHTTPRequestHandler):
    requested: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer, and note what was asked for."""
        self.requested.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, small_mnist: Path) -> Path:
    """A folder with the runs digits/... and clothes/..., and their pages."""
    need_module("onnxscript")
    runtime = find_package("onnxruntime-web")
    folder = tmp_path_factory.mktemp("pages")
    for name, text in (("digits", DIGIT_NETWORK), ("clothes", CLOTHES_NETWORK)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert not run_main("train", folder / f"{name}.yaml", "--data-dir", small_mnist, "--runs", folder)
        page = folder / f"{name}.html"
        assert not run_main(
            "export", find_run(folder, name), "--page", page, "--runtime", runtime, "--data-dir", small_mnist
        )
    return folder


def find_run(folder: Path, name: str) -> Path:
    (run,) = (folder / name).iterdir()
    return run


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """A plain static server of the folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=folder)) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with open_browser() as started:
        yield started


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The page of the digits, ready, from the server; afterwards nothing may have gone wrong on it."""
    yield from open_page(browser, f"{server}digits.html")


def open_page(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    with browser.new_context(**options) as context:
        page, complaints = context.new_page(), Complaints()
        requests: list[str] = []
        complaints.listen(page)
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        page.evaluate("mnistspec")
        yield page
        assert complaints == []
        assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [address]


def classify(page: Page, images: torch.Tensor) -> torch.Tensor:
    """Return what the page's own function makes of images: probabilities."""
    code = """async (text) => {
      const { classify } = await mnistspec;
      return await classify(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    }"""
    return torch.tensor(page.evaluate(code, b64encode(images.numpy().tobytes()).decode()))


def prepare(page: Page, picture: Array) -> Array | None:
    """Return what the page's own function makes of a picture (h, w), (h, w, 3) or (h, w, 4); None for no ink."""
    code = """async ([text, width]) => {
      const { prepare } = await mnistspec;
      const [letters, bytes] = [atob(text), new Uint8ClampedArray((text.length / 4) * 3)];
      for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
      const pixels = bytes.subarray(0, letters.length);
      const prepared = prepare(new ImageData(pixels, width));
      return prepared && Array.from(prepared.pixels);
    }"""
    image = Image.fromarray(picture).convert("RGBA")
    prepared = page.evaluate(code, [b64encode(image.tobytes()).decode(), image.width])
    return None if prepared is None else np.array(prepared, dtype=np.uint8).reshape(28, 28)


def draw_strokes(seed: int) -> Array:
    """Return random strokes in the pad's colours, (280, 280, 3): thin and thick, some across the edge."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (1120, 1120), "white")
    for _ in range(random.integers(1, 8)):
        points = [tuple(random.uniform(-0.05, 1.05, 2) * 1120) for _ in range(random.integers(2, 6))]
        ImageDraw.Draw(image).line(points, fill=(22, 24, 29), width=int(random.uniform(8, 160)), joint="curve")
    return np.asarray(image.resize((280, 280), Image.Resampling.BOX))


def measure_differences(page: Page, pictures: list[Array]) -> list[int]:
    """Return by how many levels the most different pixel of each prepared picture differs from Python's."""
    differences = []
    for picture in pictures:
        prepared = prepare(page, picture)
        assert prepared is not None
        differences.append(int(np.abs(prepared.astype(int) - prepare_picture(picture).values).max()))
    return differences


@pytest.mark.parametrize("name", ["digits", "clothes"])
def test_a_thousand_test_images(browser: Browser, server: str, folder: Path, name: str) -> None:
    images = load_dataset("mnist").test_images[:1000]
    expected = RunDir(find_run(folder, name)).load_model().predict(images)
    for page in open_page(browser, f"{server}{name}.html"):
        found = classify(page, images)
        assert torch.equal(found.argmax(1), expected.argmax(1))
        assert torch.allclose(found, expected, atol=1e-5)
        assert torch.allclose(classify(page, images[:1]), expected[:1], atol=1e-5)  # a batch of any size


def test_grey_pictures_are_prepared_alike(page: Page) -> None:
    digits = load_dataset("mnist").test_images[:].squeeze(1).numpy()
    drawings = [255 - enlarge(digit) for digit in digits[:20]]
    photos = [how(digit) for digit in digits[20:22] for how in (photograph, lay_on_table)]
    strokes = [np.asarray(Image.fromarray(draw_strokes(seed)).convert("L")) for seed in range(15)]
    small = [*digits[:10], enlarge(digits[0], 40), enlarge(digits[1], 99), enlarge(digits[2], 301)]
    assert max(measure_differences(page, [*drawings, *photos, *strokes, *small])) == 0


def test_coloured_pictures_are_prepared_alike(page: Page) -> None:
    digits = load_dataset("mnist").test_images[:].squeeze(1).numpy()
    transparent = [make_transparent(digit, tone) for digit in digits[:3] for tone in (0, 255)]
    pictures = [*map(draw_strokes, range(30)), *map(paint, digits[:6]), *transparent]
    assert max(measure_differences(page, pictures)) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_hard_pictures_are_prepared_alike(page: Page, kind: str) -> None:
    digits = load_dataset("mnist").test_images[:].squeeze(1).numpy()
    pictures = [KINDS[kind](digits[i], np.random.default_rng(i)) for i in range(4)]
    colours = [
        np.asarray(picture.convert("RGBA") if isinstance(picture, Image.Image) else picture) for picture in pictures
    ]
    assert max(measure_differences(page, colours)) == 0


def test_of_several_digits_the_same_one_is_read(page: Page) -> None:
    digits = load_dataset("mnist").test_images[:].squeeze(1).numpy()
    pairs = [255 - np.hstack([enlarge(digits[i], 200), enlarge(digits[i + 1], 200)]) for i in range(6)]
    assert max(measure_differences(page, pairs)) == 0


def test_without_ink_there_is_nothing_to_prepare(page: Page) -> None:
    for level in (0, 128, 255):
        assert prepare(page, np.full((50, 60), level, dtype=np.uint8)) is None
    assert prepare(page, np.zeros((30, 30, 4), dtype=np.uint8)) is None


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_drawings_are_read_as_predict_reads_them(
    browser: Browser, server: str, folder: Path, mnistspec: CommandLine, tmp_path: Path, scheme: str
) -> None:
    address = f"{server}digits.html" if scheme == "http" else (folder / "digits.html").as_uri()
    for page in open_page(browser, address):
        for digit in "107":
            draw(page, DIGITS[digit])
            path = tmp_path / f"{digit}.png"
            path.write_bytes(b64decode(page.evaluate("document.getElementById('pad').toDataURL()").split(",")[1]))
            answer = json.loads(mnistspec("predict", find_run(folder, "digits"), path, "--json").out)["predictions"][0]
            await_answer(page, answer["prediction"])
            await_text(page, ".best .bar-share", format_share(answer["probability"]))
            page.get_by_role("button", name="Clear").click()
            await_answer(page, NOTHING)


NOTHING = "\u2013"


def await_answer(page: Page, name: str) -> None:
    await_text(page, ".answer-name", name)


def await_text(page: Page, place: str, text: str) -> None:
    """Wait until an element has a text, and no other."""
    from playwright.sync_api import expect  # noqa: PLC0415 - a skipped test needs no playwright

    expect(page.locator(place)).to_have_text(text)


def format_share(share: float) -> str:
    """Return a share as the bars do."""
    text = f"{100 * share:.1f}"
    return ">99.9 %" if text == "100.0" and share < 1 else "<0.1 %" if text == "0.0" else f"{text} %"


def test_what_the_page_says(page: Page, browser: Browser, server: str, folder: Path) -> None:
    assert (page.locator("h1").inner_text(), page.title()) == ("Draw a digit", TITLE)
    assert page.locator("img").count() == 0
    result = RunDir(find_run(folder, "digits")).figures
    assert page.locator("#facts").inner_text() == (
        f"{TITLE}, 1,434 parameters, {result.accuracy:.2f} % right on the 200 test images of mnist"
    )
    details = page.locator("#details").inner_text()
    assert f"digits/{find_run(folder, 'digits').name}" in details
    assert "last epoch, 2" in details
    for clothes in open_page(browser, f"{server}clothes.html"):
        assert clothes.locator(".bar-name").all_inner_texts()[-1] == "ankle boot"
        assert (clothes.locator("h1").inner_text(), clothes.title()) == ("Draw a piece of clothing", "clothes")
        assert clothes.locator("#facts").inner_text().startswith("clothes, ")


def test_by_keyboard(page: Page) -> None:
    images = load_dataset("mnist").test_images
    expected = classify(page, images[3:4]).argmax().item()  # the first 0
    example = page.get_by_role("button", name="Test image 3, labelled 0")
    for _ in range(20):
        page.keyboard.press("Tab")
        if example.evaluate("(element) => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    await_answer(page, str(expected))
    pixels = page.evaluate(
        "Array.from(document.getElementById('input').getContext('2d').getImageData(0, 0, 28, 28).data)"
    )
    assert pixels[::4] == images[3].flatten().tolist()  # as it is
    page.keyboard.press("Control+z")
    await_answer(page, NOTHING)
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_images_from_files(page: Page, folder: Path, tmp_path: Path) -> None:
    model = RunDir(find_run(folder, "digits")).load_model()
    digit = load_dataset("mnist").test_images[0][0].numpy()
    for picture in (photograph(digit), paint(digit), np.kron(photograph(digit), np.ones((2, 2), dtype=np.uint8))):
        Image.fromarray(picture).save(tmp_path / "photo.png")
        page.locator("#file").set_input_files(tmp_path / "photo.png")
        expected = str(model.predict(prepare_picture(picture).pixels[None]).argmax().item())
        await_answer(page, expected)
        assert page.locator("#source").inner_text() == "photo.png"
        page.get_by_role("button", name="Clear").click()
        await_answer(page, NOTHING)
    (tmp_path / "broken.png").write_bytes(b"no image")
    page.locator("#file").set_input_files(tmp_path / "broken.png")
    page.get_by_text("broken.png is not an image that this browser can read.").wait_for()
    Image.new("L", (40, 40), 200).save(tmp_path / "blank.png")
    page.locator("#file").set_input_files(tmp_path / "blank.png")
    page.get_by_text("No ink found").wait_for()


def test_nothing_can_be_sent_or_loaded(browser: Browser, server: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server}digits.html")
        page.evaluate("mnistspec")
        _Handler.requested.clear()
        assert page.evaluate("fetch('/a').then(() => 'sent', () => 'stopped')") == "stopped"
        for tag, text in (("img", "src: '/b'"), ("script", "src: '/c'"), ("script", "textContent: 'x = 1'")):
            page.evaluate(f"void document.body.append(Object.assign(document.createElement('{tag}'), {{{text}}}))")
        page.wait_for_timeout(300)
        assert page.evaluate("typeof x") == "undefined"
        assert _Handler.requested == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (1280, "dark")])
def test_fits_phones_and_screens(browser: Browser, server: str, width: int, scheme: str) -> None:
    for page in open_page(
        browser, f"{server}clothes.html", viewport={"width": width, "height": 800}, color_scheme=scheme
    ):
        draw(page, DIGITS["0"])
        page.locator(".best .bar-share").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        pad, answer = (page.locator(place).bounding_box() for place in ("#pad", ".answer"))
        assert pad is not None
        assert answer is not None
        is_beside = answer["x"] > pad["x"] + pad["width"]
        assert is_beside == (width > 1000)
        assert answer["y"] + answer["height"] < 800  # seen while one draws, without scrolling
