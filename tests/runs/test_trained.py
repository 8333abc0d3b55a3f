"""``TrainedModel.predict``: the same answer for the same image in every form, and a sentence for what is no image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistspec import build_model, load_dataset, load_spec
from mnistspec.data.photo.preparation import prepare_image
from mnistspec.errors import UsageError
from mnistspec.runs.trained import TrainedModel
from mnistspec.training.evaluation import normalize
from tests.places import SPECS


def make_model() -> TrainedModel:
    spec = load_spec(SPECS / "step1.yaml")
    torch.manual_seed(1)
    return TrainedModel(build_model(spec).eval(), spec, epoch=1, mean=(0.13,), std=(0.31,))


MODEL = make_model()
IMAGES = load_dataset("mnist").test_images[:3]


def expected(images: torch.Tensor = IMAGES) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = MODEL.network(normalize(images, MODEL.mean, MODEL.std))
        return logits.softmax(1)


@pytest.mark.parametrize("bytes_", [True, False])
@pytest.mark.parametrize("container", ["tensor", "array", "list of tensors", "tuple of arrays", "big-endian", "half"])
@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 1, 28, 28)])
def test_the_same_images_in_every_form(shape: tuple[int, ...], container: str, bytes_: bool) -> None:
    images = (IMAGES if bytes_ else IMAGES / 255).view(shape)
    forms: dict[str, Any] = {
        "tensor": images,
        "array": images.numpy(),
        "list of tensors": list(images.view(3, 28, 28)),
        "tuple of arrays": tuple(images.numpy()[:, None].reshape(3, 1, 1, 28, 28)),
        "big-endian": images.numpy().astype(images.numpy().dtype.newbyteorder(">"))[::-1][::-1],
        "half": images if bytes_ else images.half(),
    }
    given_ = forms[container]
    found = MODEL.predict(given_)
    assert found.shape == (3, 10)
    torch.testing.assert_close(found, expected(), atol=1e-3 if container == "half" else 1e-5, rtol=0)
    assert torch.equal(IMAGES, load_dataset("mnist").test_images[:3]), "what is given stays as it is"


def test_one_image_is_a_batch_of_one() -> None:
    for image in (IMAGES[0], IMAGES[0].numpy(), IMAGES[:1], [IMAGES[0]], IMAGES[0].double() / 255):
        torch.testing.assert_close(MODEL.predict(image), expected(IMAGES[:1]), atol=1e-5, rtol=0)


def test_floats_that_require_a_gradient_stay_as_they_are() -> None:
    image = (IMAGES / 255).requires_grad_()
    before = image.detach().clone()
    torch.testing.assert_close(MODEL.predict(image), expected(), atol=1e-5, rtol=0)
    assert image.equal(before)


def test_batches_change_nothing() -> None:
    many = load_dataset("mnist").test_images[:1100]
    torch.testing.assert_close(MODEL.predict(many), expected(many), atol=1e-5, rtol=0)


def test_pictures_and_files_are_prepared_as_the_command_does(tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    Image.fromarray(255 - IMAGES[0, 0].numpy()).resize((90, 90)).save(path)
    wanted = expected(prepare_image(path).pixels[None])
    with Image.open(path) as picture:
        for form in (path, str(path), [path], picture):
            torch.testing.assert_close(MODEL.predict(form), wanted, atol=1e-5, rtol=0)
        mixed = MODEL.predict([str(path), picture, IMAGES[1], IMAGES[2].numpy() / 255])
    torch.testing.assert_close(mixed, torch.cat([wanted, wanted, expected()[1:]]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES / 255 * 1.01, "values in [0, 1], but these are from 0 to 1.01"),
        (IMAGES.float(), "divide them by 255, or give uint8"),
        (-(IMAGES / 255), "values in [0, 1]"),
        (torch.full((28, 28), torch.nan), "values in [0, 1]"),
        (torch.full((28, 28), torch.inf), "values in [0, 1]"),
        (IMAGES > 99, "not bool"),
        (IMAGES.long(), "not int64"),
        (IMAGES.numpy().astype(np.uint16), "not uint16"),
        (IMAGES.to(torch.complex64), "not complex64"),
        (IMAGES.numpy().astype(object), "an array of object"),
        (np.array(["a"]), "an array of <U1"),
        (IMAGES.numpy().astype(np.longdouble), "an array of"),
        (IMAGES[0, 0, 0], "images of 28x28, alone or n of them, not 28"),
        (IMAGES[:, :, :27], "not 3x1x27x28"),
        (IMAGES.view(3, 1, 1, 28, 28), "not 3x1x1x28x28"),
        (IMAGES.view(1, 3, 28, 28).expand(2, 3, 28, 28), "not 3 channels"),
        (torch.tensor(3), "not a single number"),
        (torch.zeros(0, 28, 28), "there is no image"),
        (torch.zeros(0, 1, 28, 28, dtype=torch.uint8), "there is no image"),
        ([], "the list of images is empty"),
        ([IMAGES[0], None], "cannot take NoneType for an image"),
        ([[0.5] * 28] * 28, "cannot take list for an image"),
        (b"seven", "cannot take bytes for an image"),
        (IMAGES.to_sparse(), "a sparse, quantized or meta tensor"),
        (torch.zeros(28, 28, device="meta"), "a sparse, quantized or meta tensor"),
        ("nowhere.png", "nowhere.png: no such file"),
        (Path(), "a folder, not an image"),
        ("a" * 5000, "File name too long"),
    ],
)
def test_what_is_no_image_is_one_sentence(images: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        MODEL.predict(images)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=20), st.just(object())),
    st.booleans(),
)
@settings(deadline=None)
def test_anything_else_is_one_sentence(value: object, listed: bool) -> None:
    with pytest.raises(UsageError):
        MODEL.predict([value] if listed else value)


@given(
    st.lists(st.sampled_from([0, 1, 2, 3, 27, 28]), max_size=5),
    st.sampled_from([torch.uint8, torch.float32, torch.bool]),
)
@settings(deadline=None)
def test_every_shape_is_an_answer_or_a_sentence(shape: list[int], dtype: torch.dtype) -> None:
    if shape[-2:] == [28, 28] and shape[:-2] in ([], [1], [2], [3], [1, 1], [2, 1]) and dtype != torch.bool:
        assert MODEL.predict(torch.zeros(shape, dtype=dtype)).shape == ([*shape[:-2], 1][0], 10)
    elif shape[-2:] != [28, 28] or dtype == torch.bool:
        with pytest.raises(UsageError):
            MODEL.predict(torch.zeros(shape, dtype=dtype))
