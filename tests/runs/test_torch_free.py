"""What only reads run folders imports no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

RESULTS = ROOT / "docs" / "results"
PROGRAM = """
import sys
from mnistspec.cli.app import main
try:
    code = main()
except SystemExit as end:
    code = end.code
assert "torch" not in sys.modules, "torch was imported"
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", RESULTS),
        ("report", RESULTS, "-o", "report.html"),
        ("report", RESULTS / "step1", "-o", "report.md"),
        ("diff", *sorted((RESULTS / "step6").iterdir())[:2]),
        ("evaluate", min((RESULTS / "step6").iterdir())),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_on_runs_needs_no_torch(arguments: tuple[str | Path, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    assert "torch was imported" not in done.stderr


def test_a_run_folder_is_read_without_torch() -> None:
    program = (
        "import sys; from mnistspec import RunDir; run = RunDir(sys.argv[1]); "
        "run.result, run.metrics, run.environment, run.spec; assert run.predictions.accuracy == run.figures.accuracy; "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, min((RESULTS / "step6").iterdir())], check=True)
