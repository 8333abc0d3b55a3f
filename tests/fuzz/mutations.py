"""Changes of the files of a run folder, for fuzz_folders: of their bytes, or of their values with fitting digests."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mnistspec.runs.documents import seal
from mnistspec.runs.predictions import _ARRAYS, _digest
from mnistspec.runs.weights import limit_bytes, load_tensors, save_tensors

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**9, 10**400, 0.5, -1.5, 1e308, float("nan"), float("inf"), "", "x", "test", "holdout",
    "9" * 5000, "\x1b[2J\u202e", "\ud800", "\0", "../../x", "done", "not finite", [], {}, [[]], {"a": 1}, [None] * 50,
)  # fmt: skip
CELLS = ("", "nan", "inf", "-1", "1e999", "x", '"', "9" * 400, "1\n2", "\ud800", "0x10", "1_0", "\u0661", ",")
LINES = (
    "&a [*a]", "? x", "layers: []", "train: {epochs: 0}", "x: \ud800", "\t", "- ", "name: ../x", "!!python/name:os.x ",
    "extends: spec.yaml", "data: none", "train: {holdout: 8}", "\u2028", "layers: [{conv: 999999999}]",
)  # fmt: skip


def mutate(path: Path, chance: random.Random) -> None:
    """Change a file: half of the time its bytes, else its values, with every SHA-256 inside made to fit."""
    change = CHANGES.get(path.suffix)
    if change is None or chance.random() < 0.4:
        path.write_bytes(mutate_bytes(path.read_bytes(), chance))
    else:
        change(path, chance)


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Change, drop, repeat or insert some bytes."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place, length = int(len(changed) * chance.random() ** chance.randint(1, 4)), chance.randint(1, 40)
        match chance.randrange(5):
            case 0:
                changed[place : place + 1] = chance.randbytes(1)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = changed[place : place + length] * chance.randint(1, 30)
            case 3:
                changed[place:place] = chance.choice(
                    (b"\0", b"\xff\xfe", b"[" * 2000, b"\xed\xa0\x80", b"\r", b"9" * 99)
                )
            case 4 if chance.random() < 0.2:
                del changed[place:]
    return bytes(changed)


def mutate_data(data: Any, chance: random.Random) -> Any:
    """Return JSON data with one of its values changed, removed, or put where another was."""
    copy = json.loads(json.dumps(data))
    place, key = copy, chance.choice(list(copy))
    while isinstance(place[key], dict | list) and place[key] and chance.random() < 0.7:
        place = place[key]
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match chance.randrange(5):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[chance.choice(("x", "\ud800", "test_accuracy", "holdout_accuracy", "format"))] = place.pop(key)
        case 2:
            place[key] = copy[chance.choice(list(copy))] if copy else None
        case _:
            place[key] = chance.choice(VALUES)
    return copy


def _change_json(path: Path, chance: random.Random) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("sha256", None)
    path.write_text(json.dumps(seal(mutate_data(content, chance))), encoding="utf-8")


def _change_lines(path: Path, chance: random.Random) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    where = chance.randrange(len(lines))
    if path.suffix == ".csv" and chance.random() < 0.7:
        cells = lines[where].split(",")
        cells[chance.randrange(len(cells))] = chance.choice(CELLS)
        lines[where] = ",".join(cells)
    elif chance.random() < 0.5:
        lines[where] = chance.choice(lines)
    else:
        lines.insert(where, chance.choice(LINES))
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")


def _change_tensors(path: Path, chance: random.Random) -> None:
    tensors, metadata = load_tensors(path, limit_bytes(10**6))
    metadata.pop("sha256", None)
    if chance.random() < 0.6:
        metadata = mutate_data(metadata, chance)
    else:
        name = chance.choice(list(tensors))
        tensors[name] = chance.choice((
            torch.zeros(()), torch.full_like(tensors[name].float(), float("nan")), torch.zeros(0), torch.ones(3, 3),
            tensors[name].double(), tensors[chance.choice(list(tensors))].clone(),
        ))  # fmt: skip
    save_tensors(path, tensors, metadata)


def _change_arrays(path: Path, chance: random.Random) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    metadata = json.loads(arrays.pop("metadata").tobytes())
    metadata.pop("sha256")
    if chance.random() < 0.4:
        metadata = mutate_data(metadata, chance)
    else:
        name = chance.choice(_ARRAYS)
        array = arrays[name]
        arrays[name] = chance.choice((
            array[:0], array[:-1], array.astype(np.float64), array.astype(np.int64) - 1, np.full_like(array, 255),
            array[..., None], np.zeros((), array.dtype), array.astype(">u4"),
        ))  # fmt: skip
    text = json.dumps(seal(metadata, _digest(arrays)))
    np.savez(path, metadata=np.frombuffer(text.encode(), np.uint8), **arrays)


CHANGES: dict[str, Callable[[Path, random.Random], None]] = {
    ".json": _change_json,
    ".csv": _change_lines,
    ".yaml": _change_lines,
    ".safetensors": _change_tensors,
    ".npz": _change_arrays,
}
