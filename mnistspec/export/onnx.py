"""A trained network as ONNX, checked on the whole test set."""

from __future__ import annotations

import json
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mnistspec.errors import MnistspecError
from mnistspec.files import write_atomically
from mnistspec.training.evaluation import by_channel, fit_batch, normalize
from mnistspec.training.footprint import measure_footprint
from mnistspec.training.memory import allocating

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.runs.trained import TrainedModel

INPUT, OUTPUT = "images", "logits"
_PACKAGES = ("onnx", "onnxruntime", "onnxscript")
# Images at a time, where they fit; neither the exporter's own batch nor the last one of the test set has that size.
_BATCH = 617


@dataclass(frozen=True)
class OnnxCheck:
    """What onnxruntime makes of the test set with the file, held against the model.

    ``largest_difference`` is that of any logit, ``accuracy`` the file's in percent.
    """

    images: int
    differing_predictions: int
    largest_difference: float
    accuracy: float


def export_onnx(path: Path, model: TrainedModel, card: dict[str, Any], data: Dataset, *, normalized: bool) -> OnnxCheck:
    """Write the network as ONNX with a batch of any size, checked as in ``make_onnx``."""
    content, check = make_onnx(path, model, card, data, normalized=normalized)
    write_atomically(path, content)
    return check


def make_onnx(
    path: Path, model: TrainedModel, card: dict[str, Any], data: Dataset, *, normalized: bool
) -> tuple[bytes, OnnxCheck]:
    """Return the network as ONNX for a file at ``path``, once onnxruntime agrees with it on the whole test set.

    With ``normalized`` it takes pixels in [0, 1] and normalises them itself. Raises MnistspecError where the packages
    are missing or a prediction differs.
    """
    require_packages()
    with allocating("the export to ONNX", "free memory, or train a smaller network"):
        content = _compile(model, card, normalized=normalized)
        check = _check(content, model, data, normalized=normalized)
    if check.differing_predictions:
        raise MnistspecError(
            f"{path}: not written: with onnxruntime {check.differing_predictions:,} of {check.images:,} predictions "
            f"differ, logits by up to {check.largest_difference:.2g}"
        )
    return content, check


def require_packages() -> None:
    """Raise MnistspecError where a package that ONNX needs is missing."""
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise MnistspecError(f"ONNX needs {' and '.join(missing)}: pip install 'mnistspec[onnx]'")


class _Normalization(nn.Module):
    """What the data of a run goes through before its network: (pixel - mean) / std."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        device = torch.device("cpu")
        self.mean, self.std = by_channel(mean, device), by_channel(std, device)

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - self.mean) / self.std


def _compile(model: TrainedModel, card: dict[str, Any], *, normalized: bool) -> bytes:
    """Return the ONNX file with the card in its metadata: the same bytes for the same run and versions."""
    network: nn.Module = model.network
    if normalized:
        steps = OrderedDict(normalization=_Normalization(model.mean, model.std), network=network)
        network = nn.Sequential(steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own packages, about one another
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, *model.spec.data.input_shape),),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    assert program is not None  # noqa: S101 - for the type checker: it is None for the old exporter only
    proto = program.model_proto
    for node in proto.graph.node:
        del node.metadata_props[:]  # the exporter's notes hold paths of this machine
    for key, value in card.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, value if isinstance(value, str) else json.dumps(value)
    return bytes(proto.SerializeToString(deterministic=True))


def _check(content: bytes, model: TrainedModel, data: Dataset, *, normalized: bool) -> OnnxCheck:
    import onnxruntime  # noqa: PLC0415 - an extra, needed here only

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    differing, largest, right = 0, 0.0, 0
    footprint = measure_footprint(model.network, torch.zeros(1, *model.spec.data.input_shape))
    size = fit_batch(footprint, torch.device("cpu"), _BATCH)
    batches = data.test_images.split(size), torch.split(data.test_labels, size)
    for images, labels in zip(*batches, strict=True):
        inputs = normalize(images, model.mean, model.std)
        with torch.inference_mode():
            expected = model.network(inputs)
        pixels = images.to(torch.float32) / 255 if normalized else inputs
        logits = torch.from_numpy(session.run([OUTPUT], {INPUT: pixels.numpy()})[0])
        differing += int((logits.argmax(1) != expected.argmax(1)).sum())
        right += int((logits.argmax(1) == labels).sum())
        largest = max(largest, float((logits - expected).abs().max()))
    return OnnxCheck(len(data.test_labels), differing, largest, 100 * right / len(data.test_labels))
