"""Each error of arrays and tables has a page; its wrong file prints what the page shows, the mended nothing.

The file of a page is written by the Python on it, where a first comment ``# data: ...`` is what a spec says of the set;
or it is the table on it, beside the pictures that the mended one names.
``pytest tests/formats/test_explanations_of_files.py --regenerate`` writes what is printed anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mnistspec.errors import CorruptError, UsageError
from mnistspec.formats.csv import CsvSet
from mnistspec.formats.npz import NpzSet
from mnistspec.formats.problems import render_problem
from mnistspec.language.manual.explanations import ERRORS, explain_code, list_codes
from tests.formats.painting import save

CODES = [code for code in list_codes() if "E530" <= code < "E540"]


def read(text: str, right: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return what reading a set prints, warnings or errors, and the code of the first."""
    monkeypatch.chdir(folder)
    data = _run_python(text) if "np." in text else _write_table(text, right)
    try:
        problems = data.survey().problems
        assert len(data.read().names) >= 4
    except (UsageError, CorruptError) as error:
        return str(error), error.code
    lines = [line for problem in problems for line in render_problem(problem)]
    return "\n".join(lines), problems[0].code if problems else ""


def _run_python(text: str) -> NpzSet:
    exec(text, {"np": np, "Path": Path})  # noqa: S102 - our own pages
    first = text.splitlines()[0]
    said: Any = yaml.safe_load(first.removeprefix("# "))["data"]["npz"] if first.startswith("# data:") else {}
    return NpzSet(Path("leaves.npz"), classes=tuple(said["classes"]) if said else None)


def _write_table(text: str, right: str) -> CsvSet:
    for level, row in enumerate(right.splitlines()[1:]):
        save(Path(row.split(",")[0]), level)
    Path("leaves.csv").write_text(text, encoding="utf-8")
    return CsvSet(Path("leaves.csv"), image="file")


@pytest.mark.parametrize("code", CODES)
def test_wrong_file(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, regenerate: bool) -> None:
    explanation = explain_code(code)
    printed, found = read(explanation.wrong, explanation.right, tmp_path, monkeypatch)
    assert found == code
    if regenerate:
        page = explanation.page.replace(f"```text\n{explanation.message}\n```", f"```text\n{printed}\n```")
        (ERRORS / f"{code}.md").write_text(page, encoding="utf-8")
    else:
        assert printed == explanation.message


@pytest.mark.parametrize("code", CODES)
def test_mended_file(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explanation = explain_code(code)
    assert read(explanation.right, explanation.right, tmp_path, monkeypatch) == ("", "")
    assert explanation.right != explanation.wrong
