"""The figures of an epoch that is done, without torch, so that whoever only reads them imports none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from mnistspec.wording import html_table

if TYPE_CHECKING:
    from collections.abc import Iterable

Percent = Annotated[float, Field(ge=0, le=100)]
Duration = Annotated[float, Field(ge=0, lt=1e9)]  # in seconds


def _take_one(value: object) -> object:
    return [value] if isinstance(value, float) else value


def _write_one(values: list[float]) -> float | list[float]:
    return values if len(values) > 1 else values[0]


# A number for each channel; of a single one it is written as the number, as format 1 did.
_BY_CHANNEL = Field(min_length=1), BeforeValidator(_take_one), PlainSerializer(_write_one)
Means = Annotated[list[Annotated[float, Field(ge=0)]], *_BY_CHANNEL]
Deviations = Annotated[list[Annotated[float, Field(gt=0)]], *_BY_CHANNEL]


class EpochRow(BaseModel):
    """One epoch as metrics.csv has it: mean cross-entropies, accuracies in percent, the last learning rate, seconds.

    Train figures are those of the batches as they were learned from (augmented, with dropout, by the weights of that
    moment); test figures are those of the weights at the epoch's end, on the held-out images where there are some.
    ``train_loss`` is what was minimised: with ``class_weights`` each batch's mean is the weighted one, the sum of
    weights times losses over the sum of weights, and the epoch's is their mean over the images. ``test_loss`` has no
    weights.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    epoch: int
    lr: float
    train_loss: float
    train_accuracy: Percent
    test_loss: float
    test_accuracy: Percent
    seconds: Duration


class EpochMetrics(EpochRow):
    """One epoch as the training knows it: of its seconds, ``test_seconds`` went into the test pass."""

    test_seconds: Duration


class Epochs(list[EpochRow]):
    """Epochs in order, which a notebook shows as a table; ``measured`` names the images of the test figures."""

    def __init__(self, rows: Iterable[EpochRow] = (), measured: str = "test") -> None:
        super().__init__(rows)
        self.measured = measured

    def _repr_html_(self) -> str:
        """Return a row an epoch."""
        figures = [f"{kind} {figure}" for kind in ("train", self.measured) for figure in ("loss", "accuracy %")]
        head = ("epoch", "learning rate", *figures, "seconds")
        rows = [
            (
                str(row.epoch), f"{row.lr:.3g}", f"{row.train_loss:.4f}", f"{row.train_accuracy:.2f}",
                f"{row.test_loss:.4f}", f"{row.test_accuracy:.2f}", f"{row.seconds:.1f}",
            )
            for row in self
        ]  # fmt: skip
        return html_table(head, rows)
