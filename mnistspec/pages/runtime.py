"""onnxruntime-web, which runs a network in a browser: an npm package, found where it is or fetched once."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.files import default_cache_dir, explain_os_error

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# The build for the CPU alone, with its loader bundled in, and what it loads: the smallest pair of the package's files.
_SCRIPT, _BINARY = "dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"
_FILES = ("package.json", _SCRIPT, _BINARY)
_SECONDS = 600  # for 33 MB


@dataclass(frozen=True)
class Runtime:
    """The parts of onnxruntime-web that a page needs: an ES module and the WebAssembly that it loads."""

    folder: Path
    version: str
    script: bytes
    binary: bytes


def find_runtime(folder: Path | None) -> Runtime | None:
    """Return the package in ``folder``, or else in ./node_modules or the cache; None if it is in neither.

    Raises UsageError for a ``folder`` without the package.
    """
    if folder is not None:
        return _read(folder)
    found = (place for place in (Path("node_modules") / PACKAGE, cache_folder()) if (place / _BINARY).is_file())
    place = next(found, None)
    return _read(place) if place else None


def cache_folder() -> Path:
    """Return where the fetched package is kept."""
    return default_cache_dir() / f"{PACKAGE}-{VERSION}"


def fetch_runtime() -> Runtime:
    """Fetch the package with npm, which checks it, and keep the files that are needed in the cache."""
    npm = shutil.which("npm")
    if npm is None:
        raise MnistspecError(
            f"a page needs the npm package {PACKAGE}, and there is no npm here to fetch it; install Node.js, "
            f"or run `npm install {PACKAGE}@{VERSION}` elsewhere and name its folder with --runtime DIR"
        )
    folder = cache_folder()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            whole = _unpack(_pack(npm, Path(temporary)), Path(temporary) / "whole")
            shutil.rmtree(folder, ignore_errors=True)  # what is there was not whole, or it would have been found
            whole.replace(folder)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    return _read(folder)


def _pack(npm: str, folder: Path) -> Path:
    """Fetch the package's archive into a folder."""
    command = [npm, "pack", "--json", f"{PACKAGE}@{VERSION}"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - npm's path, and constants
        reason = "" if done.returncode == 0 else _read_summary(done.stdout) or f"npm ended with code {done.returncode}"
    except subprocess.TimeoutExpired:
        reason = f"npm took longer than {_SECONDS} seconds"
    archive = next(folder.glob("*.tgz"), None)
    if reason or archive is None:
        raise MnistspecError(
            f"{PACKAGE} {VERSION} could not be fetched: {reason or 'npm left no archive'}; "
            f"or name a folder that has the package with --runtime DIR"
        )
    return archive


def _read_summary(output: bytes) -> str:
    """Return npm's own sentence about what went wrong; nothing if there is none."""
    try:
        return " ".join(str(json.loads(output)["error"]["summary"]).split())
    except (ValueError, KeyError, TypeError):
        return ""


def _unpack(archive: Path, folder: Path) -> Path:
    """Write the files that are needed, and no others, into a new folder."""
    with tarfile.open(archive) as package:
        for name in _FILES:
            try:
                file = package.extractfile(f"package/{name}")
            except KeyError:
                file = None
            if file is None:
                raise MnistspecError(f"{PACKAGE} {VERSION}: npm's archive holds no {name}; try it again")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read())
    return folder


def _read(folder: Path) -> Runtime:
    """Read the package in a folder; raise UsageError if it is missing."""
    try:
        description, script, binary = ((folder / name).read_bytes() for name in _FILES)
        package = json.loads(description)
        name, version = str(package["name"]), str(package["version"])
    except OSError as error:
        raise UsageError(
            f"{folder}: not the npm package {PACKAGE}: {error.strerror}: {error.filename}; "
            f"--runtime takes a folder such as node_modules/{PACKAGE}"
        ) from None
    except (ValueError, KeyError, TypeError):
        name = version = ""
    if name != PACKAGE:
        raise UsageError(f"{folder}: not the npm package {PACKAGE}: its package.json is not that of {PACKAGE}")
    return Runtime(folder, version, script, binary)
