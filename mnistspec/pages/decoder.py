"""A process of its own that prepares pictures, so that one that takes long can be given up."""

from __future__ import annotations

import multiprocessing
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mnistspec.data.photo.preparation import prepare_bytes
from mnistspec.errors import UsageError
from mnistspec.formats.decoding import read_picture
from mnistspec.formats.headers import Frame
from mnistspec.formats.pictures import quiet
from mnistspec.language.vocabulary.image_sets import OwnData

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    import numpy as np
    import numpy.typing as npt

    from mnistspec.language.vocabulary.datasets import Data

_SECONDS = 3.0  # for one picture; ten times what a photo of 12 megapixels takes
_SECONDS_TO_START = 60.0


class Prepared(NamedTuple):
    """A picture as a network takes it, uint8 (channels, height, width); ``note`` says what else is in it, or ""."""

    pixels: npt.NDArray[np.uint8]
    note: str


class Decoder:
    """Prepares one picture at a time; its process starts with the first one, and anew after one that is given up."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def prepare(self, content: bytes) -> Prepared:
        """Prepare an image file as the data's own, or the digit in it; raise UsageError where that takes too long."""
        pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(content)
            if not pipe.poll(_SECONDS):
                self.stop()
                raise UsageError(
                    f"the picture takes longer than {_SECONDS:g} seconds to decode; save it as PNG or JPEG"
                )
            answer = pipe.recv()
        except (EOFError, OSError):
            self.stop()
            raise UsageError("the picture ended the process that decodes it; save it as PNG or JPEG") from None
        if isinstance(answer, Exception):
            raise answer
        prepared: Prepared = answer
        return prepared

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # a copy of this process would hold its memory and its port
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_answer, args=(end, self._data), daemon=True)
        self._process.start()
        end.close()
        if self._pipe.poll(_SECONDS_TO_START):
            with suppress(EOFError):  # it ended at once: noticed when the picture is sent
                self._pipe.recv()
        return self._pipe


def prepare(content: bytes, data: Data) -> Prepared:
    """Prepare an image file that was read already; raise UsageError where it is none. One at a time."""
    if isinstance(data, OwnData):
        channels, height, width = data.input_shape
        with quiet():
            return Prepared(read_picture(content, Frame(height, width, channels), data.fit), "")
    digit = prepare_bytes(content)
    return Prepared(digit.values[None], digit.note)


def _answer(pipe: Connection, data: Data) -> None:
    """Prepare pictures until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to this process, too; the server ends it
    pipe.send(None)
    with suppress(EOFError):
        while True:
            content = pipe.recv_bytes()
            answer: Prepared | Exception
            try:
                answer = prepare(content, data)
            except Exception as error:  # noqa: BLE001 - passed on to who asked
                answer = error
            pipe.send(answer)
