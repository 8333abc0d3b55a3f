"""Promise 17: pictures that fail cost a warning, never the run."""

from __future__ import annotations

import json

import pytest

from tests.robustness.conftest import Bench


@pytest.mark.parametrize(
    "error", [RuntimeError("no font"), MemoryError(), OSError(28, "No space left on device"), RecursionError()]
)
def test_failing_pictures_are_a_warning(bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def paint(*_: object) -> None:
        run = bench.runs[0]
        # Safe first: everything that the run came to is on the disk, and can be gone on from.
        assert {"model.safetensors", "best.safetensors", "metrics.csv"} <= {path.name for path in run.iterdir()}
        assert list(run.glob("checkpoints/00002-*"))
        raise error

    monkeypatch.setattr("mnistspec.views.painting.paint_run", paint)
    outcome = bench.train(bench.write_spec())
    assert outcome.code == 0
    assert f"warning: the pictures could not be drawn: {type(error).__name__}" in outcome.err
    (run,) = bench.runs
    assert json.loads((run / "result.json").read_text())["status"] == "done"
    assert bench.in_process("evaluate", run, "--data-dir", bench.data_dir).code == 0
