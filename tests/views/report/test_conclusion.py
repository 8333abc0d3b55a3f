"""What a report concludes: the best, what each series gained, the best for their size; in words, the verdict first."""

from __future__ import annotations

from pathlib import Path

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.history import HistoryReader
from mnistspec.language.loader import load_spec
from mnistspec.views.report import Report, make_report, render_html, render_markdown
from tests.sweeps.fakes import TINY, make_run, make_seeds, write_spec

SIZES = {"step1": "conv: 4", "step2": "conv: 8", "step3": "conv: 6", "beyond": "conv: 10"}


def conclude(folder: Path, results: dict[str, dict[int, float]], *settings: str) -> Report:
    """The report of series with these accuracies by seed."""
    for name, accuracies in results.items():
        spec = write_spec(folder, name, TINY.replace("conv: 4", SIZES[name]))
        make_seeds(folder / "runs", spec, accuracies, *settings)
    reader = HistoryReader(collect_runs([folder / "runs"]))
    return make_report(reader.finish(list(reader.read())))


def test_the_conclusion_of_four_series(tmp_path: Path) -> None:
    report = conclude(
        tmp_path,
        {
            "step1": {0: 90.0, 1: 90.1, 2: 90.2},
            "step2": {0: 92.0, 1: 92.2, 2: 92.1},
            "step3": {0: 92.3, 1: 91.9, 2: 92.25},
            "beyond": {0: 91.0},
        },
    )
    assert report.lead == [
        (
            "Best: step3, 92.15 ± 0.22 % in the last epoch on the mnist test set, with 2,230 parameters; "
            "not more than the noise between seeds above the next, step2."
        ),
        (
            "Best for their size, none is better with as few parameters: step1 (1,490 parameters, 90.10 %) "
            "and step3 (2,230 parameters, 92.15 %)."
        ),
        "4 specs, 10 finished runs, 1,490 to 3,710 parameters.",
    ]
    assert report.gains == [
        ("step2", "more than the noise; 2.00 points better than step1 (1.75 to 2.25)"),
        ("step3", "not more than the noise; 0.05 points better than step2 (-0.73 to 0.83)"),
        ("beyond", "one seed cannot tell; -1.15 points against step3"),
    ]
    page, (text, _) = render_html(report), render_markdown(report, "pictures")
    assert page.index("Best: step3") < page.index("<b>step2</b>: more than") < page.index('id="summary"')
    assert text.index("Best: step3") < text.index("- step2: more than") < text.index("## Summary")


def test_of_one_series_there_is_no_gain(tmp_path: Path) -> None:
    report = conclude(tmp_path, {"step1": {0: 90.0, 1: 90.1}})
    assert report.gains == []
    assert report.lead == [
        "step1: 90.05 ± 0.07 % in the last epoch on the mnist test set.",
        "1 spec, 2 finished runs, 1,490 parameters.",
    ]
    assert '<ul class="gains">' not in render_html(report)


def test_other_images_and_unknown_data_are_not_compared(tmp_path: Path) -> None:
    for number, (digest, holdout) in enumerate((("a" * 64, 0), ("b" * 64, 0), (None, 0), (None, 5000)), 1):
        spec = load_spec(write_spec(tmp_path, f"step{number}"), [f"train.holdout={holdout}"])
        make_run(tmp_path / "runs", spec, 90.0, digest=digest)
    report = conclude(tmp_path, {})
    different, unknown = (
        "they were measured on different images",
        "it is not known whether they were measured on the same images",
    )
    assert [gain for _, gain in report.gains] == [
        f"not comparable with step1: {different}",
        f"not comparable with step2: {unknown}",
        f"not comparable with step3: {different}",
    ]
