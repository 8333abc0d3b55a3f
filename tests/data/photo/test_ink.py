"""Connected components, against a flood fill; thinning."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mnistspec.data.photo.ink import _thin
from mnistspec.data.photo.masks import label_components


def flood(mask: np.ndarray, start: tuple[int, int]) -> set[tuple[int, int]]:
    found, edge = {start}, [start]
    while edge:
        row, column = edge.pop()
        for near in ((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            inside = all(0 <= place < side for place, side in zip(near, mask.shape, strict=True))
            if inside and mask[near] and near not in found:
                found.add(near)
                edge.append(near)
    return found


@given(mask=hnp.arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_components_are_those_of_a_flood_fill(mask: np.ndarray) -> None:
    labels = label_components(mask)
    assert ((labels > 0) == mask).all()
    for label in np.unique(labels[mask]):
        places = {(int(row), int(column)) for row, column in np.argwhere(labels == label)}
        assert places == flood(mask, min(places))


@given(mask=hnp.arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))), scale=st.integers(1, 30))
def test_thinned_ink_is_a_part_of_it_and_there(mask: np.ndarray, scale: int) -> None:
    mask[0, 0] = True
    ink = np.kron(mask, np.ones((scale, scale)))
    thinned = _thin(ink)
    assert thinned.any()
    assert (thinned <= ink).all()


@given(length=st.integers(100, 400), part=st.floats(0.01, 0.33))
def test_strokes_are_thinned_to_about_an_eighth_of_their_length(length: int, part: float) -> None:
    width = max(1, round(part * length))
    rows, columns = (int(_thin(np.ones((length, width))).any(axis=axis).sum()) for axis in (1, 0))
    if width <= length / 8:
        assert (rows, columns) == (length, width)
    else:
        assert 0.12 < columns / rows < 0.22
