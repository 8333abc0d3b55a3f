"""What a run is made with, so that it can be made again."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from mnistspec.files import strip_places
from mnistspec.runs.models import Environment

if TYPE_CHECKING:
    import torch

    from mnistspec.runs.folder import RunDir

_PACKAGES = ("mnistspec", "torch", "torchvision", "numpy", "pydantic")


def describe_environment(device: torch.device, data_dir: str | None = None) -> Environment:
    """Return versions, device, threads, command and the data's folder as given.

    Nothing in it names the user, the host or its kernel's build.
    """
    import torch  # noqa: PLC0415 - whoever asks for a version only needs no torch

    return Environment(
        python=platform.python_version(),
        packages={name: find_version(name) for name in _PACKAGES},
        platform="-".join(filter(None, (platform.system(), platform.machine(), *platform.libc_ver()))),
        machine=platform.machine(),
        cpu=_cpu_name(),
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
        device=device.type,
        device_name=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        data_dir=data_dir and strip_places([data_dir])[0],
        command=strip_places([Path(sys.argv[0]).name, *sys.argv[1:]]),
    )


def find_data_dir(run: RunDir) -> Path | None:
    """Return the folder that the user gave for a run's data; None where there was none."""
    if run.result:
        path = run.result.data.path
    else:
        path = run.environment.data_dir if (run.path / "env.json").is_file() else None
    found = Path(path).expanduser() if path else None
    if found is not None and not found.is_absolute() and not found.exists():
        beside = run.path.parent.parent.parent / found  # the folder that runs/ is in: it was moved, or is another's
        return beside if beside.exists() else found
    return found


def find_version(package: str) -> str:
    """Return the version of an installed package, or "unknown"."""
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
