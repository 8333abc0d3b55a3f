"""The C library keeps what a step frees, so that the next one meets no page faults."""

from __future__ import annotations

import ctypes
import platform
import sys
from types import SimpleNamespace

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


@pytest.mark.parametrize(("answers", "is_asked"), [((1, 1), True), ((0, 1), False), ((1, 0), False)])
def test_the_c_library_is_asked_for_both_limits(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[int, int], is_asked: bool
) -> None:
    asked: list[tuple[int, int]] = []

    def mallopt(option: int, value: int) -> int:
        asked.append((option, value))
        return answers[len(asked) - 1]

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=mallopt))
    assert keep_freed_memory() is is_asked
    assert asked == [(-1, 2**30), (-3, 2**30)][: len(asked)]  # the numbers of glibc's malloc.h
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())  # musl
    assert not keep_freed_memory()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
