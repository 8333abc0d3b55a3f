"""What a difference reads like: golden texts of the course's own steps, and lines that tell all and tell it once."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from hypothesis import given

from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.network.difference import compare_specs
from mnistspec.runs.models import Result
from mnistspec.runs.result import summarize_run
from mnistspec.views.terminal.difference import difference_data, difference_text
from mnistspec.views.terminal.difference_lines import describe_blocks
from mnistspec.views.terminal.tables import render_text
from tests.language.strategies import specs
from tests.places import SPECS
from tests.profiles import examples
from tests.sweeps.fakes import make_metrics

GOLDEN = Path(__file__).parent / "golden" / "differences.txt"


def text_of(before: Spec, after: Spec, *results: Result | None) -> str:
    """Return the text of a difference, as a pipe gets it."""
    names = (before.name, after.name)
    return render_text(difference_text(compare_specs(before, after), names, results or (None, None)))


def pinned(step: int) -> list[str]:
    """Return settings for what is tuned now and then, so that the golden text stays."""
    dropout = {3: 0.1, 4: 0.05}.get(step, 0.03)
    augment = "[{rotation: 6}, {affine: {translate: 0.08, shear: 8}}]" if step >= 5 else "[]"
    settings = [f"train.optimizer.sgd.lr={0.1 if step == 6 else 0.01}", f"train.augment={augment}"]
    settings += ["train.scheduler.onecycle.max_lr=0.1"] if step == 6 else []
    return [*settings, f"defaults.dropout.p={dropout}"] if step >= 3 else settings


def test_golden_steps(*, regenerate: bool) -> None:
    steps = [load_spec(SPECS / f"step{step}.yaml", pinned(step)) for step in range(7)]
    pairs = [*pairwise(steps), (steps[6], steps[5]), (steps[3], steps[3])]
    text = "\n".join(text_of(before, after) for before, after in pairs)
    if regenerate:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_courses_own_sentence() -> None:
    text = text_of(load_spec(SPECS / "step2.yaml"), load_spec(SPECS / "step3.yaml"))
    assert re.search(r"\+ dropout [\d.]+ after each bn \(6 times\)\n", text)
    assert "parameters      5,088, unchanged\n" in text
    assert "recipe" not in text


@given(specs(), specs())
@examples(30)
def test_the_lines_add_up_and_fit(before: Spec, after: Spec) -> None:
    difference = compare_specs(before, after)
    lines = describe_blocks(difference.blocks)
    first, second = difference.totals
    assert sum(line.params for line in lines) == second.params - first.params
    assert bool([line for line in lines if line.kind != "same"]) == any(b.kind != "same" for b in difference.blocks)
    for line in text_of(before, after).splitlines():
        assert len(line) <= 80


@given(specs(), specs())
@examples(20)
def test_data_holds_every_block(before: Spec, after: Spec) -> None:
    data = difference_data(compare_specs(before, after), ((), ()))
    assert [block["after"]["block"] for block in data["blocks"] if block["after"]] == [b.word for b in after.layers]
    assert data["equal"] == (not (data["settings"] or any(b["kind"] != "same" for b in data["blocks"]) or any(
        unit["kind"] != "same" for unit in data["augmentation"])))  # fmt: skip


def result_of(spec: Spec, *accuracies: float) -> Result:
    """Return the result of a run with these accuracies, an epoch each."""
    return summarize_run(spec, make_metrics(*accuracies), "done" if accuracies else "not finite")


def test_a_run_that_came_to_nothing_has_no_figures() -> None:
    spec = load_spec(SPECS / "step1.yaml")
    text = text_of(spec, spec, result_of(spec, 99.0), result_of(spec))
    assert "99 % -> -" in text
    assert "2 -> 0" in text


def test_the_results_say_what_they_were_measured_on() -> None:
    spec = load_spec(SPECS / "step1.yaml", ["train.holdout=5000"])
    text = text_of(spec, spec, result_of(spec, 99.0), result_of(spec, 98.0))
    assert "held-out accuracy, last epoch" in text
    assert "test accuracy" not in text


def test_results() -> None:
    spec = load_spec(SPECS / "step1.yaml")
    text = text_of(spec, spec, result_of(spec, *[99.0] * 15), result_of(spec, *[99.12] * 15))
    assert "99 % -> 99.12 %  (+0.12)" in text
    assert "epochs                     15, unchanged" in text
