"""What the processor can do: float32 products of 2048x2048 matrices. ``python -m tests.benchmarks.matrix_product``."""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from tests.benchmarks.pieces import print_figures


def measure(size: int = 2048, repeats: int = 20) -> dict[str, float]:
    """Return the FLOP a second in the median product of two square matrices, with all threads, and their number."""
    left, right, output = torch.rand(size, size), torch.rand(size, size), torch.empty(size, size)
    seconds = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        torch.mm(left, right, out=output)
        seconds.append(time.perf_counter() - start)
    return {"flop_per_s": 2 * size**3 / statistics.median(seconds[2:]), "threads": torch.get_num_threads()}


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser().parse_args()
    print_figures(**measure())


if __name__ == "__main__":
    main()
