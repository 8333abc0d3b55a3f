"""Every bad spec of the corpus has its exact message beside it, and the message's numbers add up."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from mnistspec.errors import MnistspecError
from mnistspec.language.loader import load_document
from mnistspec.language.manual.explanations import list_codes
from mnistspec.language.yaml.diagnostics import MAX_SHOWN, InvalidSpecError
from mnistspec.wording import printable
from tests.language.corpus_files import BAD, settings_of

HEAD = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)")


def error_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> InvalidSpecError:
    """Return the error of a file that is loaded from its own folder, so that messages hold its bare name."""
    monkeypatch.chdir(path.parent)
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path.name, settings_of(path))
    return caught.value


def test_the_corpus_is_large() -> None:
    assert len(BAD) >= 174
    assert {path.with_suffix("") for path in BAD} == {path.with_suffix("") for path in BAD[0].parent.glob("*.txt")}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_message(path: Path, monkeypatch: pytest.MonkeyPatch, *, regenerate: bool) -> None:
    text = f"{error_of(path, monkeypatch)}\n"
    golden = path.with_suffix(".txt")
    if regenerate:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_places_and_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = error_of(path, monkeypatch)
    assert error.exit_code == 2
    lines = str(error).splitlines()
    count = int(lines[-1].split(" ", 1)[0].replace(",", ""))
    assert count == len(error.diagnostics) > 0
    assert sum(1 for line in lines if HEAD.fullmatch(line) and not line.startswith(" ")) == min(count, MAX_SHOWN)
    for diagnostic in error.diagnostics:
        assert diagnostic.code in list_codes()
        assert printable(diagnostic.render().replace("\n", "")) == diagnostic.render().replace("\n", "")
        span = diagnostic.span
        if span.source.text:
            line = span.source.lines[span.line - 1]
            assert 1 <= span.column <= len(line) + 1
            assert span.column - 1 + span.length <= max(len(line), span.column)
        rendered = diagnostic.render().splitlines()
        if len(rendered) > 1 and "|" in rendered[1]:
            assert underlined(rendered[1], rendered[2]) == shown(
                span.source.lines[span.line - 1], span.column, span.length
            )


def underlined(line: str, carets: str) -> str:
    """Return the text over the carets, counted in terminal cells."""
    text, cell = "", 0
    for character in line:
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        text += character if carets[cell : cell + 1] == "^" else ""
        cell += width
    return text


def shown(line: str, column: int, length: int) -> str:
    """Return what a place covers, as far as a shortened line shows it."""
    text = printable(line)[column - 1 : column - 1 + length]
    return text[: 100 - min(50, column - 1)] if len(line) > 100 else text


def test_every_code_occurs(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {diagnostic.code for path in BAD for diagnostic in error_of(path, monkeypatch).diagnostics}
    # A spec in a run folder that extends another shares E209; two need another call (tests/spec/test_targets.py and
    # tests/cli/test_language.py). Those from E501 on are of pictures (tests/formats/test_explanations.py).
    assert codes | {"E100", "E401"} == {code for code in list_codes() if code < "E5"}


def test_all_errors_as_data(monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = (path for path in BAD if path.stem == "three_mistakes")
    first, second, third = (diagnostic.as_json() for diagnostic in error_of(path, monkeypatch).diagnostics)
    assert first == {
        "code": "E204",
        "file": "three_mistakes.yaml",
        "line": 1,
        "column": 7,
        "length": 5,
        "message": 'unknown data set "mnits"; did you mean "mnist"?',
        "help": "",
        "notes": [],
    }
    assert (second["code"], third["code"]) == ("E201", "E203")


@pytest.mark.parametrize(
    ("path", "reason"), [("none.yaml", "No such file"), (".", "Is a directory"), ("a\0b", "null byte")]
)
def test_file_that_cannot_be_opened(path: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MnistspecError, match=reason) as caught:
        load_document(path)
    assert caught.value.exit_code == 2
    assert not isinstance(caught.value, InvalidSpecError)


@pytest.mark.parametrize("setting", ["train.epochs", "=3", "train..epochs=3", " =3", "", "train .epochs=3=", " name=x"])
def test_setting_without_a_key_and_a_value(setting: str) -> None:
    (path,) = (path for path in BAD if path.stem == "unknown_block")
    with pytest.raises(MnistspecError) as caught:
        load_document(path, [setting])
    assert caught.value.exit_code == 2


def test_spec_of_a_run_folder_extends_nothing(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("layers: [conv: 10, gap]\n", encoding="utf-8")
    (tmp_path / "spec.yaml").write_text("extends: other.yaml\n", encoding="utf-8")
    with pytest.raises(InvalidSpecError, match="may not extend"):
        load_document(tmp_path / "spec.yaml", extends=False)
