"""What a run was made with, so that it can be made again, and what makes its bytes differ elsewhere."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

_PACKAGES = ("mnistspec", "torch", "torchvision", "numpy", "pydantic")
# Where these differ, the same spec and seed may give other bytes.
_EXACT_PACKAGES = ("mnistspec", "torch", "numpy")
_EXACT = ("device", "device_name", "threads", "machine", "cpu")
_LONGEST = 60


def describe_environment(device: torch.device) -> dict[str, Any]:
    """Return versions, device, threads and command as plain data."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def find_drift(before: object, now: dict[str, Any]) -> list[str]:
    """Return, in words, in what two environments differ so that results may not be equal to the bit.

    ``before`` comes from a file, and may be anything.
    """
    old, new = _flatten(before), _flatten(now)
    return [f"{key} was {old.get(key)}, is {new[key]}" for key in new if old.get(key) != new[key]]


def _flatten(environment: object) -> dict[str, str]:
    known = environment if isinstance(environment, dict) else {}
    packages = known.get("packages")
    packages = packages if isinstance(packages, dict) else {}
    pairs = [*((key, packages.get(key)) for key in _EXACT_PACKAGES), *((key, known.get(key)) for key in _EXACT)]
    return {key: str(value)[:_LONGEST] for key, value in pairs}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # used from a folder, not installed
        return "unknown"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
