"""Which device is taken, and what is said of one that is absent; the machine's GPUs are made up."""

from __future__ import annotations

import pytest
import torch

from mnistspec.errors import UsageError
from mnistspec.training.device import check_name, choose_device, list_devices


@pytest.fixture
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with so many CUDA devices, and with MPS or without."""
    count, has_mps = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count or 8)  # some drivers count what cannot be used
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)


@pytest.mark.parametrize(
    ("machine", "best", "there", "devices"),
    [
        ((0, False), "cpu", {"cpu", "cpu:0"}, ["cpu"]),
        ((0, True), "mps", {"cpu", "cpu:0", "mps", "mps:0"}, ["mps", "cpu"]),
        ((1, False), "cuda", {"cpu", "cpu:0", "cuda", "cuda:0"}, ["cuda:0 (GPU 0)", "cpu"]),
        (
            (2, True),
            "cuda",
            {"cpu", "cpu:0", "cuda", "cuda:0", "cuda:1", "mps", "mps:0"},
            ["cuda:0 (GPU 0)", "cuda:1 (GPU 1)", "mps", "cpu"],
        ),
    ],
    indirect=["machine"],
)
@pytest.mark.usefixtures("machine")
def test_a_device_is_there_or_not(best: str, there: set[str], devices: list[str]) -> None:
    assert list_devices() == devices
    assert choose_device() == choose_device("auto") == torch.device(best)
    kinds = ", ".join(kind for kind in ("cpu", "cuda", "mps") if kind in there)
    for name in ("cpu", "cpu:0", "cpu:1", "cuda", "cuda:0", "cuda:1", "cuda:2", "mps", "mps:0", "mps:1"):
        if name in there:
            assert choose_device(name) == torch.device(name)
        else:
            with pytest.raises(UsageError, match=f'^the device "{name}" is not on this machine; it has: {kinds}$'):
                choose_device(name)


@pytest.mark.parametrize("name", ["gpu", "CUDA", "cuda:", "cuda:1000", "cuda:-1", "xcuda", "auto:0", ""])
def test_a_word_that_is_no_device(name: str) -> None:
    with pytest.raises(UsageError, match="is not a device; use cpu, cuda, cuda:1 or mps"):
        check_name(name)
    assert check_name("cuda:999") == "cuda:999"
