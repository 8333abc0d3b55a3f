"""The C library keeps what a step frees, so that the next one meets no page faults."""

from __future__ import annotations

import platform
import sys

import pytest
import torch

from mnistspec.training.fast.memory import keep_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc only")
def test_large_blocks_are_mapped_once() -> None:
    import resource  # noqa: PLC0415 - not on every system

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            torch.zeros(2**21)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert keep_freed_memory()
    faults()
    assert faults() < 2**21 * 4 // 4096, "fewer than mapping it even once"


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
