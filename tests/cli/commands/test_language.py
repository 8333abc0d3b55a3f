"""The commands about the language itself: blocks, schema, new, show, explain, validate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnistspec import RunDir, load_spec
from mnistspec.language.manual.explanations import explain_code, list_codes
from mnistspec.language.manual.json_schema import make_schema
from mnistspec.language.manual.shipped import list_shipped
from mnistspec.language.manual.words import Section, Word, list_sections, list_words
from mnistspec.wording import printable_lines
from tests.language.corpus_files import GOOD, settings_of
from tests.places import SPECS

if TYPE_CHECKING:
    from tests.command_line import CommandLine

NAMES = ["beyond", *(f"step{n}" for n in range(7))]


def test_blocks_tells_every_word(mnistspec: CommandLine) -> None:
    done = mnistspec("blocks")
    assert (done.code, done.err) == (0, "")
    entries: list[Word | Section] = [*list_words(), *list_sections()]
    for entry in entries:
        assert any(line.startswith(f"  {entry.name} ") for line in done.out.splitlines()), entry.name
        one = mnistspec("blocks", entry.name)
        assert one.code == 0
        assert f"{entry.name}: {entry.summary}" in one.out
        assert all(f"  {key.name}: {key.sentence}" in one.out for key in entry.keys)


def test_blocks_as_data_and_as_markdown(mnistspec: CommandLine) -> None:
    told = json.loads(mnistspec("blocks", "--json").out)
    assert len(told) == len(list_words()) + len(list_sections())
    (conv,) = json.loads(mnistspec("blocks", "conv", "--json").out)
    assert (conv["name"], conv["scalar"], conv["example"]) == ("conv", "out_channels", "conv: 16")
    kernel = next(key for key in conv["keys"] if key["name"] == "kernel_size")
    assert (kernel["type"], kernel["default"]) == ("whole number from 1 to 1,024", "3")
    markdown = mnistspec("blocks", "--markdown").out
    assert "| `conv` |" in markdown
    assert all(line.startswith("| ") or not line for line in markdown.splitlines())


def test_schema_is_one_json_document(mnistspec: CommandLine) -> None:
    done = mnistspec("schema")
    assert (done.code, done.err) == (0, "")
    shipped = (SPECS / "spec.schema.json").read_text(encoding="utf-8")  # its text may be another pydantic's: 0 for 0.0
    assert json.loads(done.out) == json.loads(shipped) == json.loads(json.dumps(make_schema())), (
        "run: mnistspec schema -o specs/spec.schema.json"
    )


@pytest.mark.parametrize("like", ["", *NAMES])
def test_new_writes_a_spec_that_is_right(
    mnistspec: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, like: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = mnistspec("new", "mine", *(["--like", like] if like else []))
    assert (done.code, done.err) == (0, "")
    assert "mnistspec train mine.yaml" in done.out
    text = Path("mine.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=")
    assert text.count("\n# ") >= 6
    assert mnistspec("validate", "mine.yaml", "--strict-targets").code == 0
    spec = load_spec("mine.yaml")
    assert spec.name == "mine"
    assert spec.notes.target == ""
    if like:
        origin = load_spec(list_shipped()[like])
        assert (spec.layers, spec.train, spec.targets) == (origin.layers, origin.train, origin.targets)
        assert spec.title == f"Begun from {like}"


@pytest.mark.parametrize("path", [path for path in GOOD if not settings_of(path)], ids=lambda path: path.stem)
def test_new_like_any_spec(mnistspec: CommandLine, tmp_path: Path, path: Path) -> None:
    new = tmp_path / "below" / "mine.yaml"
    new.parent.mkdir()
    assert mnistspec("new", new, "--like", path).code == 0
    spec, origin = load_spec(new), load_spec(path)
    assert (spec.layers, spec.train, spec.data) == (origin.layers, origin.train, origin.data)


def test_new_spec_trains(
    mnistspec: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_mnist: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    mnistspec("new", "mine")
    done = mnistspec("train", "mine.yaml", "--epochs", "2", "--data-dir", small_mnist, "--json")
    assert done.code == 0
    result = json.loads(done.out)
    assert result["status"] == "done"
    assert result["train_accuracy"] > 15
    assert RunDir(result["run"]).spec.name == "mine"


def test_new_refuses(mnistspec: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("kept", encoding="utf-8")
    Path("bad.yaml").write_text("layers: [conb: 8]\n", encoding="utf-8")
    for arguments, message in (
        (["mine"], "mine.yaml already exists"),
        (["mine.yaml"], "mine.yaml already exists"),
        (["a b"], '"a b" cannot name a spec'),
        (["other/mine"], "cannot write other/mine.yaml: No such file or directory"),
        (["x", "--like", "step9"], 'did you mean "step'),
        (["x", "--like", "resnet"], "there are beyond, step0, step1"),
        (["x", "--like", "bad.yaml"], 'unknown block "conb"'),
    ):
        done = mnistspec("new", *arguments)
        assert (done.code, done.out) == (2, "")
        assert message in done.err
    assert Path("mine.yaml").read_text(encoding="utf-8") == "kept"
    assert {path.name for path in tmp_path.iterdir()} == {"mine.yaml", "bad.yaml"}


@pytest.mark.parametrize("path", [*GOOD, *SPECS.glob("*.yaml")], ids=lambda path: path.stem)
def test_show_prints_the_same_spec_in_full(mnistspec: CommandLine, tmp_path: Path, path: Path) -> None:
    changes = [part for setting in settings_of(path) for part in ("--set", setting)]
    done = mnistspec("show", path, *changes)
    assert (done.code, done.err) == (0, "")
    shown = tmp_path / "shown.yaml"
    shown.write_text(done.out, encoding="utf-8")
    spec = load_spec(path, settings_of(path))
    assert load_spec(shown) == spec
    data = json.loads(mnistspec("show", path, *changes, "--json").out)
    assert data["train"]["epochs"] == spec.train.epochs
    assert len(data["layers"]) == len(spec.layers)


def test_explain_lists_and_explains_every_code(mnistspec: CommandLine) -> None:
    listed = mnistspec("explain")
    assert (listed.code, listed.err) == (0, "")
    for code in list_codes():
        explanation = explain_code(code)
        assert f"{code}  {explanation.title}\n" in listed.out
        assert mnistspec("explain", code).out == printable_lines(explanation.page)
    assert mnistspec("explain", "e204").out == mnistspec("explain", "E204").out
    both = json.loads(mnistspec("explain", "E204", "E301", "--json").out)
    assert [page["code"] for page in both] == ["E204", "E301"]
    assert list(both[0]) == ["code", "title", "explanation", "wrong", "message", "right"]
    assert both[0]["message"].startswith("mine.yaml:2:5: unknown block")


def test_explain_takes_a_spec(mnistspec: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    text = "layers:\n  - conb: 8\n  - conv: {out_channels: 8, kernal_size: 5}\n  - gap\n  - fc: 10\n"
    path.write_text(text, encoding="utf-8")
    assert mnistspec("explain", path).out == mnistspec("explain", "E204", "E201").out


def test_explain_refuses(mnistspec: CommandLine, tmp_path: Path) -> None:
    for name in ("E999", "204", str(tmp_path / "none.yaml")):
        done = mnistspec("explain", name)
        assert (done.code, done.out) == (2, "")
        assert "there is no code and no file" in done.err
    assert "nothing to explain" in mnistspec("explain", SPECS / "step1.yaml").out


def test_validate_goes_on_after_a_file_that_cannot_be_opened(mnistspec: CommandLine, tmp_path: Path) -> None:
    missing, good = tmp_path / "missing.yaml", SPECS / "step1.yaml"
    done = mnistspec("validate", missing, good)
    assert done.code == 2
    assert f"{good}: ok" in done.out
    assert done.err.splitlines() == [
        f'mnistspec: cannot read the spec "{missing}": No such file or directory [E100]',
        "mnistspec explain E100 says more",
    ]
    first, second = json.loads(mnistspec("validate", missing, good, "--json").out)["specs"]
    assert [error["code"] for error in first["errors"]] == ["E100"]
    assert (first["valid"], second["valid"]) == (False, True)


def test_validate_with_strict_targets(mnistspec: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    shutil.copy(SPECS / "step4.yaml", path)
    changed = ("validate", path, "--set", "targets.max_params=5000")
    assert mnistspec(*changed).code == 0
    done = mnistspec(*changed, "--strict-targets")
    assert (done.code, done.out) == (2, "")
    assert "max_params is 5,000, but there are 5,088 parameters" in done.err
    assert mnistspec("validate", *list_shipped().values(), "--strict-targets").code == 0


def test_shipped_specs_are_known_by_name_and_name_the_schema() -> None:
    assert list(list_shipped()) == NAMES
    for path in list_shipped().values():
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=spec.schema.json"
        assert (path.parent / "spec.schema.json").is_file()


UNREACHABLE = (
    "name: small\nlayers: [conv: 4, gap, fc: 10]\ntrain: {epochs: 1}\ntargets: {max_params: 89, max_epochs: 1}\n"
)
WARNING = "{}:4:23: warning: max_params is 89, but there are 90 parameters [E401]\n"


@pytest.mark.parametrize("command", [["validate"], ["build"], ["show"], ["train"], ["sweep", "--seeds", "0-1"]])
def test_a_target_that_no_training_can_reach_is_a_warning(
    command: list[str], mnistspec: CommandLine, tmp_path: Path, small_mnist: Path
) -> None:
    path, more = tmp_path / "spec.yaml", list[str | Path]()
    path.write_text(UNREACHABLE, encoding="utf-8")
    if command[0] in {"train", "sweep"}:
        more = ["--runs", tmp_path / "runs", "--data-dir", small_mnist]
    refused = mnistspec(*command, path, *more, "--strict-targets")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(WARNING.format(path).replace("warning: ", ""))
    assert not (tmp_path / "runs").exists()
    done = mnistspec(*command, path, *more)
    assert done.code == 0
    assert done.err.count(WARNING.format(path)) == 1
    assert "warning" not in done.out


def test_warnings_stand_apart_in_json(mnistspec: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(UNREACHABLE, encoding="utf-8")
    done = mnistspec("validate", path, "--json")
    (report,) = json.loads(done.out)["specs"]
    assert (done.code, done.err, report["valid"], report["errors"]) == (0, "", True, [])
    assert [(w["code"], w["line"], w["column"]) for w in report["warnings"]] == [("E401", 4, 23)]
    (strict,) = json.loads(mnistspec("validate", path, "--json", "--strict-targets").out)["specs"]
    assert (strict["valid"], strict["errors"], strict["warnings"]) == (False, report["warnings"], [])


def test_resume_takes_no_strict_targets(mnistspec: CommandLine, tmp_path: Path) -> None:
    assert "--strict-targets" in mnistspec("train", "--resume", tmp_path, "--strict-targets").err


def test_validate_within_a_folder(mnistspec: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "base.yaml").write_text("layers: [conv: 10, gap]\n", encoding="utf-8")
    (tmp_path / "repo" / "spec.yaml").write_text("extends: ../base.yaml\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "repo")
    assert mnistspec("validate", "spec.yaml").code == 0
    assert mnistspec("validate", "spec.yaml", "--within", "..").code == 0
    done = mnistspec("validate", "spec.yaml", "--within", ".")
    assert (done.code, done.out) == (2, "")
    assert 'spec.yaml:1:10: "../base.yaml" is outside ".", which --within does not allow [E209]' in done.err
    (report,) = json.loads(mnistspec("validate", "../base.yaml", "--within", ".", "--json").out)["specs"]
    assert [error["code"] for error in report["errors"]] == ["E100"]
