"""onnxruntime-web is found where it is, fetched once where it is not, and what is missing is one sentence."""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.pages.runtime import VERSION, cache_folder, fetch_runtime, find_runtime
from tests.command_line import CommandLine

SCRIPT, BINARY = "dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"


def write_package(folder: Path, name: str = "onnxruntime-web", version: str = "9.9.9") -> Path:
    """Write a folder that looks like the package, with a file that is not needed."""
    (folder / "dist").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version}), encoding="utf-8")
    (folder / SCRIPT).write_bytes(b"export const env = {};")
    (folder / BINARY).write_bytes(b"\0asm")
    (folder / "dist" / "ort.all.mjs").write_bytes(b"large")
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and an empty cache."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def put_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Put a program in Python on the PATH as the only npm."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f"#!{sys.executable}\nimport sys\n{code}", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_nowhere() -> None:
    assert find_runtime(None) is None


def test_named_folder(tmp_path: Path) -> None:
    runtime = find_runtime(write_package(tmp_path / "package"))
    assert runtime is not None
    assert (runtime.version, runtime.script, runtime.binary) == ("9.9.9", b"export const env = {};", b"\0asm")


def test_node_modules_come_before_the_cache() -> None:
    cached = write_package(cache_folder(), version="1")
    found = find_runtime(None)
    assert found is not None
    assert (found.folder, found.version) == (cached, "1")
    write_package(Path("node_modules/onnxruntime-web"), version="2")
    found = find_runtime(None)
    assert found is not None
    assert found.version == "2"


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the npm package onnxruntime-web: No such file"):
        find_runtime(tmp_path)
    old = write_package(tmp_path / "old")
    (old / BINARY).unlink()
    with pytest.raises(UsageError, match=r"No such file or directory: .*\.wasm; --runtime takes"):
        find_runtime(old)
    with pytest.raises(UsageError, match=r"its package\.json is not that of onnxruntime-web"):
        find_runtime(write_package(tmp_path / "other", name="lodash"))
    for text in ("[", "[]", "{}", '"text"'):
        (old / "package.json").write_text(text, encoding="utf-8")
        (old / BINARY).touch()
        with pytest.raises(UsageError, match=r"its package\.json is not that"):
            find_runtime(old)


@pytest.mark.skipif(sys.platform == "win32", reason="the program that stands in for npm is a script")
def test_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(write_package(tmp_path / "package", version=VERSION), arcname="package")
    code = f"import shutil\nassert sys.argv[1:] == ['pack', '--json', 'onnxruntime-web@{VERSION}']\n"
    put_npm(tmp_path / "bin", monkeypatch, f"{code}shutil.copy({str(archive)!r}, 'onnxruntime-web-{VERSION}.tgz')")
    fetched = fetch_runtime()
    assert fetched.version == VERSION
    names = {str(path.relative_to(cache_folder())) for path in cache_folder().rglob("*") if path.is_file()}
    assert names == {"package.json", SCRIPT, BINARY}
    assert list(cache_folder().parent.iterdir()) == [cache_folder()]
    monkeypatch.setenv("PATH", "")
    assert find_runtime(None) == fetched


@pytest.mark.skipif(sys.platform == "win32", reason="the program that stands in for npm is a script")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            """print('{"error": {"summary": "there is no\\\\nsuch version"}}'); sys.exit(1)""",
            "there is no such version",
        ),
        ("print('[]'); sys.exit(7)", "npm ended with code 7"),
        ("", "npm left no archive"),
    ],
)
def test_npm_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str) -> None:
    put_npm(tmp_path / "bin", monkeypatch, code)
    with pytest.raises(MnistspecError) as caught:
        fetch_runtime()
    assert str(caught.value) == (
        f"onnxruntime-web {VERSION} could not be fetched: {reason}; "
        "or name a folder that has the package with --runtime DIR"
    )
    assert list(cache_folder().parent.iterdir()) == []


def test_the_real_npm_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with pytest.raises(MnistspecError, match=r"could not be fetched: .*127\.0\.0\.1:1.*; or name a folder"):
        fetch_runtime()


def test_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MnistspecError, match="there is no npm here to fetch it; install"):
        fetch_runtime()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_npm(tmp_path / "bin", monkeypatch, "")
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(MnistspecError, match=r"cannot write .*onnxruntime-web"):
        fetch_runtime()


def test_refusals(mnistspec: CommandLine, tmp_path: Path) -> None:
    refusals: tuple[tuple[list[str | Path], str], ...] = (
        (
            ["--runtime", tmp_path, "--safetensors", tmp_path / "a"],
            "--runtime is for --page: only a page",
        ),
        (["--page", tmp_path / "page.txt"], "give it a name that ends with .html or .htm"),
        (["--page", tmp_path / "a.html", "--normalize"], "--normalize is for ONNX: a page does so always"),
        ([], "-o FILE.onnx, -o FILE.safetensors or -o FILE.html"),
    )
    for arguments, words in refusals:
        outcome = mnistspec("export", tmp_path, *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.err
