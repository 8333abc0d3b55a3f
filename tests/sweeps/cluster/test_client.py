"""Connecting to a scheduler: what is missing or wrong is one sentence, and Dask adds none of its own."""

from __future__ import annotations

import logging
import warnings

import pytest

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.sweeps.cluster.client import connect
from tests.needs import need_module


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistspec.sweeps.cluster.client.find_spec", lambda _: None)
    with pytest.raises(MnistspecError, match=r"pip install 'mnistspec\[cluster\]'"):
        connect("tcp://127.0.0.1:1")


@pytest.mark.parametrize("address", ["x\0", "tcp://\xe9:1", "\x1b[2J", "nonsense://x"])
def test_what_is_no_address(address: str) -> None:
    need_module("distributed")
    with pytest.raises(UsageError, match="not the address of a scheduler"):
        connect(address)


def test_dask_is_silent_about_what_we_say(monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("distributed")
    from distributed.versions import VersionMismatchWarning  # noqa: PLC0415 - an extra

    monkeypatch.setattr("mnistspec.sweeps.cluster.client._PATIENCE", "1s")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(MnistspecError, match="no Dask scheduler answers there within 1 seconds"):
            connect("tcp://127.0.0.1:1")
        warnings.warn("versions differ", VersionMismatchWarning, stacklevel=1)
        warnings.warn("Sending large graph of size 20 MiB", UserWarning, stacklevel=1)
    assert caught == []
    for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
