"""Memory that is freed in one step is needed in the next."""

from __future__ import annotations

import ctypes
import sys

# glibc's malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_ENOUGH = 2**30


def keep_freed_memory() -> bool:
    """Ask the C library not to give freed memory back to the system; return whether it could be asked (glibc only).

    By default glibc gives back large blocks, and the next step has them mapped and zeroed again, page by page: several
    thousand page faults a step.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(option, _ENOUGH) for option in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD))
