"""The choice of test images: fair to each class, true to groups, the same whatever the order of the files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.formats.layout import natural_key
from mnistspec.formats.splits import choose, number_group

Ints = npt.NDArray[np.int64]


def numbers(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def alone(count: int) -> Ints:
    """Return groups of one image."""
    return numbers([number_group(f"{index}.png") for index in range(count)])


sets = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=60)
shares = st.floats(0.01, 0.99)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), shares, st.integers(0, 3))
def test_each_class_gives_its_share(classes: list[int], share: float, seed: int) -> None:
    labels = numbers(classes)
    chosen = choose(labels, alone(len(labels)), share, seed)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    total = int(share * len(labels) + 0.5)
    sizes = {c: int(np.sum(labels == c)) for c in set(classes)}
    taken = {c: int(np.sum(labels[chosen] == c)) for c in sizes}
    for c, size in sizes.items():
        assert min(1, size - 1) <= taken[c] <= size - 1
        if size > 2 and 1 < total * size / len(labels) < size - 1:
            assert abs(taken[c] - total * size / len(labels)) <= len(sizes)
    least, most = sum(min(1, size - 1) for size in sizes.values()), sum(size - 1 for size in sizes.values())
    assert sum(taken.values()) == min(max(total, least), most)


@given(sets, shares)
def test_groups_stay_together_and_classes_keep_an_image(pairs: list[tuple[int, int]], share: float) -> None:
    labels, groups = numbers([c for c, _ in pairs]), numbers([g for _, g in pairs])
    chosen = set(choose(labels, groups, share, 0).tolist())
    rest = set(range(len(pairs))) - chosen
    assert not {pairs[i][1] for i in chosen} & {pairs[i][1] for i in rest}
    assert {c for c, _ in pairs} == {pairs[i][0] for i in rest}


@given(sets, shares, st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(
    pairs: list[tuple[int, int]], share: float, seed: int, random: object
) -> None:
    """Whole groups are chosen, so that which of them says all."""
    shuffled = pairs.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    found = []
    for some in (pairs, shuffled):
        chosen = choose(numbers([c for c, _ in some]), numbers([g for _, g in some]), share, seed)
        found.append(sorted(some[i] for i in chosen))
    assert found[0] == found[1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(1, 79))
def test_a_number_of_images(classes: list[int], count: int) -> None:
    labels = numbers(classes)
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    chosen = choose(labels, alone(len(labels)), count, 0)
    assert len(chosen) == min(max(count, int(np.minimum(1, sizes - 1).sum())), int((sizes - 1).sum()))


def test_groups_that_have_two_classes() -> None:
    """Patients of whom some pictures are healthy and some are not."""
    labels, groups = numbers([0, 1] * 50), np.repeat(numbers([number_group(str(i)) for i in range(25)]), 4)
    chosen = choose(labels, groups, 0.2, 0)
    assert len(chosen) == 20
    assert np.bincount(labels[chosen]).tolist() == [10, 10]


def test_large_groups_do_not_keep_a_class_out_of_the_test() -> None:
    """Each class has two leaves of 10 pictures: a tenth would be one picture, so a leaf it is."""
    labels = np.repeat(numbers([0, 1]), 20)
    chosen = choose(labels, np.repeat(numbers([1, 2, 3, 4]), 10), 0.1, 0)
    assert np.bincount(labels[chosen]).tolist() == [10, 10]


def test_a_class_of_one_image_is_learned_and_not_tested() -> None:
    assert choose(numbers([0, 1, 1]), alone(3), 0.5, 0).tolist() in ([1], [2])


def test_seeds_differ_and_a_new_image_changes_little() -> None:
    labels = np.repeat(numbers([0, 1, 2]), 100)
    groups = alone(301)
    first = set(choose(labels, groups[:300], 0.2, 0).tolist())
    assert len(first - set(choose(labels, groups[:300], 0.2, 1).tolist())) > 20
    more = set(choose(np.append(labels, 2), groups, 0.2, 0).tolist())
    assert len(first - more) <= 1


def test_the_choice_is_the_same_everywhere() -> None:
    """And in every version: figures of runs hang on it."""
    labels = numbers([index % 3 for index in range(30)])
    assert choose(labels, alone(30), 0.2, 0).tolist() == [2, 5, 7, 12, 13, 18]
    assert choose(labels, alone(30), 0.2, 7).tolist() == [21, 23, 25, 27, 28, 29]


NAMES = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.lists(st.integers(0, 2000), unique=True, min_size=1), st.text("abcäß_ -", max_size=3))
def test_natural_order_is_that_of_numbers(values: list[int], prefix: str) -> None:
    names = [f"{prefix}{value}" for value in values]
    assert sorted(names, key=natural_key) == [f"{prefix}{value}" for value in sorted(values)]


@given(NAMES, NAMES, NAMES)
def test_natural_order_is_an_order(a: str, b: str, c: str) -> None:
    assert (natural_key(a) == natural_key(b)) == (a == b)
    x, y, z = sorted((a, b, c), key=natural_key)
    assert natural_key(x) <= natural_key(y) <= natural_key(z)


@pytest.mark.parametrize(
    "names",
    [
        ["1", "2", "10"],
        ["class 9", "class 10"],
        ["Ahorn", "birch", "Eiche"],
        ["img02", "img2", "img10"],
        ["v1.9", "v1.10"],
        ["oak", "oak 2", "oak 10"],
    ],
)
def test_natural_order(names: list[str]) -> None:
    assert sorted(set(names), key=natural_key) == names
