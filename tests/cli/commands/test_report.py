"""``mnistspec report``: its files, its data, its refusals."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mnistspec.language.loader import load_spec
from mnistspec.runs.folder import RunDir
from tests.command_line import CommandLine
from tests.small_mnist import write_mnist
from tests.sweeps.fakes import make_run

HOSTILE = "<script>alert(1)</script>"


def test_a_page(mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    outcome = mnistspec("report", quick_run, "-o", page, "--data-dir", small_mnist, "--title", HOSTILE)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"report: {page}\n", "1 of 1: quick\n")
    text = page.read_text(encoding="utf-8")
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>" in text
    assert "<script" not in text
    assert "as in its result" in text
    assert f"{json.loads((quick_run / 'result.json').read_text())['test_accuracy']:.2f}" in text
    mnistspec("report", quick_run, "-o", page, "--data-dir", small_mnist, "--title", HOSTILE)
    assert page.read_text(encoding="utf-8") == text, "the same runs make the same bytes"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_markdown(mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path) -> None:
    outcome = mnistspec("report", quick_run, "-o", tmp_path / "story.md", "--data-dir", small_mnist, "--json")
    data = json.loads(outcome.out)
    links = re.findall(r"!\[.*?\]\((.*?)\)", (tmp_path / "story.md").read_text(encoding="utf-8"))
    assert sorted(links) == sorted(str(Path(file).relative_to(tmp_path)) for file in data["pictures"])
    assert len(links) == 4
    assert all((tmp_path / link).read_bytes().startswith(b"\x89PNG") for link in links)
    assert (data["missing"], data["left_out"]) == ([], [])
    assert data["recipes"][0]["runs"] == [str(quick_run)]


def forget(run: Path, folder: Path, data_dir: Path | None) -> Path:
    """Return a copy of a run without its predictions, whose data were in another folder, or in none that was given."""
    copy = RunDir(shutil.copytree(run, folder / "runs" / "quick" / run.name))
    (copy.path / "predictions.npz").unlink()
    data = copy.figures.data.model_copy(update={"path": data_dir and str(data_dir)})
    copy.write_result(copy.figures.model_copy(update={"data": data}))
    return copy.path


@pytest.mark.parametrize("place", ["option", "variable", "run"])
def test_a_run_without_predictions_is_evaluated_where_its_data_are(
    mnistspec: CommandLine, quick_run: Path, small_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:  # fmt: skip
    forget(quick_run, tmp_path, small_mnist if place == "run" else None)
    if place == "variable":
        monkeypatch.setenv("MNISTSPEC_DATA", str(small_mnist))
    options = ("--data-dir", small_mnist) if place == "option" else ()
    outcome = mnistspec("report", tmp_path / "runs", "-o", tmp_path / "report.md", *options)
    assert (outcome.code, outcome.err) == (0, "1 of 1: quick\n")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    wrong = RunDir(quick_run).predictions
    assert wrong is not None
    assert f"{wrong.wrong:,} of {len(wrong.labels):,} images are classified wrongly" in text


def test_a_run_without_predictions_is_not_evaluated_on_other_data(
    mnistspec: CommandLine, quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = forget(quick_run, tmp_path, None)
    monkeypatch.setenv("MNISTSPEC_DATA", str(write_mnist(tmp_path, 20, 10)))
    outcome = mnistspec("report", tmp_path / "runs", "-o", tmp_path / "report.md")
    assert f"{copy}: trained on other files of mnist than those that are here" in outcome.err


def test_what_is_missing_is_told_and_the_rest_is_there(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    copy = forget(quick_run, tmp_path, tmp_path / "gone")
    make_run(tmp_path / "runs", load_spec(quick_run / "spec.yaml", ["train.seed=5"]), 50.0, status=None)
    outcome = mnistspec("report", tmp_path / "runs", "-o", tmp_path / "report.html")
    assert outcome.code == 0
    assert "unfinished, 1 of 2 epochs" in outcome.err
    assert f"mnistspec evaluate {copy}" in outcome.err
    assert outcome.err.count("mnistspec evaluate") == 1
    assert "as drawn when the run ended" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_refusals(mnistspec: CommandLine, quick_run: Path, tmp_path: Path) -> None:
    (tmp_path / "story-pictures").write_text("a file")
    calls: tuple[tuple[list[str | Path], str], ...] = (
        ([quick_run, "-o", tmp_path / "report.pdf"], "ends with .html or .md"),
        ([quick_run, "-o", tmp_path / "none" / "report.html"], "there is no folder"),
        ([quick_run, "-o", tmp_path / "story.md"], "but it is a file"),
        ([tmp_path, "-o", tmp_path / "report.html"], "no finished run"),
        ([tmp_path / "nowhere", "-o", tmp_path / "report.html"], "no such folder"),
    )
    for arguments, words in calls:
        outcome = mnistspec("report", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err
    assert not (tmp_path / "report.html").exists()
