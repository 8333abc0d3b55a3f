"""The card of an exported network: what a stranger has to know to use it, inside the file itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnistspec.runs.folder import RunDir


def make_card(run: RunDir, weights: str, *, normalized: bool) -> dict[str, Any]:
    """Return what goes into the file's metadata; ``weights`` is model or best, as in ``RunDir.load_model``."""
    metadata = run.weights("best" if weights == "best" else "model")
    spec = run.spec
    shape = ", ".join(map(str, spec.data.input_shape))
    pixels = "pixels in [0, 1]" + (", light ink on black" if spec.data.subject else "")
    return {
        "name": spec.name,
        "title": spec.title,
        "parameters": spec.params,
        "weights": f"best epoch on the {metadata.measured_on.images}" if weights == "best" else "last epoch",
        "epoch": metadata.epoch,
        metadata.measured_on.key("accuracy"): metadata.accuracy,
        "data": spec.data.word,
        "data_sha256": metadata.data_digest,
        "spec_sha256": metadata.spec,
        "classes": list(spec.data.class_names),
        "input": f"float32 (n, {shape}), {pixels}" + ("" if normalized else ", then (pixel - mean) / std"),
        "output": f"logits (n, {len(spec.data.class_names)})",
        **metadata.model_dump(include={"mean", "std"}),
        "mnistspec": version("mnistspec"),
    }
