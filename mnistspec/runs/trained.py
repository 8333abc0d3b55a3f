"""A trained network, with all that is needed to use it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mnistspec.data.dataset import load_dataset
from mnistspec.data.images import read_images
from mnistspec.errors import CorruptError, MnistspecError, UsageError
from mnistspec.files import hash_text
from mnistspec.network.builder import build_model
from mnistspec.runs.environment import find_data_dir
from mnistspec.runs.models import Weights, parse
from mnistspec.runs.predictions import Predictions
from mnistspec.runs.weights import limit_bytes, load_tensors
from mnistspec.training.evaluation import Evaluation, compute_logits, evaluate
from mnistspec.training.state import check_tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.language.spec import Spec
    from mnistspec.runs.folder import RunDir


@dataclass(frozen=True)
class TrainedModel:
    """The network of a run after an epoch, in eval mode; ``mean`` and ``std`` normalise the channels of its input."""

    network: nn.Sequential
    spec: Spec
    epoch: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def predict(self, images: object) -> Tensor:
        """Return the probabilities (n, classes), on the CPU, for images as the network learned from them.

        Images are uint8 or floats in [0, 1], as an array or a tensor (n, channels, h, w), or one alone, or (n, h, w) of
        grey ones; or a PIL image or the path of an image file, which are prepared; or a list of these. Others are a
        UsageError.
        """
        values = read_images(images, self.spec.data)
        return compute_logits(self.network, values, mean=self.mean, std=self.std).softmax(1).cpu()

    def evaluate(self, data: Dataset, device: torch.device) -> Evaluation:
        """Put the test set through the network, on a device."""
        there = data.to(device)
        return evaluate(self.network.to(device), there.test_images, there.test_labels, mean=self.mean, std=self.std)

    def test(self, data: Dataset, device: torch.device) -> Predictions:
        """Return what the network makes of the test set."""
        return Predictions.of(self.evaluate(data, device), data.test_images, data.class_names)


def load_model(run: RunDir, name: str = "model") -> TrainedModel:
    """Return a run's network; see ``RunDir.load_model``."""
    path = run.path / f"{name}.safetensors"
    if not path.is_file():
        raise UsageError(
            f"{run.path}: no {path.name}: the run has not finished an epoch; continue it with train --resume"
        )
    tensors, content = load_tensors(path, limit_bytes(run.spec.params))
    with torch.device("meta"):
        model = build_model(run.spec)
    try:
        check_tensors(tensors, model.state_dict())
    except ValueError as error:
        raise CorruptError(f"{path}: the weights are of another network than resolved.yaml: {error}") from None
    weights = parse(Weights, content, path)
    if (weights.spec, weights.weights) != (hash_text(run.resolved), name):
        raise CorruptError(f"{path}: the weights are of another run or epoch, or resolved.yaml was changed")
    run.check_file(path.name)
    model.load_state_dict(tensors, assign=True)
    return TrainedModel(model.eval(), run.spec, weights.epoch, tuple(weights.mean), tuple(weights.std))


def load_data(run: RunDir, data_dir: Path | None = None, load: Callable[..., Dataset] = load_dataset) -> Dataset:
    """Return a run's data set: from a folder if given, else from where the run had it if it is the same data still."""
    remembered = find_data_dir(run) if data_dir is None else None
    if remembered is not None:
        with suppress(MnistspecError):  # it is not there any more
            data = load(run.spec.data, data_dir=remembered)
            if run.data_digest in {None, data.digest}:
                return data
    return load(run.spec.data, data_dir=data_dir)


def measure_again(run: RunDir, data: Dataset, device: torch.device) -> Predictions:
    """Return what a run's last weights make of the images that it was measured on; raise UsageError for other data."""
    if run.data_digest != data.digest:
        raise UsageError(
            f"{run.path}: trained on other files of {run.spec.data.display_name} than those that are here; "
            "give theirs with --data-dir"
        )
    return run.load_model().test(data.hold_out(run.spec.train.holdout), device)
