"""Where to train: CUDA, else Apple's MPS, else the CPU."""

from __future__ import annotations

import torch

from mnistspec.errors import UsageError


def choose_device(name: str | None = None) -> torch.device:
    """Return the device by name (cpu, cuda, cuda:1, mps; default: best available); raise UsageError if it is absent."""
    if name is None or name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f'"{name}" is not a device; use cpu, cuda, cuda:1 or mps') from None
    present = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }
    if (device.index or 0) >= present.get(device.type, 0):
        there = ", ".join(kind for kind, count in present.items() if count)
        raise UsageError(f'the device "{name}" is not on this machine; it has: {there}')
    return device


def list_devices() -> list[str]:
    """Return the devices of this machine, the best first, with the names of GPUs."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    devices = [f"cuda:{index} ({torch.cuda.get_device_name(index)})" for index in range(count)]
    return [*devices, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]
