"""The recipe: `train:`."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Interval
from pydantic import ConfigDict, Field, PlainValidator, SerializeAsAny, TypeAdapter, WithJsonSchema, model_validator

from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.optimizers import SGD, Optimizer
from mnistspec.language.vocabulary.schedulers import ConstantLR, Epochs, Scheduler
from mnistspec.language.vocabulary.unit import Model, inconsistent, must_be

_LEAST, _MOST = 1e-6, 1e6  # float32 has room for sums of such weights
_BY_CLASS = TypeAdapter(
    dict[str, Annotated[float, Interval(ge=_LEAST, le=_MOST)]], config=ConfigDict(strict=True, allow_inf_nan=False)
)


def _check_weights(value: object) -> object:
    """Return the weights; raise the error of the class whose weight is none, not also that it is not "balanced"."""
    if value == "balanced":
        return value
    if not isinstance(value, dict) or not value:
        raise must_be("balanced, or a mapping of classes to weights")
    return _BY_CLASS.validate_python(value)


ClassWeights = Annotated[
    dict[str, float] | Literal["balanced"],
    PlainValidator(_check_weights),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["balanced"]},
                {
                    "type": "object",
                    "additionalProperties": {"type": "number", "minimum": _LEAST, "maximum": _MOST},
                    "minProperties": 1,
                },
            ]
        }
    ),
]


_MOST_HELD_OUT = 1_000_000


def _check_holdout(value: object) -> object:
    """Return how many images are held out, or the part that is."""
    if value == "val":
        return value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_HELD_OUT:
        raise must_be(f"a whole number of images up to {_MOST_HELD_OUT:,}, or val")
    return value


Holdout = Annotated[
    int | Literal["val"],
    PlainValidator(_check_holdout),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": _MOST_HELD_OUT}, {"enum": ["val"]}]}),
]


class Train(Model):
    """How the network is trained."""

    epochs: Epochs = 15
    batch_size: int = Field(default=128, gt=0, le=60_000)
    seed: int = Field(
        default=1, ge=0, lt=2**32, description="of the initialisation, the order, the augmentation and the dropout"
    )
    holdout: Holdout = Field(
        default=0, description="N training images, or the set's validation part, take the test set's place"
    )
    class_weights: ClassWeights | None = Field(
        default=None,
        description="weights in the loss: {class: weight}, 1 for each class not named, or balanced, by which rare "
        "classes weigh more: images / (classes * images of the class)",
    )
    optimizer: SerializeAsAny[Optimizer] = SGD(lr=0.01, momentum=0.9)
    scheduler: SerializeAsAny[Scheduler] = ConstantLR()
    augment: tuple[SerializeAsAny[Augmentation], ...] = Field(
        default=(), max_length=16, description="applied in this order, to training images only"
    )

    @model_validator(mode="after")
    def _warmup_fits(self) -> Train:
        warmup = getattr(self.scheduler, "warmup", None)
        if warmup is not None and warmup.epochs >= self.epochs:
            message = f"the warm-up of {warmup.epochs:g} epochs is as long as the whole run of {self.epochs}"
            raise inconsistent("scheduler", message)
        return self
