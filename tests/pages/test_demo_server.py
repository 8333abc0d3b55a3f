"""The demo's answers: those of `predict`, or a sentence; whatever comes, it goes on."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.needs import need_module

need_module("uvicorn")
from mnistspec.data.dataset import Dataset, load_dataset
from mnistspec.data.photo.preparation import prepare_image
from mnistspec.language.vocabulary.datasets import Data, list_named
from mnistspec.network.inspection import inspect_image
from mnistspec.pages import server
from mnistspec.pages.decoder import Decoder
from mnistspec.pages.guard import HEADERS, check_hosts
from mnistspec.pages.network import DemoNetwork
from mnistspec.pages.server import make_app
from mnistspec.runs.trained import TrainedModel
from mnistspec.training.evaluation import normalize
from tests.command_line import CommandLine
from tests.data.photo.test_photo import DIGITS, WAYS, Array, add_noise, enlarge, write_png_header
from tests.pages.client import Client

if TYPE_CHECKING:
    from starlette.types import Message


@pytest.fixture(scope="module")
def data(six_thousand: Path) -> Dataset:
    """The small data set."""
    return load_dataset("mnist", data_dir=six_thousand)


@pytest.fixture(scope="module")
def client(model: TrainedModel, data: Dataset) -> Client:
    """Someone who asks a demo of one network."""
    app = make_app([DemoNetwork("reader", model, model.test(data, torch.device("cpu")))])
    return Client(app)


def write(picture: Array | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(buffer, kind, **options)
    return buffer.getvalue()


def ask(client: Client, content: bytes, path: str = "/read/image", layer: str = "conv1") -> Any:
    answer = client.post(f"{path}?layer={layer}", content)
    assert answer.status == 200, answer.text
    return answer.content


def values(encoded: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """Return decoded values in their own scale."""
    levels = np.frombuffer(b64decode(encoded["values"]), dtype=np.int8).reshape(shape)
    decoded: Array = levels * (encoded["scale"] / 127)
    return decoded


@pytest.mark.parametrize("way", [*WAYS, "jpg", "gif", "webp", "bmp", "tiff"])
def test_answers_are_those_of_predict(client: Client, model: TrainedModel, tmp_path: Path, way: str) -> None:
    picture = WAYS.get(way, enlarge)(DIGITS[3])
    path = tmp_path / "digit"
    kind = way if way not in WAYS else "TIFF" if way in {"CMYK", "floats"} else "PNG"
    path.write_bytes(write(picture, {"jpg": "JPEG"}.get(kind, kind)))
    answer = ask(client, path.read_bytes())
    image = prepare_image(path).pixels
    assert b64decode(answer["input"]) == image.numpy().tobytes()
    assert answer["runs"][0]["probabilities"] == model.predict(image[None])[0].tolist()


def test_a_prepared_image_goes_in_as_it_is(client: Client, model: TrainedModel, data: Dataset) -> None:
    for image in data.test_images[:5]:
        answer = ask(client, image.numpy().tobytes(), "/read/pixels")
        assert b64decode(answer["input"]) == image.numpy().tobytes()
        assert answer["runs"][0]["probabilities"] == model.predict(image[None])[0].tolist()


def test_what_the_network_sees(client: Client, model: TrainedModel, data: Dataset) -> None:
    image = data.test_images[0]
    for layer in model.spec.trace():
        sight = inspect_image(model.network, layer, normalize(image, model.mean, model.std))
        (answer,) = ask(client, image.numpy().tobytes(), "/read/pixels", layer.name)["runs"]
        maps = answer["maps"]
        assert (answer["layer"], maps["of"]) == (layer.name, len(sight.maps))
        got = torch.tensor(values(maps, tuple(maps["shape"]))).reshape(sight.maps.shape)
        assert (got - sight.maps).abs().max() <= maps["scale"] / 127
        saliency = torch.tensor(values(answer["saliency"], (28, 28)))
        assert (saliency - sight.saliency).abs().max() <= answer["saliency"]["scale"] / 127


def test_what_is_told_about_the_runs(client: Client, model: TrainedModel, data: Dataset) -> None:
    (run,) = client.get("/runs").content["runs"]
    assert (run["name"], run["title"], run["classes"]) == ("reader", "trained in seconds", list("0123456789"))
    assert [layer["name"] for layer in run["layers"]] == [layer.name for layer in model.spec.trace()]
    assert run["default_layer"] == "relu1"
    mistakes = run["mistakes"]
    predictions = model.predict(data.test_images)
    assert mistakes["images"] == 500
    assert mistakes["wrong"] == int(predictions.argmax(1).ne(data.test_labels).sum()) > 0
    confidences = [mistake["confidence"] for mistake in mistakes["shown"]]
    assert confidences == sorted(confidences, reverse=True)
    for mistake in mistakes["shown"]:
        image = data.test_images[mistake["index"]]
        assert b64decode(mistake["pixels"]) == image.numpy().tobytes()
        assert str(int(data.test_labels[mistake["index"]])) == mistake["actual"] != mistake["predicted"]
        probabilities = ask(client, image.numpy().tobytes(), "/read/pixels")["runs"][0]["probabilities"]
        assert str(int(np.argmax(probabilities))) == mistake["predicted"]


def test_the_title_names_the_task(model: TrainedModel) -> None:
    networks = {}
    for word, kind in list_named().items():
        spec = model.spec.model_copy(update={"data": kind()})
        networks[word] = DemoNetwork(word, dataclasses.replace(model, spec=spec))
    tasks = {word: Client(make_app([network])).get("/runs").content["task"] for word, network in networks.items()}
    assert tasks == {
        "mnist": "Draw a digit", "qmnist": "Draw a digit", "kmnist": "Draw a kana",
        "fashion-mnist": "Draw a piece of clothing",
    }  # fmt: skip
    alike = make_app([networks["mnist"], networks["qmnist"]])
    assert Client(alike).get("/runs").content["task"] == "Draw a digit"
    mixed = make_app([networks["mnist"], networks["kmnist"]])
    assert Client(mixed).get("/runs").content["task"] == "Draw, or open a picture"


def test_a_set_that_nobody_draws_is_opened() -> None:
    assert Data.task.fget(Data) == "Open or drop a picture"  # type: ignore[attr-defined]  # a property


def animate() -> bytes:
    frames = [Image.fromarray(enlarge(digit)) for digit in DIGITS[:3]]
    return write(frames[0], "GIF", save_all=True, append_images=frames[1:])


def test_large_and_animated_pictures_get_an_answer(client: Client) -> None:
    photo = Image.fromarray(255 - np.pad(enlarge(DIGITS[0]), 60)).resize((4000, 3000)).convert("RGB")
    for content in (write(photo, "JPEG"), animate()):
        probabilities = ask(client, content)["runs"][0]["probabilities"]
        assert len(probabilities) == 10
        assert abs(sum(probabilities) - 1) < 1e-5


def huge(side: int) -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        write_png_header(folder / "huge.png", side, side)
        return (folder / "huge.png").read_bytes()

    return make


HOSTILE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "nothing": (lambda _: b"", "no picture came"),
    "text": (lambda _: b"hello", "not an image that can be read"),
    "JSON": (lambda _: json.dumps({"image": "x"}).encode(), "not an image that can be read"),
    "SVG": (lambda _: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not an image that can be read"),
    "PostScript": (lambda _: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image that can be read"),
    "random": (lambda _: np.random.default_rng(1).bytes(100_000), "not an image that can be read"),
    "truncated": (lambda _: write(add_noise(enlarge(DIGITS[0]), 20))[:9000], "damaged or cannot be read"),
    "flipped": (lambda _: bytes(255 - b if i % 97 == 50 else b for i, b in enumerate(write(DIGITS[0]))), "damaged"),
    "blank": (lambda _: write(np.full((300, 200), 255, np.uint8)), "no ink found"),
    "black": (lambda _: write(np.zeros((300, 200), np.uint8)), "no ink found"),
    "transparent": (lambda _: write(np.zeros((100, 100, 4), np.uint8)), "no ink found"),
    "one pixel": (lambda _: write(np.zeros((1, 1), np.uint8)), "no ink found"),
    "64 megapixels": (huge(8_000), "more than 50 million pixels"),
    "a bomb": (huge(60_000), "more than 50 million pixels"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_pictures_get_a_sentence(client: Client, tmp_path: Path, what: str) -> None:
    make, words = HOSTILE[what]
    answer = client.post("/read/image?layer=conv1", make(tmp_path))
    assert answer.status == 422
    assert list(answer.content) == ["error"]
    assert words in answer.content["error"]
    assert str(tmp_path) not in answer.text
    ask(client, write(enlarge(DIGITS[0])))


def test_malformed_requests_get_a_sentence(client: Client) -> None:
    picture = write(enlarge(DIGITS[0]))
    cases: list[tuple[str, str, bytes, int, str]] = [
        ("GET", "/read/image?layer=conv1", b"", 405, "Method Not Allowed"),
        ("POST", "/runs", b"", 405, "Method Not Allowed"),
        ("GET", "/no", b"", 404, "Not Found"),
        ("GET", "/static/no.js", b"", 404, "Not Found"),
        ("GET", "/static/..%2fserver.py", b"", 404, "Not Found"),
        ("GET", "/static/%2fetc%2fpasswd", b"", 404, "Not Found"),
        ("POST", "/read/image", picture, 422, "needs a layer for each of the 1 networks"),
        ("POST", "/read/image?layer=conv1&layer=conv1", picture, 422, "needs a layer for each"),
        ("POST", "/read/image?layer=conf1", picture, 422, 'no layer "conf1"; did you mean "conv1"?'),
        ("POST", f"/read/image?layer={'x' * 5000}", picture, 422, "the network has no layer"),
        ("POST", "/read/pixels?layer=conv1", bytes(783), 422, "has 784 bytes, 28 rows of 28, not 783"),
        ("POST", "/read/pixels?layer=conv1", bytes(100_000), 422, "not 100,000"),
    ]
    for method, url, content, status, words in cases:
        answer = client.request(method, url, content, {})
        assert answer.status == status, url
        assert words in answer.content["error"]


def test_too_long_a_picture_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_BODY", 2**20)
    answer = client.post("/read/image?layer=conv1", bytes(2**20 + 1))
    assert (answer.status, answer.content["error"]) == (413, "the picture has more than 1 MB; make it smaller")
    assert client.post("/read/image?layer=conv1", bytes(2**20)).status == 422


def test_a_picture_that_does_not_arrive_is_given_up(model: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_PATIENCE", 0.05)
    client = Client(make_app([DemoNetwork("reader", model)]))
    pieces: list[Message] = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def stall() -> Message:
        await asyncio.sleep(30)
        raise AssertionError

    async def hang_up() -> Message:
        return pieces.pop(0)

    assert client.send("POST", "/read/image?layer=conv1", {}, stall).status == 408
    assert client.send("POST", "/read/image?layer=conv1", {}, hang_up).status == 400


def test_only_the_own_page_may_ask(client: Client) -> None:
    picture = write(enlarge(DIGITS[0]))
    url = "/read/image?layer=conv1"
    for host in ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "192.0.2.1", "[", "[::2]", ""):
        for answer in (client.get("/runs", host=host), client.get("/", host=host)):
            assert answer.status == 403
            assert "its own address" in answer.content["error"]
            assert "--allow-host NAME" in answer.content["error"]
    for host in ("localhost:7860", "127.0.0.1:7860", "[::1]:7860", "LOCALHOST"):
        assert client.get("/runs", host=host).status == 200
    for origin in ("http://evil.example", "null", "http://localhost:9999"):
        answer = client.post(url, picture, origin=origin)
        assert (answer.status, "its own page" in answer.text) == (403, True)
    assert client.post(url, picture, origin="http://localhost").status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "unheard-of"])
def test_no_other_site_makes_the_browser_ask(client: Client, site: str) -> None:
    """A browser says of each request which site caused it, also of those without an Origin, such as images."""
    picture = write(enlarge(DIGITS[0]))
    for mode, destination in (
        ("no-cors", "image"),
        ("cors", "empty"),
        ("navigate", "iframe"),
        ("navigate", "document"),
    ):
        fields = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination}
        for url in ("/runs", "/static/demo.js", "/read/image"):
            assert client.get(url, **fields).status == 403
        assert client.post("/read/image?layer=conv1", picture, **fields).status == 403
        assert client.post("/", b"", **fields).status == 403
        is_link = (mode, destination) == ("navigate", "document")  # opens the page, and does not see it
        assert client.get("/", **fields).status == (200 if is_link else 403)
    for own in ("same-origin", "none"):
        assert client.get("/runs", **{"sec-fetch-site": own}).status == 200


def test_names_that_are_allowed(model: TrainedModel) -> None:
    wide = make_app([DemoNetwork("reader", model)], check_hosts(["MyBox.local", "[fd00::2]"]))
    for host in ("mybox.local", "MYBOX.LOCAL:7860", "[fd00::2]:7860", "localhost"):
        assert Client(wide, host).get("/runs").status == 200
    for host in ("somewhere", "evil.mybox.local", "[fd00::3]", "192.0.2.1"):
        assert Client(wide, host).get("/runs").status == 403
    elsewhere = Client(wide, "192.0.2.1:7860", server="192.0.2.1")  # the address that was asked is no other site's name
    assert elsewhere.get("/runs").status == 200
    assert elsewhere.get("/runs", host="192.0.2.2").status == 403
    answer = elsewhere.post("/read/pixels?layer=conv1", bytes(784), origin="http://mybox.local:7860")
    assert answer.status == 403


@pytest.mark.parametrize("name", ["mybox:7860", "http://mybox", "http://mybox:7860/", "*", "*.local", "a b", "", "["])
def test_names_that_are_no_hosts(mnistspec: CommandLine, run: Path, name: str) -> None:
    outcome = mnistspec("demo", run, "--port", "0", "--allow-host", name)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"--allow-host {name}: not a host's name" in outcome.err


def test_every_answer_says_what_a_browser_may_do(client: Client) -> None:
    for url in ("/", "/runs", "/static/demo.js", "/no", "/read/image"):
        headers = client.get(url).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert client.get("/", host="evil.example").headers["x-content-type-options"] == "nosniff"


def test_scores_that_are_not_finite_are_said(model: TrainedModel) -> None:
    nan = torch.nn.Threshold(9e9, float("nan"))
    broken = TrainedModel(torch.nn.Sequential(*model.network, nan), model.spec, 1, (0.0,), (1.0,))
    answer = Client(make_app([DemoNetwork("broken", broken)])).post("/read/pixels?layer=conv1", bytes(784))
    assert answer.status == 500
    assert answer.content["error"] == "the scores of broken for this image are not finite numbers"


def test_what_nobody_thought_of_is_logged_and_said(
    model: TrainedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_decoder: Decoder, _content: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Decoder, "prepare", fail)
    client = Client(make_app([DemoNetwork("reader", model)]))
    with pytest.raises(ZeroDivisionError):  # passed on to the server, which goes on
        client.post("/read/image?layer=conv1", b"x")
    assert "ZeroDivisionError" in caplog.text
