"""What a notebook shows of a value: the same figures as elsewhere, and every text escaped."""

from __future__ import annotations

from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given, settings

from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.network.summary import summarize
from mnistspec.runs.folder import RunDir
from mnistspec.wording import html_table
from tests.language.strategies import specs
from tests.places import SPECS
from tests.sweeps.fakes import make_run, write_spec

HOSTILE = "</pre></td><script>alert(1)</script> & <b>"


class Reader(HTMLParser):
    """The elements of a fragment, and the texts of its cells by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.is_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        self.tags.add(tag)
        self.is_cell = tag in {"th", "td"}
        if tag == "tr":
            self.rows.append([])
        elif self.is_cell:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.is_cell:
            self.rows[-1][-1] += data


def test_every_text_of_a_table_is_escaped() -> None:
    reader = Reader(html_table([HOSTILE, "b"], [[HOSTILE, "1"], ["", HOSTILE]], HOSTILE))
    assert reader.rows == [[HOSTILE, "b"], [HOSTILE, "1"], ["", HOSTILE]]
    assert reader.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td"}


@given(specs())
@settings(max_examples=20, deadline=None)
def test_a_spec_is_shown_as_its_yaml(spec: Spec) -> None:
    assert repr(spec) == str(spec) == spec.as_yaml()
    html = spec._repr_html_()
    assert Reader(html).tags == {"pre"}
    assert unescape(html.removeprefix("<pre>").removesuffix("</pre>")) == spec.as_yaml()


def test_a_hostile_title_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(f"title: '{HOSTILE}'\nlayers: [gap, fc: 10]\n", encoding="utf-8")
    html = load_spec(path)._repr_html_()
    assert Reader(html).tags == {"pre"}
    assert HOSTILE in unescape(html)


def test_a_summary_is_shown_as_its_rows() -> None:
    summary = summarize(load_spec(SPECS / "step6.yaml"))
    totals = "step6: 1x28x28 to 10, 6,720 parameters, 988,576 MACs, receptive field 28x28"
    assert repr(summary) == str(summary) == totals
    html = summary._repr_html_()
    assert f"<caption>{totals}</caption>" in html
    head, *rows = Reader(html).rows
    assert head[:4] == ["layer", "output", "params", "MACs"]
    assert [row[0] for row in rows] == [row.name for row in summary.layers]
    assert sum(int(row[2].replace(",", "")) for row in rows) == summary.total_params
    assert sum(int(row[3].replace(",", "")) for row in rows) == summary.macs
    assert rows[-1][-1] == "28"


def test_a_run_and_its_metrics_are_shown_by_their_figures(tmp_path: Path) -> None:
    run = RunDir(make_run(tmp_path, load_spec(write_spec(tmp_path)), 50.0, 61.25))
    assert repr(run) == f"RunDir({str(run.path)!r})"
    html = run._repr_html_()
    assert f"<caption>{escape(str(run.path))}</caption>" in html
    assert Reader(html).rows[1] == [run.spec.name, str(run.spec.train.seed), "done", "61.25 %"]
    head, *rows = Reader(run.metrics._repr_html_()).rows
    assert len(head) == 7
    assert [(row[0], row[5]) for row in rows] == [("1", "50.00"), ("2", "61.25")]


def test_held_out_figures_are_called_so(tmp_path: Path) -> None:
    run = RunDir(make_run(tmp_path, load_spec(write_spec(tmp_path), ["train.holdout=5000"]), 50.0))
    for html in (run._repr_html_(), run.metrics._repr_html_()):
        assert "held-out accuracy" in html
        assert "test" not in html.replace(str(tmp_path), "")
