"""The demo's process for pictures: it answers as `predict` does, is given up when it takes long, and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from mnistspec.data.photo.preparation import prepare_bytes
from mnistspec.errors import UsageError
from mnistspec.language.vocabulary.datasets import MNIST
from mnistspec.pages import decoder as module
from mnistspec.pages.decoder import Decoder
from tests.data.photo.test_limits import write
from tests.data.photo.test_photo import DIGITS, enlarge, photograph


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    """A process that is ended afterwards."""
    decoder = Decoder(MNIST())
    yield decoder
    decoder.stop()


PICTURE = write(Image.fromarray(enlarge(DIGITS[0])), "PNG")


def test_it_answers_as_the_function_does(decoder: Decoder) -> None:
    for content in (PICTURE, write(Image.fromarray(photograph(DIGITS[1])), "JPEG")):
        found, wanted = decoder.prepare(content), prepare_bytes(content)
        assert np.array_equal(found.pixels[0], wanted.values)
        assert found.note == wanted.note
    with pytest.raises(UsageError, match="not an image that can be read"):
        decoder.prepare(b"no image")
    decoder.prepare(PICTURE)


def test_a_picture_that_takes_long_is_given_up(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder.prepare(PICTURE)
    assert decoder._process
    assert decoder._process.pid
    first = decoder._process.pid
    os.kill(first, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_SECONDS", 0.2)
        with pytest.raises(UsageError, match=r"longer than 0.2 seconds"):
            decoder.prepare(PICTURE)
    decoder.prepare(PICTURE)
    assert decoder._process.pid != first


def test_a_process_that_ends_is_started_anew(decoder: Decoder) -> None:
    decoder.prepare(PICTURE)
    assert decoder._process
    decoder._process.kill()
    decoder._process.join()
    with pytest.raises(UsageError, match="ended the process"):
        decoder.prepare(PICTURE)
    decoder.prepare(PICTURE)
