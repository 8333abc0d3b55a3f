"""What a stranger's spec extends: no line of a file that is no spec is shown, and nothing hangs or crashes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnistspec.errors import MnistspecError
from mnistspec.language.loader import load_document
from mnistspec.language.yaml.diagnostics import InvalidSpecError

SPEC = "layers: [conv: 10, gap]\n"
SECRET = "hunter2"  # noqa: S105 - it is there to be looked for
PRIVATE = {
    ".netrc": f"machine example.org login me password {SECRET}\n",
    "id_rsa": f"-----BEGIN KEY-----\n{SECRET}\n",
    "hosts.yml": f"example.org:\n  oauth_token: {SECRET}\n",
    "secret.yaml": f"kind: Secret\ndata: {{password: {SECRET}, user: me}}\n",
    "list.yaml": f"- {SECRET}\n- {SECRET}\n",
    "text.yaml": f"{SECRET}\n",
    "broken.yaml": f"key: {SECRET}: 1\n",
    "tag.yaml": f"key: !{SECRET} 1\n",
    "twice.yaml": f"{SECRET}: 1\n{SECRET}: 2\n",
    "octal.yaml": f"{SECRET}: 0{SECRET[-1]}\n",
    "latin1.yaml": f"{SECRET}: \xe9\n",
}


def refuse(path: Path, within: Path | None = None) -> str:
    """Return the message of a spec whose one error is where it says ``extends:``."""
    start = time.monotonic()
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path, within=within)
    assert time.monotonic() - start < 5
    (error,) = caught.value.diagnostics
    assert (error.code, error.span.where) == ("E209", f"{path}:1:10")
    assert error.help
    return str(caught.value)


@pytest.mark.parametrize("by", ["its name", "a link", "a spec between"])
@pytest.mark.parametrize("name", PRIVATE)
def test_nothing_of_another_file_is_shown(name: str, by: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / name).write_text(PRIVATE[name], encoding="latin-1")
    specs = tmp_path / "specs"
    specs.mkdir()
    target = f"../home/{name}"
    if by == "a link":
        (specs / "base.yaml").symlink_to(target)
        target = "base.yaml"
    path = specs / "spec.yaml"
    path.write_text(f"extends: {target}\n", encoding="utf-8")
    if by == "a spec between":
        first = specs / "first.yaml"
        first.write_text("extends: spec.yaml\n", encoding="utf-8")
        with pytest.raises(InvalidSpecError) as caught:
            load_document(first)
        assert SECRET not in str(caught.value)
    assert SECRET not in refuse(path)


def test_mistakes_of_a_spec_that_is_extended_are_shown(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("layers: [conb: 10, gap]\nepoch: 3\n", encoding="utf-8")
    (tmp_path / "recipe.yml").write_text("train: {epochs: no}\n", encoding="utf-8")
    path = tmp_path / "spec.yaml"
    for parent, shown in (("base.yaml", "layers: [conb: 10, gap]"), ("recipe.yml", "train: {epochs: no}")):
        path.write_text(f"extends: {parent}\nname: child\n", encoding="utf-8")
        with pytest.raises(InvalidSpecError) as caught:
            load_document(path)
        assert f"    1 | {shown}" in str(caught.value)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _two_links(path: Path) -> None:
    path.symlink_to("other.yaml")
    (path.parent / "other.yaml").symlink_to(path.name)


def _zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


STRANGE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a link to itself": _loop,
    "links in a circle": _two_links,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a device": _zero,
    "a terminal": _terminal,
    "a file that may not be read": lambda path: path.touch(mode=0),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file(kind: str, tmp_path: Path) -> None:
    STRANGE[kind](tmp_path / "base.yaml")
    path = tmp_path / "spec.yaml"
    path.write_text("extends: base.yaml\n", encoding="utf-8")
    refuse(path)


@pytest.mark.parametrize("kind", [kind for kind in STRANGE if kind != "a terminal"])
def test_what_is_no_file_instead_of_the_spec(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    STRANGE[kind](path)
    start = time.monotonic()
    with pytest.raises(MnistspecError) as caught:
        load_document(path)
    assert time.monotonic() - start < 5
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "name", ["x" * 300, "x/" * 2_100, "x" * 60_000, "a\\0b", "\\e[31m", "../" * 500, "\u202e", "~"]
)
def test_names_that_lead_nowhere(name: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(f'extends: "{name}.yaml"\n', encoding="utf-8")
    message = refuse(path)
    assert len(message) < 2_000
    assert message.replace("\n", "").isprintable()


def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "base.yaml").write_text(SPEC, encoding="utf-8")
    path = folder / "spec.yaml"
    path.write_text("extends: base.yaml\n", encoding="utf-8")
    assert load_document(path, within=folder).spec.name == "spec"
    path.write_text("extends: none.yaml\n", encoding="utf-8")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path)
    str(caught.value).encode()


def test_within_a_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "repo", tmp_path / "base.yaml"
    (inside / "specs").mkdir(parents=True)
    for file in (outside, inside / "base.yaml"):
        file.write_text(SPEC, encoding="utf-8")
    (inside / "link.yaml").symlink_to(outside)
    (tmp_path / "alias").symlink_to(inside)
    path = inside / "specs" / "spec.yaml"
    for parent in ("../base.yaml", "../../repo/base.yaml", f"{inside}/base.yaml", f"{tmp_path}/alias/base.yaml"):
        path.write_text(f"extends: {parent}\n", encoding="utf-8")
        load_document(path, within=inside)
        load_document(path, within=tmp_path / "alias")
    for parent in ("../../base.yaml", "../link.yaml", str(outside)):
        path.write_text(f"extends: {parent}\n", encoding="utf-8")
        load_document(path)
        assert "outside" in refuse(path, within=inside)
    (inside / "specs" / "far.yaml").symlink_to(outside)
    with pytest.raises(MnistspecError, match="outside") as caught:
        load_document(inside / "specs" / "far.yaml", within=inside)
    assert SPEC.strip() not in str(caught.value)
