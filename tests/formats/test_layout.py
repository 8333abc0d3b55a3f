"""What folders mean, for any tree of them: no picture gets another's label, and none is lost without a word."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mnistspec.formats.layout import understand
from mnistspec.formats.tree import File, Tree

FOLDERS = st.sampled_from(["train", "Train", "test", "val", "valid", "oak", "birch", "Oak", "1", "10", "caf\u00e9",
                           "cafe\u0301"])  # fmt: skip
PATHS = st.lists(FOLDERS, max_size=3).map("/".join)
PART_OF = {"train": "train", "test": "test", "val": "val", "valid": "val"}


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Draw folders, with all that are above them, and a picture in some of them."""
    places = draw(st.lists(PATHS, max_size=12))
    files = {f"{place}/{name}".lstrip("/") for place in places for name in draw(st.sets(st.sampled_from(["1", "2"])))}
    folders = {"/".join(place.split("/")[:depth]) for place in places if place for depth in (1, 2, 3)}
    return Tree([File(name, 1, 1, 1) for name in sorted(files)], sorted(folders))


@given(trees())
def test_each_picture_has_the_label_of_its_folder_or_is_named_by_a_problem(tree: Tree) -> None:
    layout = understand(Path("set"), tree, None)
    named = [place for problem in layout.problems for place in problem.places]
    pictures = {picture.name: picture for picture in layout.pictures}
    assert len(pictures) == len(layout.pictures)
    assert [*pictures] == sorted(pictures)
    for name, *_ in tree.files:
        picture = pictures.get(name)
        if picture is None:
            assert any(name == place or name.startswith(f"{place}/") for place in named), name
            continue
        steps = name.split("/")
        depth = 1 if picture.part else 0
        assert picture.part == (PART_OF[steps[0].lower()] if depth else "")
        assert picture.label == steps[depth].replace("e\u0301", "\u00e9")
        assert picture.key == "/".join(steps[depth + 1 :])
        assert picture.label in layout.classes


@given(trees())
def test_a_set_without_errors_has_each_class_in_each_part(tree: Tree) -> None:
    layout = understand(Path("set"), tree, None)
    if all(problem.is_warning for problem in layout.problems):
        found = {(picture.part, picture.label) for picture in layout.pictures}
        parts = {part for part, _ in found}
        assert found == {(part, label) for part in parts for label in layout.classes}
        assert parts == {""} or "train" in parts
        assert len(layout.classes) >= 2
