"""The drawing pad as one HTML file: network, runtime and code inside, nothing to be loaded from anywhere."""

from __future__ import annotations

import gzip
import json
import re
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from mnistspec.export.onnx import make_onnx
from mnistspec.files import write_atomically
from mnistspec.language.vocabulary.image_sets import OwnData
from mnistspec.pages.encoding import encode
from mnistspec.pages.naming import name_page

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset
    from mnistspec.export.onnx import OnnxCheck
    from mnistspec.pages.runtime import Runtime
    from mnistspec.runs.trained import TrainedModel

_STATIC = Path(__file__).with_name("static")
_STYLES = ("pad.css", "offline.css")
# Each after those that it imports from; in one script their top-level names may not collide.
_MODULES = (
    "numbers.js",
    "background.js",
    "masks.js",
    "shapes.js",
    "ink.js",
    "placement.js",
    "preparation.js",
    "resampling.js",
    "picture.js",
    "pad.js",
    "showing.js",
    "bars.js",
    "palette.js",
    "network.js",
    "offline.js",
)
_EXAMPLES = 12  # classes of which the first test image is on the page
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=class|function|async|const)", re.MULTILINE)


def export_page(path: Path, model: TrainedModel, card: dict[str, Any], data: Dataset, runtime: Runtime) -> OnnxCheck:
    """Write the page, once onnxruntime agrees with the network on the whole test set.

    ``card`` describes a network that takes pixels in [0, 1]. Raises MnistspecError as ``make_onnx`` does.
    """
    onnx, check = make_onnx(path, model, card, data, normalized=True)
    write_atomically(path, make_page(onnx, _describe(model, card, data, check, runtime), runtime).encode())
    return check


def make_page(onnx: bytes, card: dict[str, Any], runtime: Runtime) -> str:
    """Return the page for a network; the texts in ``card`` are not trusted."""
    style = "\n".join(_read(name) for name in _STYLES)
    script = "".join(_EXPORT.sub("", _IMPORT.sub("", _read(name))) for name in _MODULES)
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {_hash(style)}; script-src {_hash(script)} blob: 'wasm-unsafe-eval'"
    )
    return Template(_read("offline.html")).substitute(
        policy=policy,
        title=escape(card["title"] or card["name"]),
        task=escape(card["task"]),
        style=style,
        card=json.dumps(card).replace("<", "\\u003c"),
        network=_pack(onnx),
        runtime=_pack(runtime.script),
        binary=_pack(runtime.binary),
        script=script,
    )


def _describe(
    model: TrainedModel, card: dict[str, Any], data: Dataset, check: OnnxCheck, runtime: Runtime
) -> dict[str, Any]:
    """Return what the page shows, with the first test image of each class."""
    labels = data.test_labels.tolist()
    firsts = [labels.index(label) for label in sorted(set(labels))[:_EXAMPLES]]
    examples = [{"index": i, "label": labels[i], "pixels": encode(data.test_images[i])} for i in firsts]
    measured = {"accuracy": check.accuracy, "images": check.images}
    own = model.spec.data
    page = {
        "task": name_page(model.spec),
        "data": own.short_name,
        "shape": list(own.input_shape),
        "fit": own.fit if isinstance(own, OwnData) else None,  # None: pictures of what was drawn
        "examples": examples,
        "measured": measured,
        "runtime": runtime.version,
    }
    return {**card, **page}


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _pack(content: bytes) -> str:
    return encode(gzip.compress(content, mtime=0))  # without the time, so that the same run gives the same page


def _hash(text: str) -> str:
    """Return what lets a browser take this text, and no other, for a style or script of the page."""
    return f"'sha256-{encode(sha256(text.encode()).digest())}'"
