"""How far the estimate of a training's memory is from its peak: ``python -m tests.benchmarks.memory`` (Linux).

The peak is what the resident memory of a process grows by in the first two steps of a training.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from mnistspec.wording import markdown_table
from tests.places import SPECS

# A spec's layers, or its file; the images of a step; the optimizer.
NETWORKS = (
    ("specs/step1.yaml", 4096, "sgd: {lr: 0.01, momentum: 0.9}"),
    ("specs/step6.yaml", 4096, "sgd: {lr: 0.01, momentum: 0.9}"),
    ("[conv: 64, relu, gap, fc: 10]", 1000, "sgd: 0.01"),
    ("[flatten, fc: 2000, sigmoid, fc: 2000, sigmoid, fc: 10]", 2000, "adam: 0.001"),
    ("[conv: 32, gelu, bn, dropout: 0.3, maxpool, conv: 32, silu, gap, fc: 10]", 1000, "sgd: 0.01"),
)


def measure(layers: str, batch: int, optimizer: str, threads: int = 2) -> tuple[int, int]:
    """Return the bytes that were estimated and those that were measured, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", layers, str(batch), optimizer, str(threads)]
    done = subprocess.run(command, cwd=SPECS.parent, capture_output=True, text=True, check=True)
    estimated, measured = map(int, done.stdout.split())
    return estimated, measured


def main() -> None:
    """Print a table of all networks; with arguments, the two figures of one."""
    if len(sys.argv) > 1:
        sys.stdout.write("{} {}\n".format(*_measure_here(*sys.argv[1:])))
        return
    rows = []
    for layers, batch, optimizer in NETWORKS:
        estimated, measured = measure(layers, batch, optimizer)
        sizes = [f"{size / 1e6:,.0f} MB" for size in (estimated, measured)]
        rows.append([f"`{layers}`", f"{batch:,}", f"`{optimizer}`", *sizes, f"{estimated / measured:.2f}"])
    head = ("network", "images a step", "optimizer", "estimated", "measured", "estimated / measured")
    sys.stdout.write(markdown_table(head, rows, (":--", "--:", ":--", "--:", "--:", "--:")) + "\n")


def _measure_here(layers: str, batch: str, optimizer: str, threads: str) -> tuple[int, int]:
    import torch  # noqa: PLC0415 - the process that prints the table needs none of these

    from mnistspec import build_model, load_dataset, load_spec  # noqa: PLC0415
    from mnistspec.training.footprint import count_parameter_bytes, measure_footprint  # noqa: PLC0415
    from mnistspec.training.state import expected_moments  # noqa: PLC0415
    from mnistspec.training.trainer import Training  # noqa: PLC0415

    torch.set_num_threads(int(threads))
    with tempfile.TemporaryDirectory() as name:
        path = SPECS.parent / layers if layers.endswith(".yaml") else Path(name) / "spec.yaml"
        if not path.is_file():
            path.write_text(f"layers: {layers}\n", encoding="utf-8")
        spec = load_spec(path, [f"train.batch_size={batch}", f"train.optimizer={{{optimizer}}}"])
    training = Training(build_model(spec), load_dataset("mnist"), spec.train, torch.device("cpu"))
    fixed = count_parameter_bytes(training.model, expected_moments(spec.train, training.model, 2, 2))
    estimated = fixed + spec.train.batch_size * measure_footprint(training.model, torch.zeros(1, 1, 28, 28)).learning
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
    before = _read_status("VmRSS")
    list(islice(training.run(), 2))
    return estimated, _read_status("VmHWM") - before


def _read_status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
