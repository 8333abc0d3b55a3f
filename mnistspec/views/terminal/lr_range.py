"""What a learning-rate range test found, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.training.lr_range import smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.training.lr_range import RangePoint, Suggestion


def suggestion_text(points: Sequence[RangePoint], found: Suggestion, line: str, option: str) -> str:
    """Return the two learning rates, where the loss was lowest, and what to paste for the first of them."""
    losses = smooth([point.loss for point in points])
    last = losses.index(min(losses))
    beyond = (
        "the loss rises from there" if last < len(points) - 1 else "the loss falls to the end: try a higher --highest"
    )
    return "\n".join([
        f"valley             {found.valley:<9.2g} two thirds of the fall from {losses[0]:.2f} to {losses[last]:.2f}",
        f"steepest descent   {found.steepest:.2g}",
        f"lowest loss        {points[last].lr:<9.2g} {beyond}",
        "",
        "below train: in the spec",
        f"  {line}",
        "or for one run",
        f"  {option}",
    ])  # fmt: skip
