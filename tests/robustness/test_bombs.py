"""Promise 11: bombs fail with a message in under a second, and under 300 MB beyond the interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.data.photo.test_limits import COSTLY
from tests.data.photo.test_photo import DIGITS, enlarge, write_png_header
from tests.language.test_fuzz import BOMBS
from tests.robustness.conftest import Bench

MEGABYTES = 300
# Loads all bombs in a process of its own, with all the memory that they may have, and says how long each took.
LOAD = f"""
import json, resource, sys, time
from pathlib import Path
from mnistspec.errors import MnistspecError
from mnistspec.language.loader import load_document

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

Path("good.yaml").write_text("layers: [conv: 10, gap]\\n")
load_document("good.yaml")
before, used = peak(), int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {MEGABYTES} * 2**20, -1))
rows = {{}}
for path in sorted(Path("bombs").iterdir()):
    start = time.process_time()
    try:
        load_document(path)
        rows[path.name] = None
    except MnistspecError:
        rows[path.name] = time.process_time() - start
print(json.dumps({{"seconds": rows, "bytes": peak() - before}}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured in Linux's way")
def test_bombs_are_refused_within_a_second_and_300_megabytes(tmp_path: Path) -> None:
    (tmp_path / "bombs").mkdir()
    for index, text in enumerate(BOMBS.values()):
        (tmp_path / "bombs" / f"{index:03}.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert len(found["seconds"]) == len(BOMBS)
    for name, (index, seconds) in zip(BOMBS, sorted(found["seconds"].items()), strict=True):
        assert seconds is not None, f"{name} ({index}) was taken for a spec"
        assert seconds < 1, f"{name} ({index}) took {seconds:.1f} s"
    assert found["bytes"] < MEGABYTES * 2**20


# Prepares pictures in a process of its own; prints how much memory the costliest one takes, in bytes.
PREPARE = """
import resource, sys
from pathlib import Path
from mnistspec.data.photo.preparation import prepare_image
from mnistspec.errors import UsageError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

prepare_image(Path("good.png"))
before = peak()
for path in sorted(Path("costly").iterdir()):
    try:
        prepare_image(path)
    except UsageError:
        continue
    if path.name != "allowed":
        raise SystemExit(f"{path} was prepared")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured in Unix's way")
def test_costly_pictures_take_less_than_300_megabytes(tmp_path: Path) -> None:
    (tmp_path / "costly").mkdir()
    for name, (make, _) in COSTLY.items():
        (tmp_path / "costly" / name).write_bytes(make())
    Image.fromarray(enlarge(DIGITS[0])).save(tmp_path / "good.png")
    Image.fromarray(enlarge(DIGITS[0], 4400)).convert("RGBA").save(tmp_path / "costly" / "allowed", "PNG")
    done = subprocess.run([sys.executable, "-c", PREPARE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < MEGABYTES * 2**20


@pytest.mark.parametrize("side", [8_000, 60_000])
def test_huge_pictures_are_refused_by_predict(finished: Path, bench: Bench, side: int) -> None:
    picture = bench.path / "huge.png"
    write_png_header(picture, side, side)
    outcome = bench.in_process("predict", finished, picture)
    assert outcome.code == 2
    assert "more than 50 million pixels" in outcome.err
