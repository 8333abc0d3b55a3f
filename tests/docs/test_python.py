"""Python in the pages is executed: docs/python.md from top to bottom, and the new block of CONTRIBUTING.md."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import mnistspec
from tests.docs.pages import read_blocks
from tests.places import ROOT
from tests.small_mnist import write_mnist

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PYTHON = ROOT / "docs" / "python.md"
EXAMPLE = re.compile(r"(?<=```python\n)(?P<code>.*?)```\n\n<!-- printed -->\n```\n(?P<printed>.*?)(?=```)", re.DOTALL)


def test_the_page_prints_what_it_shows(regenerate: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On the first images of MNIST, so that its training takes a second."""
    small = mnistspec.load_dataset("mnist", data_dir=write_mnist(tmp_path, 640, 200))
    monkeypatch.setattr(mnistspec, "load_dataset", lambda _name: small, raising=False)
    monkeypatch.chdir(ROOT)
    text = PYTHON.read_text(encoding="utf-8")
    names: dict[str, Any] = {}

    def execute(example: re.Match[str]) -> str:
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(example["code"], PYTHON.name, "exec"), names)  # noqa: S102 - the page's own code
        return example[0].removesuffix(example["printed"]) + printed.getvalue()

    fresh, count = EXAMPLE.subn(execute, text)
    assert count == len(read_blocks(PYTHON, "python")) >= 3
    if regenerate:
        PYTHON.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh


def test_the_block_of_the_contributors_is_a_block(tmp_path: Path) -> None:
    """Added to the module that CONTRIBUTING.md names, it is documented, checked, summarized and built."""
    (code,) = read_blocks(ROOT / "CONTRIBUTING.md", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 5
    program = tmp_path / "program.py"
    program.write_text(
        "from mnistspec.language.vocabulary import activations\n"
        f"exec({code!r}, vars(activations))\n"
        "from mnistspec.cli.app import main\nmain()\n"
    )
    spec = tmp_path / "mine.yaml"
    spec.write_text("layers: [conv: 8, softplus: 2, gap, fc: 10]\n")

    def ask(*arguments: str) -> str:
        command = [sys.executable, str(program), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "a smooth relu" in ask("blocks", "softplus")
    assert '"softplus"' in ask("schema")
    assert "ok, 4 blocks" in ask("validate", str(spec))
    assert "softplus1" in ask("build", str(spec), "--summary")
    assert "nn.Softplus(beta=2.0)" in ask("code", str(spec))
