"""Validation is instant: nothing of the spec language imports torch."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.places import ROOT

SCRIPT = """
import importlib, json, pathlib, sys, time
start = time.process_time()
for path in sorted(pathlib.Path("mnistspec/language").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts))
from mnistspec.language.loader import load_spec
for path in sorted(pathlib.Path("specs").glob("*.yaml")):
    load_spec(path)
seconds = time.process_time() - start
heavy = [name for name in ("torch", "torchvision", "numpy", "matplotlib", "rich", "torchinfo") if name in sys.modules]
print(json.dumps({"seconds": seconds, "heavy": heavy}))
"""


def test_the_spec_language_imports_nothing_heavy_and_is_quick() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["heavy"] == []
    assert found["seconds"] < 2, "imports and all shipped specs"
