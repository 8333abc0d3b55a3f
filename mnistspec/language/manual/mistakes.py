"""An example of each kind of error: a spec that has it, and the same without it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mnistspec.language.loader import load_document
from mnistspec.language.yaml.diagnostics import InvalidSpecError

_END = "\n  - gap\n  - fc: 10\n"
_NET = f"layers:\n  - conv: 8{_END}"
_NAME = "mine.yaml"


@dataclass(frozen=True)
class Mistake:
    """A wrong spec and the right one."""

    wrong: str
    right: str


MISTAKES = {
    "E101": Mistake(f"layers: {'[' * 25}conv: 10, gap{']' * 25}\n", "layers: [conv: 10, gap]\n"),
    "E102": Mistake(f"title: Ring\a\n{_NET}", f"title: Ring\n{_NET}"),
    "E103": Mistake(f"title: Mine: a first try\n{_NET}", f'title: "Mine: a first try"\n{_NET}'),
    "E104": Mistake(f"{_NET}---\ntitle: Another\n", _NET),
    "E105": Mistake(
        f"layers:\n  - conv: &width 8\n  - conv: *width{_END}", f"defaults: {{conv: {{out_channels: 8}}}}\n"
        f"layers:\n  - conv\n  - conv{_END}"
    ),
    "E106": Mistake(f"{_NET}train:\n  epochs: 5\n  epochs: 15\n", f"{_NET}train:\n  epochs: 15\n"),
    "E107": Mistake(f"layers:\n  - conv: 010{_END}", f"layers:\n  - conv: 10{_END}"),
    "E201": Mistake(
        f"layers:\n  - conv: {{out_channels: 8, kernal_size: 5}}{_END}",
        f"layers:\n  - conv: {{out_channels: 8, kernel_size: 5}}{_END}",
    ),
    "E202": Mistake(f"layers:\n  - conv{_END}", _NET),
    "E203": Mistake(
        f"{_NET}train:\n  optimizer: {{sgd: {{momentum: 0.9, nesterov: yes}}}}\n",
        f"{_NET}train:\n  optimizer: {{sgd: {{momentum: 0.9, nesterov: true}}}}\n",
    ),
    "E204": Mistake(f"layers:\n  - conb: 8{_END}", _NET),
    "E205": Mistake(
        f"{_NET}train:\n  optimizer: {{sgd: {{nesterov: true}}}}\n",
        f"{_NET}train:\n  optimizer: {{sgd: {{momentum: 0.9, nesterov: true}}}}\n",
    ),
    "E206": Mistake(f"layers:\n  - conv: 8\n    relu:{_END}", f"layers:\n  - conv: 8\n  - relu{_END}"),
    "E207": Mistake(
        f"blocks:\n  unit: {{parameters: {{width: }}, layers: [conv: $wide, bn]}}\nlayers:\n  - unit: 8{_END}",
        f"blocks:\n  unit: {{parameters: {{width: }}, layers: [conv: $width, bn]}}\nlayers:\n  - unit: 8{_END}",
    ),
    "E208": Mistake(f"defaults: {{dropout: {{p: 0.05}}}}\n{_NET}", _NET),
    "E209": Mistake("extends: nowhere.yaml\ntrain: {epochs: 3}\n", f"{_NET}train: {{epochs: 3}}\n"),
    "E301": Mistake(
        f"layers:\n  - conv: {{out_channels: 8, kernel_size: 28}}\n  - maxpool{_END}",
        f"layers:\n  - conv: {{out_channels: 8, kernel_size: 28}}{_END}",
    ),
    "E302": Mistake("layers:\n  - conv: 8\n  - gap\n", _NET),
    "E303": Mistake(
        "layers:\n  - conv: 8\n  - gap\n  - bn\n  - fc: 10\ntrain: {batch_size: 59999}\n",
        "layers:\n  - conv: 8\n  - gap\n  - bn\n  - fc: 10\ntrain: {batch_size: 60000}\n",
    ),
    "E304": Mistake(
        "layers:\n  - flatten\n  - fc: 65536\n  - fc: 10\n", "layers:\n  - flatten\n  - fc: 1024\n  - fc: 10\n"
    ),
    "E401": Mistake(f"{_NET}targets: {{max_params: 100}}\n", f"{_NET}targets: {{max_params: 200}}\n"),
}  # fmt: skip


def answer(text: str) -> str:
    """Return what validating a spec with this text says about it; nothing if it is right."""
    with TemporaryDirectory() as folder:
        path = Path(folder, _NAME)
        path.write_text(text, encoding="utf-8")
        try:
            load_document(path, strict_targets=True)
        except InvalidSpecError as error:
            return str(error).replace(f"{folder}{os.sep}", "").replace(folder, ".")
    return ""
