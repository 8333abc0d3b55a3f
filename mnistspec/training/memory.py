"""How much memory there is, and allocations that fail, as a sentence."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mnistspec.errors import MnistspecError, is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/")


def available_memory(device: torch.device) -> int | None:
    """Return the bytes that can still be allocated on a device; None where the system does not say."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return min((*_system_memory(), *_control_groups(), *_process_limits()), default=None)


@contextmanager
def allocating(what: str, advice: str) -> Iterator[None]:
    """Raise MnistspecError, with what was done and what to lower, where an allocation fails."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MnistspecError(f"out of memory in {what}; {advice}") from None


def write_bytes(count: float) -> str:
    """Return a number of bytes: 31.4 GB, 250 MB."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def _system_memory() -> Iterator[int]:
    """Yield what the system can give without taking it from another process."""
    found = _read_numbers(_ROOT / "proc/meminfo")
    if "MemAvailable" in found:
        yield 1024 * (found["MemAvailable"] + found.get("SwapFree", 0))
    else:  # what others use of it is not known
        try:
            yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (AttributeError, ValueError, OSError):  # Windows has no sysconf
            return


def _control_groups() -> Iterator[int]:
    """Yield what each control group that this process is in has left; cached files are given back when needed.

    See cgroup-v1/memory.rst and cgroup-v2.rst in the documentation of the Linux kernel.
    """
    base = _ROOT / "sys/fs/cgroup"
    for line in _read_lines(_ROOT / "proc/self/cgroup"):
        _, kinds, path = line.split(":", 2)
        if not kinds:
            top, names = base, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            top, names = base / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        inner = top / path.lstrip("/")
        for folder in (inner, *(parent for parent in inner.parents if parent.is_relative_to(top))):
            limit, used = ("".join(_read_lines(folder / name)) for name in names[:2])
            if limit.isdigit() and used.isdigit():  # no limit is "max"
                cached = _read_numbers(folder / "memory.stat").get(names[2], 0)
                yield max(0, int(limit) - int(used) + cached)


def _process_limits() -> Iterator[int]:
    """Yield what the limits of this process leave (ulimit -v, ulimit -d)."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    used = _read_numbers(_ROOT / "proc/self/status")
    for kind, name in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY and name in used:
            yield max(0, limit - 1024 * used[name])


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system, or a container that does not show it
        return []


def _read_numbers(path: Path) -> dict[str, int]:
    """Return the lines of a file of the kernel's that have a name and a number, perhaps with a unit."""
    words = (line.split() for line in _read_lines(path))
    return {word[0].rstrip(":"): int(word[1]) for word in words if len(word) > 1 and word[1].isdigit()}
