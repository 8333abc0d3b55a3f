"""The table of epochs that grows while a network trains: a header, then a line an epoch, each of 80 columns at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistspec.runs.measurement import Measured
    from mnistspec.training.metrics import EpochMetrics

_HEADINGS = ("epoch", "lr", "train loss", "train acc %", "{} loss", "{} acc %", "seconds")
_WIDTHS = (5, 8, 10, 11, 9, 10, 8)
_MARK = "  best"


def epochs_header(measured: Measured) -> str:
    """Return the line of headings."""
    return _join(tuple(heading.format("held" if measured is not measured.test else "test") for heading in _HEADINGS))


def epoch_row(metrics: EpochMetrics, *, best: bool) -> str:
    """Return the line of one epoch; ``best`` marks the highest accuracy so far."""
    row = _join(
        (
            str(metrics.epoch), f"{metrics.lr:.3g}", _loss(metrics.train_loss), f"{metrics.train_accuracy:.2f}",
            _loss(metrics.test_loss), f"{metrics.test_accuracy:.2f}", f"{metrics.seconds:.1f}",
        )
    )  # fmt: skip
    return row + _MARK if best else row


def _join(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True))


def _loss(loss: float) -> str:
    return f"{loss:.4f}" if loss < 1000 else f"{loss:.3g}"
