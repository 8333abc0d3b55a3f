"""Fuzzing of pictures: files of every format that Pillow writes, mutated; only our own error may come out, and soon.

Run it from the repository's root for ten minutes, or with another seed:

    python -m tests.fuzz.fuzz_pictures --seconds 600 --seed 1
"""

from __future__ import annotations

import io
import time
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from PIL import Image

from mnistspec.data.photo.preparation import prepare_bytes
from mnistspec.errors import UsageError
from tests.data.photo.test_photo import DIGITS, enlarge, photograph
from tests.fuzz.loop import main, repeat

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS")
_MODES = ("L", "RGB", "RGBA", "P", "1", "LA", "CMYK", "I;16", "F")
_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"progressive": True},
    {"compression": "tiff_lzw"},
    {"compression": "packbits"},
    {"lossless": True},
)
_WORDS = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xda",
    b"#",
    b" 99999 ",
)
_SECONDS = 10.0  # for one file, on a busy machine


def make_seeds() -> list[bytes]:
    """Return files of all formats, modes and compressions that Pillow can write."""
    seeds = []
    for picture in (Image.fromarray(255 - enlarge(DIGITS[0], 60)), Image.fromarray(photograph(DIGITS[1]))):
        for mode in _MODES:
            image = Image.fromarray(np.asarray(picture, np.uint16) * 200) if mode == "I;16" else picture.convert(mode)
            for kind in _FORMATS:
                for options in _OPTIONS:
                    buffer = io.BytesIO()
                    try:
                        image.save(buffer, kind, **options)
                    except (OSError, ValueError, KeyError):  # a mode or option that the format lacks
                        continue
                    if buffer.getvalue() not in seeds:
                        seeds.append(buffer.getvalue())
    return seeds


def mutate(content: bytes, random: Generator) -> bytes:
    """Change, repeat, drop or insert some bytes, most of them near the beginning, where headers are."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 9)):
        place = int(len(changed) * random.random() ** random.integers(1, 6))
        length = int(random.integers(1, 1 + min(64, max(1, len(changed) - place))))
        match random.integers(6):
            case 0:
                changed[place : place + 1] = random.bytes(1)
            case 1:
                word = _WORDS[random.integers(len(_WORDS))]
                changed[place : place + len(word)] = word
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = changed[place : place + length] * int(random.integers(1, 50))
            case 4:
                changed[place:place] = random.bytes(length)
            case 5 if random.random() < 0.2:
                del changed[place:]
    return bytes(changed)


def try_once(seeds: list[bytes], seed: str) -> None:
    """Prepare a mutated file; raise what is no UsageError, or AssertionError."""
    random = np.random.default_rng(list(seed.encode()))
    content = mutate(seeds[random.integers(len(seeds))], random)
    start = time.process_time()
    try:
        values = prepare_bytes(content).values
    except UsageError as error:
        message = str(error)
        assert message, "an error without a sentence"
        assert "\n" not in message, message
    except BaseException as error:
        error.add_note(f"{len(content)} bytes: {content[:80]!r}")
        raise
    else:
        assert values.shape == (28, 28), values.shape
        assert values.max() > 0, "a digit without ink"
    assert time.process_time() - start < _SECONDS, "it takes too long"


def fuzz(seconds: float, seed: int) -> int:
    """Prepare mutated files for some seconds; return their number."""
    return repeat(partial(try_once, make_seeds()), seconds, seed)


if __name__ == "__main__":
    main(fuzz, __doc__)
