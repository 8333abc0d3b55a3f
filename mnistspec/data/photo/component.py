"""Connected components of a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def label_components(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return a label from 1 to h * w for each 8-connected component of a mask (h, w), on its pixels; the rest is 0.

    Each pixel takes the largest index of its neighbourhood, then the label of the pixel which that index names; the
    second step doubles the reach each round, so that a few rounds do where a spiral would take thousands.
    """
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        grown = np.where(mask, _spread(_spread(labels).T).T, 0)
        named = np.concatenate([[0], grown.reshape(-1)])
        grown = named[named[grown]]
        if np.array_equal(grown, labels):
            return labels
        labels = grown


def _spread(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take the largest of each value and its two neighbours along the rows."""
    spread = labels.copy()
    np.maximum(spread[1:], labels[:-1], out=spread[1:])
    np.maximum(spread[:-1], labels[1:], out=spread[:-1])
    return spread
