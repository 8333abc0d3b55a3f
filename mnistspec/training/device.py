"""Where to train: CUDA, else Apple's MPS, else the CPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mnistspec.errors import UsageError
from mnistspec.wording import quote

if TYPE_CHECKING:
    import torch


def check_name(name: str) -> str:
    """Return the name of a device (auto, cpu, cuda, cuda:1, mps); raise UsageError for another, without torch."""
    if not re.fullmatch(r"auto|(cpu|cuda|mps)(:\d{1,3})?", name, re.ASCII):
        raise UsageError(f"{quote(name)} is not a device; use cpu, cuda, cuda:1 or mps")
    return name


def choose_device(name: str | None = None) -> torch.device:
    """Return the device by name (cpu, cuda, cuda:1, mps; default: best available); raise UsageError if it is absent."""
    import torch  # noqa: PLC0415 - a name is checked without it

    if name is None or name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(check_name(name))
    present = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }
    if (device.index or 0) >= present[device.type]:
        there = ", ".join(kind for kind, count in present.items() if count)
        raise UsageError(f'the device "{name}" is not on this machine; it has: {there}')
    return device


def list_devices() -> list[str]:
    """Return the devices of this machine, the best first, with the names of GPUs."""
    import torch  # noqa: PLC0415 - the same

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    devices = [f"cuda:{index} ({torch.cuda.get_device_name(index)})" for index in range(count)]
    return [*devices, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
