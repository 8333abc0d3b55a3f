"""The runs in docs/results, where the figures of the pages come from: of the shipped specs, with the same figures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import pytest
import torch

from mnistspec import RunDir, load_dataset, load_spec
from tests.places import ROOT

# A thousand times the parameters of the other steps: hours on two cores.
SHORTENED = {"step0": ("train.epochs=1",)}
RUNS = sorted(path.parent for path in (ROOT / "docs" / "results").glob("*/*/result.json"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.name}"


@pytest.mark.parametrize("path", RUNS, ids=name_of)
def test_a_run_is_of_the_spec_that_ships(path: Path) -> None:
    run = RunDir(path)
    assert run.result
    assert run.result.status == "done"
    settings = [f"train.seed={run.result.seed}", *SHORTENED.get(path.parent.name, ())]
    spec = load_spec(ROOT / "specs" / f"{path.parent.name}.yaml", settings)
    assert (spec.layers, spec.train) == (run.spec.layers, run.spec.train)
    assert run.resolved == run.spec.as_yaml()
    assert run.metrics[-1].test_accuracy == run.result.accuracy


def test_seeds_were_declared_beforehand() -> None:
    """Those of a spec are 0, 1, 2 ..., without a gap: none was left out for its figure."""
    seeds: dict[str, list[int]] = {}
    for path in RUNS:
        seeds.setdefault(path.parent.name, []).append(int(RunDir(path).figures.seed))
    assert seeds
    for name, those in seeds.items():
        assert sorted(those) == list(range(len(those))), name


@pytest.mark.parametrize("step", range(1, 6))
def test_every_seed_reaches_the_accuracy_that_its_step_has_as_target_now(step: int) -> None:
    wanted = load_spec(ROOT / "specs" / f"step{step}.yaml").targets.min_test_accuracy
    assert wanted is not None
    reached = [RunDir(path).figures.accuracy for path in RUNS if path.parent.name == f"step{step}"]
    assert len(reached) == 5
    assert all(accuracy is not None and wanted <= accuracy < wanted + 1.2 for accuracy in reached)


def test_their_report_takes_little_time_and_shows_them_in_order(tmp_path: Path) -> None:
    """Under ten seconds of one core, which is three times what it takes."""
    output, before = tmp_path / "report.html", getrusage(RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "mnistspec", "report", str(ROOT / "docs" / "results"), "--output", str(output)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"report: {output}\n"
    assert getrusage(RUSAGE_CHILDREN).ru_utime - before < 10
    page = output.read_text(encoding="utf-8")
    names = re.findall(r'<h2 id="series-\d+">(\w+): ', page)
    assert names == [*(f"step{number}" for number in range(7)), "beyond"]
    for path in RUNS:
        assert f"<td>{path}</td>" in page.replace('<td data-heading="Run folder">', "<td>")
    assert page.index("Best: beyond, 99.54 ± 0.07 %") < page.index('id="summary"')


@pytest.mark.slow
@pytest.mark.parametrize("path", [run for run in RUNS if run.parent.name not in SHORTENED], ids=name_of)
def test_the_weights_give_the_figure_again(path: Path) -> None:
    """Step 0's, 25 MB, are not kept. On another processor a sum may fall the other way for an image or two."""
    run = RunDir(path)
    again = run.load_model().evaluate(load_dataset(run.spec.data.word), torch.device("cpu")).accuracy
    assert run.result
    assert abs(again - (run.result.accuracy or 0)) < 0.03
