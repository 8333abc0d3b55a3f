"""The tables of one's own classes: cut to 80 columns, the worst first, counts as by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from mnistspec.analysis.classes import describe_classes, find_confusions, rank_worst
from mnistspec.data.statistics import DatasetStatistics, SplitStatistics
from mnistspec.formats.levels import Levels
from mnistspec.views.terminal.classes import confusion_table, evaluation_table, predictions_table
from mnistspec.views.terminal.tables import WIDTH, render_text, statistics_table
from mnistspec.wording import plural
from tests.views.pictures.test_own_pictures import count_mistakes, name_classes


def lines_of(text: str) -> list[str]:
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    return [line.strip() for line in lines]


def test_the_most_frequent_confusions_by_hand() -> None:
    counts = np.array([[5, 3, 0], [1, 9, 4], [3, 0, 0]])
    found = [(pair.label, pair.guess, pair.count, pair.share) for pair in find_confusions(counts, ["a", "b", "c"])]
    assert found == [("b", "c", 4, 4 / 14), ("a", "b", 3, 3 / 8), ("c", "a", 3, 1), ("b", "a", 1, 1 / 14)]
    assert [pair.count for pair in find_confusions(counts, ["a", "b", "c"], 2)] == [4, 3]
    assert find_confusions(np.eye(3, dtype=np.int64), ["a", "b", "c"]) == []


def test_the_most_frequent_confusions_are_those_that_a_loop_finds() -> None:
    counts = np.random.default_rng(1).integers(0, 50, (60, 60))
    names = [str(place) for place in range(60)]
    pairs = [(-int(counts[i, j]), i, j) for i in range(60) for j in range(60) if i != j]
    wanted = [(str(i), str(j), -count, -count / counts[i].sum()) for count, i, j in sorted(pairs)[:20]]
    assert [(pair.label, pair.guess, pair.count, pair.share) for pair in find_confusions(counts, names)] == wanted


@pytest.mark.parametrize("letters", [6, 60])
@pytest.mark.parametrize("classes", [21, 22, 100, 1000])
def test_many_classes_come_with_the_worst_first_and_the_rest_in_one_line(classes: int, letters: int) -> None:
    counts, names = count_mistakes(classes), name_classes(classes, letters)
    lines = lines_of(render_text(evaluation_table(counts, names)))
    assert lines[0] == "test set by class, the worst first"
    ranked = rank_worst(describe_classes(counts, names))
    shares = [result.figures.f1 or 0 for result in ranked]
    assert shares == sorted(shares)
    rows = [line for line in lines if line.split(" ")[0].isdecimal() and " a" in line]
    assert [row.split()[0] for row in rows] == [result.figures.name.split()[0] for result in ranked[:20]]
    rest = ranked[20:]
    images = sum(result.figures.images for result in rest)
    wrong = images - sum(result.right for result in rest)
    (line,) = [line for line in lines if line.startswith(f"{plural(len(rest), 'other')} ")]
    assert line.split()[-6:-4] == [f"{images:,}", f"{wrong:,}"]
    (total,) = [line for line in lines if line.startswith("total")]
    assert total.split()[1:] == [f"{counts.sum():,}", f"{counts.sum() - counts.trace():,}"]


@pytest.mark.parametrize("letters", [4, 60])
@pytest.mark.parametrize("classes", [2, 10, 15, 20, 21, 1000])
def test_the_matrix_or_the_most_frequent_confusions(classes: int, letters: int) -> None:
    names = name_classes(classes, letters)
    for counts in (count_mistakes(classes), 12345 * count_mistakes(classes)):
        lines = lines_of(render_text(confusion_table(counts, names)))
        if lines[0] == "the most frequent confusions":
            assert classes > 5
            wanted = [f"{pair.count:,}" for pair in find_confusions(counts, names)]
            assert [line.split()[-3] for line in lines[4:]] == wanted
            assert ("a leaf of any tree" in lines[4]) == (letters == 60)
        else:
            assert classes <= 20
            rows = [line.split()[-classes:] for line in lines[-classes:]]
            assert [[0 if cell == "." else int(cell) for cell in row] for row in rows] == counts.tolist()


def test_predictions_of_classes_with_long_names_leave_the_width_to_the_path() -> None:
    names = name_classes(1000)
    shares = [0.5, 0.3, 0.1, *[0.1 / 997] * 997]
    text = render_text(predictions_table(["oak/first.png"], [shares], names))
    assert "\N{HORIZONTAL ELLIPSIS}" in text
    assert "50.00 %" in text
    assert max(map(len, text.splitlines())) < 72 + len("oak/first.png")


def test_statistics_of_many_classes_show_the_rarest() -> None:
    names = name_classes(300)
    train = SplitStatistics(
        (44850, 3, 9, 9), (Levels(0.0, 1.0, 0.1, 0.3),) * 3, dict(zip(names, range(300), strict=True))
    )
    test = SplitStatistics((600, 3, 9, 9), (Levels(0.0, 1.0, 0.1, 0.3),) * 3, dict.fromkeys(names, 2))
    lines = lines_of(render_text(statistics_table(DatasetStatistics("leaves", "0" * 64, train, test))))
    rows = [line.split() for line in lines if " leaf" in line]
    assert [(row[0], row[-2], row[-1]) for row in rows] == [(str(place), str(place), "2") for place in range(20)]
    assert f"280 others {sum(range(20, 300)):,} 560" in [" ".join(line.split()) for line in lines]
