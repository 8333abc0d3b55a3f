"""The cache of downloaded data sets, against a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from mnistspec.data.dataset import load_dataset
from mnistspec.errors import MnistspecError, UsageError
from mnistspec.files import default_cache_dir
from tests.formats.idx_folders import STANDARD_NAMES, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a small data set as Fashion-MNIST's mirror; the files' folder."""
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415 - slow to import

    raw, folder = write_folder(tmp_path / "raw"), tmp_path / "served"
    folder.mkdir()
    for name in STANDARD_NAMES:
        (folder / f"{name}.gz").write_bytes(gzip.compress((raw / name).read_bytes()))
    resources = [(p.name, hashlib.md5(p.read_bytes(), usedforsecurity=False).hexdigest()) for p in folder.iterdir()]
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=folder)) as httpd:
        monkeypatch.setattr(FashionMNIST, "mirrors", [f"http://127.0.0.1:{httpd.server_port}/"])
        monkeypatch.setattr(FashionMNIST, "resources", resources)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield folder
        httpd.shutdown()
        thread.join()


def test_the_first_use_downloads_and_the_second_is_offline(
    tmp_path: Path, server: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = load_dataset("fashion-mnist", cache_dir=cache)
    assert capsys.readouterr().out == ""
    assert torch.equal(first.test_images[:], load_dataset("mnist", data_dir=tmp_path / "raw").test_images[:])
    assert [path.name for path in cache.iterdir()] == ["FashionMNIST"]
    for path in server.iterdir():
        path.unlink()
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert load_dataset("fashion-mnist", cache_dir=cache).digest == first.digest


def test_without_a_network_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415 - slow to import

    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:1/"])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(MnistspecError) as caught:
        load_dataset("fashion-mnist", cache_dir=tmp_path / "cache")
    reason, advice = str(caught.value).split("\n")
    assert reason.startswith("fashion-mnist could not be downloaded: Error downloading train-images-idx3-ubyte.gz:")
    assert reason.endswith("Connection refused>")
    assert advice == (
        "Put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
        f"t10k-labels-idx1-ubyte.gz into {tmp_path}/cache/FashionMNIST/raw, "
        "or name a folder that has these files with --data-dir FOLDER."
    )
    assert caught.value.exit_code == 1
    assert not isinstance(caught.value, UsageError)
    assert list((tmp_path / "cache" / "FashionMNIST" / "raw").iterdir()) == []


def test_a_torchvision_that_does_not_fit_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MnistspecError) as caught:
        load_dataset("kmnist", cache_dir=tmp_path)
    assert str(caught.value).startswith("torchvision cannot be imported (")
    assert str(caught.value).endswith("pip install --force-reinstall torch torchvision")


@pytest.mark.skipif(sys.platform != "linux", reason="the default differs by platform")
def test_the_cache_lies_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MNISTSPEC_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "mnistspec"
    monkeypatch.setenv("MNISTSPEC_CACHE", str(tmp_path / "elsewhere"))
    assert default_cache_dir() == tmp_path / "elsewhere"
    monkeypatch.delenv("MNISTSPEC_CACHE")
    for ignored in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_cache_dir() == Path.home() / ".cache" / "mnistspec"
