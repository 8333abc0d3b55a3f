"""Each error of data has a page; its wrong data prints what the page shows, the mended nothing.

``pytest tests/formats/test_explanations.py --regenerate`` writes what is printed anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.errors import CorruptError, UsageError
from mnistspec.formats import decoding
from mnistspec.formats.problems import render_problem
from mnistspec.language.manual.explanations import ERRORS, explain_code, list_codes
from tests.formats.listing import build
from tests.formats.painting import save

CODES = [code for code in list_codes() if "E501" <= code < "E530"]


def read(listing: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return what reading a set prints, warnings or errors, and the code of the first."""
    monkeypatch.chdir(folder)
    data, changing = build(listing, folder)
    digest = decoding._digest

    def change(root: Path, name: str) -> str:
        before = digest(root, name)
        if folder / root / name in changing:
            save(root / name, 0, (8, 8))
        return before

    monkeypatch.setattr(decoding, "_digest", change)
    try:
        problems = data.survey().problems
        assert len(data.read().names) >= 4
    except (UsageError, CorruptError) as error:
        return str(error), error.code
    lines = [line for problem in problems for line in render_problem(problem)]
    return "\n".join(lines), problems[0].code if problems else ""


@pytest.mark.parametrize("code", CODES)
def test_wrong_folder(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, regenerate: bool) -> None:
    explanation = explain_code(code)
    printed, found = read(explanation.wrong, tmp_path, monkeypatch)
    assert found == code
    if regenerate:
        page = explanation.page.replace(f"```text\n{explanation.message}\n```", f"```text\n{printed}\n```")
        (ERRORS / f"{code}.md").write_text(page, encoding="utf-8")
    else:
        assert printed == explanation.message


@pytest.mark.parametrize("code", CODES)
def test_mended_folder(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explanation = explain_code(code)
    assert read(explanation.right, tmp_path, monkeypatch) == ("", "")
    assert explanation.right != explanation.wrong
