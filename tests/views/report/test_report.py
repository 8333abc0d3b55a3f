"""The report in a real browser and as Markdown: its figures, its looks, what is hostile, and what is missing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from mnistspec.analysis.collection import collect_runs
from mnistspec.analysis.history import History, HistoryReader
from mnistspec.language.loader import load_spec
from mnistspec.runs.documents import read_json, write_json
from mnistspec.runs.measurement import Measured
from mnistspec.runs.result import summarize_run
from mnistspec.views.report import Report, make_report, render_html, render_markdown
from mnistspec.views.report.tables import NONE
from tests.browser import Complaints, needs_browser, open_browser
from tests.sweeps.fakes import make_run, write_spec
from tests.views.report.report_page import BARRIERS, CONTRASTS, HOSTILE, INVISIBLE, TABLE, train_runs

if TYPE_CHECKING:
    from markdown_it.token import Token
    from playwright.sync_api import Browser, Page

LABELS = ["step2", "step10 conv.out_channels=4", "step10 conv.out_channels=6", "step11 holdout=100"]


def read_story(folder: Path) -> History:
    reader = HistoryReader(collect_runs([folder]))
    return reader.finish(list(reader.read()))


def results(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The result.json of all runs by the name of their series."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("result.json")):
        result = json.loads(path.read_text())
        found.setdefault(f"{result['name']} {result['params']}", []).append(result)
    return found


def figure(result: dict[str, Any], name: str) -> float:
    """A figure of a result, by what it was measured on."""
    value: float = result[Measured(result["measured_on"]).key(name)]
    return value


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of small runs, and that of their data."""
    return train_runs(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def history(runs: tuple[Path, Path]) -> History:
    """What there is to tell of them."""
    return read_story(runs[0])


@pytest.fixture(scope="module")
def report(history: History) -> Report:
    """The contents of their report."""
    return make_report(history)


@pytest.fixture(scope="module")
def page_file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their report as HTML."""
    path = tmp_path_factory.mktemp("html") / "report.html"
    path.write_text(render_html(report), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def markdown(report: Report) -> tuple[str, dict[str, bytes]]:
    """Their report as Markdown, and its pictures."""
    return render_markdown(report, "pictures")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    """The report, opened from the disk."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        yield page


def test_the_order_is_that_of_names_and_numbers(history: History, report: Report) -> None:
    assert [section.label for section in report.sections] == LABELS
    assert report.title == "Training report: step2 to step11"
    assert [chapter.problems for chapter in history.chapters] == [()] * 4


def check_summary(rows: list[list[str]], folder: Path) -> None:
    """The summary's figures are those of the result files."""
    found = results(folder)
    assert [row[0] for row in rows] == LABELS
    for row in rows:
        (key,) = (key for key in found if key.split()[0] == row[0].split()[0] and f"{int(key.split()[1]):,}" == row[2])
        last = [figure(result, "accuracy") for result in found[key]]
        spread = f"{fmean(last):.2f} ± {stdev(last):.2f}" if len(last) > 1 else f"{last[0]:.2f}"
        ends = [f"{min(last):.2f}", f"{max(last):.2f}"] if len(last) > 1 else ["", ""]
        best = f"{fmean(figure(result, 'best_accuracy') for result in found[key]):.2f}"
        assert row[4:] == [str(len(last)), spread, *ends, best, "92.75", f"0 of {len(last)}"]


@needs_browser
def test_the_figures_on_the_page(page: Page, runs: tuple[Path, Path], history: History) -> None:
    check_summary(page.evaluate(TABLE, "summary"), runs[0])
    for number, chapter in enumerate(history.chapters, 1):
        key, series = f"series-{number}", chapter.series
        rows = page.evaluate(TABLE, f"{key}-results")
        assert rows[0][1].replace(",", "") == str(series.params)
        assert rows[2][1].split()[0] == f"{series.mean:.2f}"
        assert [row[-1] for row in rows] == ["1,234", "91.25", "92.75"]
        matrix = page.evaluate(TABLE, f"{key}-confusion")
        counts = [[0 if text == "·" else int(text) for text in row[1:11]] for row in matrix]
        images = 100 if series.spec.train.holdout else 200
        assert sum(map(sum, counts)) == images * len(series.runs)
        right = sum(counts[place][place] for place in range(10))
        assert 100 * right / (images * len(series.runs)) == pytest.approx(series.mean)
        classes = page.evaluate(TABLE, f"{key}-classes")
        for row, line, guesses in zip(classes, counts, zip(*counts, strict=True), strict=True):
            place = int(row[0])
            recall, guessed = 100 * line[place] / sum(line), sum(guesses)
            assert int(row[1]) == sum(line)
            assert (
                row[2] == NONE
                if not guessed
                else float(row[2]) == pytest.approx(100 * line[place] / guessed, abs=0.006)
            )
            assert float(row[3]) == pytest.approx(recall, abs=0.006)
            assert float(row[4]) == pytest.approx(200 * line[place] / (sum(line) + guessed), abs=0.006)
        layers = page.evaluate(TABLE, f"{key}-layers")
        assert sum(int(row[3].replace(",", "")) for row in layers[:-1] if row[3] != NONE) == series.params
        assert layers[-1][-1] == layers[-2][-1] == str(series.receptive_field)


def test_both_forms_say_what_they_measured(page_file: Path, markdown: tuple[str, dict[str, bytes]]) -> None:
    page = page_file.read_text(encoding="utf-8")
    for form in (page, markdown[0]):
        assert "100 held-out training images of mnist" in form
        assert "it flatters" in form
        assert "as in its result" in form
        assert "but its result says" not in form
        assert re.search(r"points (better|worse) than", form)
        assert "target min" not in form
    assert "added: </span>bn, relu after conv1 <span" in page
    assert "added: bn, relu after conv1 (" in markdown[0]


@needs_browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_the_page_in_a_browser(browser: Browser, page_file: Path, scheme: Any, width: int) -> None:
    complaints, requests = Complaints(), []
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
        page = context.new_page()
        complaints.listen(page)
        page.on("request", lambda request: requests.append(request.url))
        page.goto(page_file.as_uri())
        assert complaints == []
        assert [url for url in requests if not url.startswith("data:")] == [page_file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate(INVISIBLE) == 0
        assert page.locator("svg").count() == 2 + 2 * 4
        assert page.locator(".mistakes img").count() > 20
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 1000
        assert [found for found in contrasts if found[0] < 4.5] == []
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(23, 24, 26)"
        assert dark == (scheme == "dark")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@needs_browser
@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_shows_the_conclusion_first_and_cuts_nothing_off(browser: Browser, page_file: Path, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        assert page.locator(".gains li").count() == len(LABELS) - 1
        assert page.evaluate("document.querySelector('.gains').getBoundingClientRect().bottom") < 844
        assert page.locator("details[open]").count() == 0
        scrolls = "[...document.querySelectorAll('.scroll')].filter(e => !e.closest('details:not([open])'))"
        overflows = f"{scrolls}.filter(e => e.scrollWidth > e.clientWidth)"
        assert page.evaluate(f"{overflows}.length") == 0
        # Folded rows name their figures, as the hidden headings would.
        heading = page.locator("td[data-heading='Highest']").first
        assert heading.evaluate("e => getComputedStyle(e, '::before').content") == '"Highest"'
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        assert page.evaluate(f"{overflows}.length") > 0
        # What is still wider than the page shows by shadows that it can be moved.
        shadows = "e => getComputedStyle(e).backgroundImage.split('gradient(').length - 1"
        assert page.evaluate(f"{overflows}.map({shadows}).every(count => count === 4)")


@needs_browser
def test_everybody_can_read_it(page: Page) -> None:
    assert page.evaluate(BARRIERS) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    titles = page.locator("svg title").all_text_contents()
    assert sum(bool(re.fullmatch(r"epoch 2: test \d+\.\d\d %.*", title)) for title in titles) == 3
    assert sum(bool(re.fullmatch(r"epoch 2: held-out \d+\.\d\d %", title)) for title in titles) == 1


@needs_browser
def test_without_javascript_and_on_paper(browser: Browser, page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r"\son\w+=", re.sub(r">[^<]*<", "><", text))
    with browser.new_context(java_script_enabled=False, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(page_file.as_uri())
        assert page.locator("h2").all_text_contents()[0] == "Summary"
        assert page.locator("svg").first.bounding_box()
        page.emulate_media(media="print")
        # What is folded on a screen is there on paper, in dark letters on white.
        assert page.locator("table.total").first.bounding_box()
        assert page.locator(".gains").is_visible()
        assert page.locator("table.confusion").first.is_visible()
        # Long lists of figures stay folded: they are for a screen.
        assert not page.locator("#series-1-epochs-caption").is_visible()
        assert not page.locator("#runs-caption").is_visible()
        assert not page.locator("nav").is_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 27, 26)"
        style = "(({backgroundColor, colorScheme}) => [backgroundColor, colorScheme])"
        assert page.evaluate(f"{style}(getComputedStyle(document.documentElement))") == ["rgb(255, 255, 255)", "light"]
        assert page.locator(".total tbody th").first.is_visible()
        pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 4


def parse_inline(text: str) -> list[Token]:
    """The tokens of Markdown inside its blocks."""
    return [child for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text) for child in token.children or ()]


def find_markup(text: str) -> set[str]:
    """What a hostile text would like to become in Markdown."""
    tokens = [*MarkdownIt("gfm-like", {"linkify": False}).parse(text), *parse_inline(text)]
    return {token.type for token in tokens} & {"html_block", "html_inline", "link_open"}


def test_hostile_texts_are_texts(page_file: Path, markdown: tuple[str, dict[str, bytes]]) -> None:
    page = page_file.read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert "onerror=alert(2)&gt;" in page
    assert "{{ 7*7 }}" in page
    text, pictures = markdown
    assert find_markup(text) == set()
    inline = parse_inline(text)
    images = [str(token.attrs["src"]) for token in inline if token.type == "image"]
    assert sorted(images) == sorted(f"pictures/{name}" for name in pictures)
    shown = "".join(token.content for token in inline if token.type == "text")
    assert shown.count(HOSTILE.split(" & ", maxsplit=1)[0]) >= 4
    bold = [inline[place + 1].content for place, token in enumerate(inline) if token.type == "strong_open"]
    assert set(bold) == {"Target.", "Results.", "Analysis."}


def test_markdown_tables_are_tables(markdown: tuple[str, dict[str, bytes]], runs: tuple[Path, Path]) -> None:
    text, pictures = markdown
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert html.count("<table>") == 3 + 4 * 4
    first = html.split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in first.split("</tr>")[:-1]]
    check_summary(rows, runs[0])


def test_one_run_alone(runs: tuple[Path, Path]) -> None:
    (path,) = (runs[0] / "step11").iterdir()
    report = make_report(read_story(path))
    assert report.title == "step11: Held out"
    assert report.figures == []
    heads = " ".join(report.summary.head[4:]).replace("\N{NO-BREAK SPACE}", " ")
    assert heads == "Seeds Last epoch % Best epoch % * Reference % Targets met"
    assert report.sections[0].changes is None
    assert "1 spec, 1 finished run" in render_html(report)
    assert "What changed" not in render_markdown(report, "p")[0]


def test_what_is_missing_is_reported(runs: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(runs[0], tmp_path, dirs_exist_ok=True)
    second = sorted((tmp_path / "step2").iterdir())[1]
    for run in (tmp_path / "step2").iterdir():
        (run / "predictions.npz").unlink()
    (second / "metrics.csv").write_text("epoch\n", encoding="utf-8")
    (second / "env.json").unlink()
    held_out = load_spec(next((tmp_path / "step11").iterdir()) / "spec.yaml", ["train.seed=9"])
    make_run(tmp_path, held_out, 50.0, status=None)
    report = make_report(read_story(tmp_path))
    problems = "\n".join(report.problems)
    assert "keeps no predictions" in problems
    assert f"{second / 'metrics.csv'}: not the file that the run ended with" in problems
    assert "it has no env.json" in problems
    assert report.sections[0].errors is None
    assert [picture.key for picture in report.sections[0].pictures] == ["series-1-confusion", "series-1-mistakes"]
    page = render_html(report)
    assert "as drawn when the run ended" in page
    assert "2 seeds: lines at the mean" in page
    assert "unfinished, 1 of 2 epochs" in page
    assert report.problems[0] in page


def test_without_predictions_the_rest_is_shown(runs: tuple[Path, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runs[0] / "step10", tmp_path / "step10"))
    for kept in folder.rglob("predictions.npz"):
        kept.unlink()
    report = make_report(read_story(folder))
    assert all("keeps no predictions" in problem for problem in report.problems)
    assert all("mnistspec evaluate" in problem for problem in report.problems)
    assert len(report.problems) == len(report.sections)
    assert len(report.sections[0].pictures) == 2
    assert len(report.sections[0].curves) == 2


def test_runs_that_were_never_trained_here(tmp_path: Path) -> None:
    spec = tmp_path / "long.yaml"
    spec.write_text("layers: [conv: 2, gap, fc: 10]\ntrain: {epochs: 230}\n", encoding="utf-8")
    make_run(tmp_path / "runs", load_spec(spec), *(50 + epoch / 5 for epoch in range(230)))
    report = make_report(read_story(tmp_path / "runs"))
    table = report.sections[0].epochs
    assert table is not None
    assert len(table.rows) <= 100
    assert table.rows[-1][0] == "230"
    assert "one in 3 of 230" in table.caption
    assert report.sections[0].errors is None
    assert report.sections[0].pictures == []


def test_made_up_results_are_left_out_or_shown_as_texts(tmp_path: Path) -> None:
    values: tuple[Any, ...] = (None, 10**400, float("nan"), "<script>", [{"target": 1}])
    spec = write_spec(tmp_path)
    keys = [*summarize_run(load_spec(spec), [], "done").as_data(), "env"]
    for seed, (key, value) in enumerate(product(keys, values)):
        folder = make_run(tmp_path / "runs", load_spec(spec, [f"train.seed={seed}"]), 50.0, 60.0)
        result = read_json(folder / "result.json")
        if key == "env":
            write_json(folder / "env.json", {"packages": value, "command": [value], "python": value, "cpu": value})
        else:
            result[key] = value
        write_json(folder / "result.json", {**result, "files": {}})
    history = read_story(tmp_path / "runs")
    shown = sum(len(chapter.series.runs) for chapter in history.chapters)
    assert shown > 10
    assert shown + len(history.left_out) == seed + 1
    report = make_report(history)
    assert "<script" not in render_html(report)
    assert find_markup(render_markdown(report, "pictures")[0]) == set()
