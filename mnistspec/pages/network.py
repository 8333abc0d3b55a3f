"""One trained network as the demo asks it: what it reads in an image, what it sees there, where it errs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from mnistspec.errors import MnistspecError
from mnistspec.language.vocabulary.image_sets import OwnData
from mnistspec.network.inspection import choose_layer, find_layer, inspect_image
from mnistspec.pages.encoding import encode
from mnistspec.training.evaluation import normalize

if TYPE_CHECKING:
    from torch import Tensor

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.runs.predictions import Predictions
    from mnistspec.runs.trained import TrainedModel

_MAPS, _FEATURES = 64, 512  # of a layer that are sent at most
_BYTES = 8 * 2**20  # of mistakes at most: all that are kept, unless the images are large


@dataclass(frozen=True)
class DemoNetwork:
    """A run's network; ``label`` distinguishes it from others, ``tested`` is None without its data set."""

    label: str
    model: TrainedModel
    tested: Predictions | None = None

    @cached_property
    def layers(self) -> tuple[TracedLayer, ...]:
        """The network's layers."""
        return self.model.spec.trace()

    @property
    def preparation(self) -> tuple[object, ...]:
        """What a picture goes through before it is an image for this network; alike for networks that can share it."""
        data = self.model.spec.data
        return data.input_shape, bool(data.subject), data.fit if isinstance(data, OwnData) else None

    def describe(self) -> dict[str, Any]:
        """Return what a page has to know before anything is drawn."""
        spec = self.model.spec
        return {
            "label": self.label,
            "name": spec.name,
            "title": spec.title,
            "data": spec.data.short_name,
            "shape": list(spec.data.input_shape),
            "epoch": self.model.epoch,
            "classes": list(spec.data.class_names),
            "layers": [
                {
                    "name": layer.name,
                    "shape": list(layer.output_shape),
                    "start": layer.start,
                    "jump": layer.jump,
                    "receptive_field": layer.receptive_field,
                }
                for layer in self.layers
            ],
            "default_layer": choose_layer(self.layers).name,
            "mistakes": self.tested and _describe_mistakes(self.tested),
        }

    def read(self, image: Tensor, layer: str) -> dict[str, Any]:
        """Return the probabilities for an image, uint8 (channels, height, width), a layer's maps and the saliency.

        Raises UsageError for an unknown layer.
        """
        inspected = find_layer(self.layers, layer)
        probabilities = self.model.predict(image[None])[0]
        if not probabilities.isfinite().all():
            raise MnistspecError(f"the scores of {self.label} for this image are not finite numbers")
        sight = inspect_image(self.model.network, inspected, normalize(image, self.model.mean, self.model.std))
        shown = sight.maps[: _MAPS if inspected.is_map else _FEATURES]
        return {
            "probabilities": probabilities.tolist(),
            "saliency": encode_values(sight.saliency),
            "layer": inspected.name,
            "maps": {"shape": [*shown.shape, 1, 1][:3], "of": len(sight.maps), **encode_values(shown)},
        }


def _describe_mistakes(tested: Predictions) -> dict[str, Any]:
    """Return how much a network got wrong on its test set, and the most confident mistakes."""
    names = tested.class_names
    shown = [
        {
            "index": mistake.number,
            "actual": names[mistake.label],
            "predicted": names[mistake.guess],
            "confidence": mistake.confidence,
            "pixels": encode(mistake.image.tobytes()),
        }
        for mistake in tested.mistakes(max(1, _BYTES // tested.pixels[0].size) if len(tested.pixels) else 0)
    ]
    return {"images": len(tested.labels), "wrong": tested.wrong, "shown": shown}


def encode_values(values: Tensor) -> dict[str, Any]:
    """Return values of either sign as bytes from -127 to 127 in base64, and the largest size, which is 127."""
    values = values.nan_to_num(0, 0, 0)
    scale = float(values.abs().max())
    levels = (values * (127 / scale if scale else 0)).round().to(torch.int8)
    return {"scale": scale, "values": encode(levels)}
