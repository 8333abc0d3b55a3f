"""Each code of an error has a page; its wrong spec has this error and prints what the page shows, the mended one none.

The pages of errors in data, from E501 on, are run by tests/formats/test_explanations.py.

``pytest tests/language/test_explanations.py --regenerate`` writes what is printed anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnistspec.language.manual.explanations import ERRORS, explain_code, list_codes
from tests.places import PACKAGE

if TYPE_CHECKING:
    from tests.command_line import CommandLine

CODES = [code for code in list_codes() if code < "E5"]
VALIDATE = ("validate", "mine.yaml", "--strict-targets")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Specs of the pages lie in a folder of their own, under the name that the messages show."""
    monkeypatch.chdir(tmp_path)


def test_every_code_in_the_source_has_a_page_and_every_page_a_code_in_the_source() -> None:
    used = {
        code for path in PACKAGE.rglob("*.py") for code in re.findall(r'"(E\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(list_codes())


@pytest.mark.parametrize("code", CODES)
def test_wrong_spec(mnistspec: CommandLine, code: str, *, regenerate: bool) -> None:
    explanation = explain_code(code)
    if explanation.wrong:
        Path("mine.yaml").write_text(explanation.wrong, encoding="utf-8")
    done = mnistspec(*VALIDATE)
    printed = done.err.removesuffix(f"\nmnistspec explain {code} says more\n")
    assert (done.code, done.out, printed == done.err) == (2, "", False)
    if regenerate:
        page = explanation.page.replace(f"```text\n{explanation.message}\n```", f"```text\n{printed}\n```")
        (ERRORS / f"{code}.md").write_text(page, encoding="utf-8")
    else:
        assert printed == explanation.message
    (spec,) = json.loads(mnistspec(*VALIDATE, "--json").out)["specs"]
    assert [error["code"] for error in spec["errors"]] == [code]


@pytest.mark.parametrize("code", CODES)
def test_mended_spec(mnistspec: CommandLine, code: str) -> None:
    explanation = explain_code(code)
    Path("mine.yaml").write_text(explanation.right, encoding="utf-8")
    done = mnistspec(*VALIDATE)
    assert (done.code, done.err) == (0, "")
    assert explanation.right != explanation.wrong


@pytest.mark.parametrize("code", list_codes())
def test_page_says_enough_in_lines_of_100(code: str) -> None:
    explanation = explain_code(code)
    assert len(explanation.explanation) > 250
    assert all(len(line) <= 100 for line in explanation.explanation.splitlines())
    assert not explanation.title.endswith(".")


def test_a_page_without_the_form_of_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistspec.language.manual.explanations.ERRORS", tmp_path)
    (tmp_path / "E999.md").write_text("# E999: a title alone\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not the page of an error"):
        explain_code("E999")
