"""The memory that there is, what a training takes of it, and allocations that fail."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.language.loader import load_spec
from mnistspec.language.vocabulary.optimizers import SGD, Adam
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.network.builder import sketch_model
from mnistspec.training import feasibility, memory
from mnistspec.training.evaluation import compute_logits, evaluate, fit_batch, normalize
from mnistspec.training.feasibility import check_training
from mnistspec.training.footprint import Footprint, count_parameter_bytes, measure_footprint
from mnistspec.training.memory import allocating, available_memory, write_bytes
from mnistspec.training.state import expected_moments
from tests.benchmarks.memory import measure
from tests.places import SPECS
from tests.training.reference import small_data

if TYPE_CHECKING:
    from pathlib import Path

CPU = torch.device("cpu")
IMAGE = torch.zeros(1, 1, 28, 28)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty system."""
    monkeypatch.setattr(memory, "_ROOT", tmp_path)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


MEMINFO = "MemTotal:  9000000 kB\nMemFree:  100 kB\nMemAvailable:  5000000 kB\nSwapFree:  1000 kB\n"


def test_memory_of_the_system(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "proc/meminfo", MEMINFO)
    assert available_memory(CPU) == 5_001_000 * 1024
    write(root, "proc/meminfo", MEMINFO.replace("SwapFree:  1000 kB", "Empty:"))
    assert available_memory(CPU) == 5_000_000 * 1024
    (root / "proc/meminfo").unlink()  # as on macOS
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}.__getitem__, raising=False)
    assert available_memory(CPU) == 4_096_000
    monkeypatch.delattr(os, "sysconf")  # as on Windows
    assert available_memory(CPU) is None


def test_memory_of_control_groups(root: Path) -> None:
    write(root, "proc/meminfo", MEMINFO)
    write(root, "proc/self/cgroup", "12:cpu,cpuacct:/box:1\n0::/outer/inner\n")
    write(root, "sys/fs/cgroup/outer/inner/memory.max", "max\n")
    write(root, "sys/fs/cgroup/outer/inner/memory.current", "100\n")
    assert available_memory(CPU) == 5_001_000 * 1024
    write(root, "sys/fs/cgroup/outer/memory.max", "3000000\n")
    write(root, "sys/fs/cgroup/outer/memory.current", "1000000\n")
    assert available_memory(CPU) == 2_000_000
    write(root, "sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 70\nactive_file 9\n")
    assert available_memory(CPU) == 2_000_070
    write(root, "sys/fs/memory.max", "1\n")  # not of a group
    write(root, "sys/fs/memory.current", "1\n")
    assert available_memory(CPU) == 2_000_070
    write(root, "sys/fs/cgroup/memory.max", "400\n")  # what a container sees of its own group
    write(root, "sys/fs/cgroup/memory.current", "500\n")
    assert available_memory(CPU) == 0


def test_memory_of_control_groups_of_the_first_version(root: Path) -> None:
    write(root, "proc/meminfo", MEMINFO)
    write(root, "proc/self/cgroup", "4:memory,hugetlb:/docker/abc\n3:cpu:/\n0::/\n")
    write(root, "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", f"{2**63 - 4096}\n")
    write(root, "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "5\n")
    assert available_memory(CPU) == 5_001_000 * 1024
    write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n")
    write(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", "8000\n")
    write(root, "sys/fs/cgroup/memory/memory.stat", "inactive_file 5\ntotal_inactive_file 300\n")
    assert available_memory(CPU) == 1_300


@pytest.mark.parametrize(("kind", "name"), [(resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")])
def test_memory_that_the_process_may_have(root: Path, monkeypatch: pytest.MonkeyPatch, kind: int, name: str) -> None:
    write(root, "proc/meminfo", MEMINFO)
    write(root, "proc/self/status", f"Name:\tpython 3\n{name}:\t   1000 kB\nThreads:\t7\n")
    monkeypatch.setattr(resource, "getrlimit", lambda asked: (3_000_000 if asked == kind else -1, -1))
    assert available_memory(CPU) == 3_000_000 - 1_024_000
    monkeypatch.setattr(resource, "getrlimit", lambda asked: (3_000 if asked == kind else -1, -1))
    assert available_memory(CPU) == 0


def test_memory_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1000, 9000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    assert available_memory(torch.device("cuda")) == 1200


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to ..."
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 12 bytes."),
        RuntimeError("could not create a memory object"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
    ],
)
def test_an_allocation_that_fails_is_a_sentence(error: Exception) -> None:
    with (
        pytest.raises(MnistspecError, match=r"^out of memory in a step of 64 images; take fewer$") as raised,
        allocating("a step of 64 images", "take fewer"),
    ):
        raise error
    assert raised.value.exit_code == 1


def test_other_errors_stay_what_they_are() -> None:
    for error in (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("out of range")):
        with pytest.raises(type(error), match=str(error)), allocating("a step", "take fewer"):
            raise error


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "1 MB"),
        (1.6e6, "2 MB"),
        (999e6, "999 MB"),
        (1e9, "1.0 GB"),
        (1.2345e12, "1,234.5 GB"),
        (999_999_999, "1000 MB"),
        (2_499_999, "2 MB"),
        (2_500_001, "3 MB"),
        (1e18, "1,000,000,000.0 GB"),
    ],
)
def test_bytes_as_text(count: float, text: str) -> None:
    assert write_bytes(count) == text


def test_the_arithmetic_of_a_network() -> None:
    dropout = nn.Dropout(0.5)
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 3, 1), dropout, nn.GELU(), nn.Flatten(),
        nn.BatchNorm1d(507), nn.Linear(507, 10),
    )  # fmt: skip
    found = measure_footprint(model, IMAGE)
    # The image, relu's and maxpool's output (with the places of the maxima), the second convolution's (for GELU, and
    # the dropout's factors), and GELU's own, which batch norm and its output are kept beside.
    maps = 784 + 2 * 26 * 26 + 2 * 13 * 13 + 3 * 13 * 13 + 507 + 507
    assert found.kept == 4 * maps + 8 * 2 * 13 * 13 + 4 * 507
    assert found.passing == 4 * (784 + 2 * 2 * 26 * 26)
    assert found.learning == found.kept + found.passing
    assert found.single == "7 on 507 features"
    dropout.p = 0.05
    assert measure_footprint(model, IMAGE).kept == found.kept - 4 * 507 + int(8 * 0.05 * 507)
    dropout.p = 0.1  # the least with a factor a value
    assert measure_footprint(model, IMAGE).kept == found.kept


@pytest.mark.parametrize(("kernel", "copies"), [(1, 1), (2, 2), (3, 2)])
def test_a_convolution_of_more_than_a_pixel_makes_a_copy(kernel: int, copies: int) -> None:
    found = measure_footprint(nn.Sequential(nn.Conv2d(1, 50, kernel)), IMAGE)
    assert found.passing == 4 * (784 + copies * 50 * (29 - kernel) ** 2)


def test_a_network_that_takes_nothing_gets_whole_batches() -> None:
    assert fit_batch(Footprint(0, 0, ""), CPU) == 500


def test_nothing_is_kept_of_what_an_average_takes() -> None:
    found = measure_footprint(nn.Sequential(nn.Conv2d(1, 50, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), IMAGE)
    assert (found.kept, found.passing, found.single) == (4 * 784, 4 * 51 * 784, "")


def test_bytes_of_parameters() -> None:
    model = nn.Linear(10, 5)
    for optimizer, moments in ((Adam(lr=0.1), 2), (SGD(lr=0.1, momentum=0.9), 1), (SGD(lr=0.1), 0)):
        recipe = Train(optimizer=optimizer)
        found = count_parameter_bytes(model, expected_moments(recipe, model, 2, 2))
        assert found - 3 * 4 * 55 - moments * 4 * 55 in {0, 8}  # Adam counts its steps for weight and bias


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    footprint = measure_footprint(model, IMAGE)
    recipe = Train(batch_size=64)
    fixed = count_parameter_bytes(model, expected_moments(recipe, model, 2, 2))
    for free in (fixed + 64 * footprint.learning, None):
        monkeypatch.setattr(feasibility, "available_memory", lambda _, free=free: free)
        check_training(model, small_data(), recipe, CPU)
    monkeypatch.setattr(feasibility, "available_memory", lambda _: fixed + 64 * footprint.learning - 1)
    with pytest.raises(UsageError, match=r"^a step of 64 images needs about 5 MB of memory, and there are 5 MB; "):
        check_training(model, small_data(), recipe, CPU)
    with pytest.raises(UsageError, match=r"lower train.batch_size to 63$"):
        check_training(model, small_data(), recipe, CPU)
    check_training(model, small_data(), Train(batch_size=63), CPU)
    with pytest.raises(UsageError, match=r"^a step of 110 images needs "):  # there are no more
        check_training(model, small_data(), Train(batch_size=60_000), CPU)
    for free in (0, fixed, fixed + footprint.learning - 1):
        monkeypatch.setattr(feasibility, "available_memory", lambda _, free=free: free)
        with pytest.raises(UsageError, match=r"; make the network smaller, or free memory$"):
            check_training(model, small_data(), Train(batch_size=1), CPU)


def test_the_shipped_specs_are_tested_500_images_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistspec.training.evaluation.available_memory", lambda _: 2**30)
    for path in sorted(SPECS.glob("*.yaml")):
        assert fit_batch(measure_footprint(sketch_model(load_spec(path)), IMAGE), CPU) == 500, path


def test_the_test_batch_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, passing, batch in (
        (None, 2**22, 500), (None, 2**23, 256), (2**40, 2**23, 256), (2**30, 2**23, 64), (2**23, 2**23, 1),
        (0, 1, 1), (0, 2**40, 1), (2**30, 0, 500),
    ):  # fmt: skip
        monkeypatch.setattr("mnistspec.training.evaluation.available_memory", lambda _, free=free: free)
        assert fit_batch(Footprint(0, passing, ""), CPU) == batch
    assert fit_batch(Footprint(0, 1, ""), CPU, 617) == 617


def test_small_batches_give_the_same_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = small_data()
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
    expected = model(normalize(data.test_images[:], data.mean, data.std)).detach()
    sizes: list[int] = []
    model.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    passing = measure_footprint(model, IMAGE).passing
    monkeypatch.setattr("mnistspec.training.evaluation.available_memory", lambda _: 14 * passing)
    found = compute_logits(model, data.test_images[:], mean=data.mean, std=data.std)
    torch.testing.assert_close(found, expected)
    assert sizes[-8:] == [7] * 7 + [1]


def test_a_test_pass_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hungry(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if len(images) > 1:
                raise MemoryError
            return images.flatten(1)[:, :10]

    data = small_data()
    monkeypatch.setattr("mnistspec.training.evaluation.available_memory", lambda _: None)
    with pytest.raises(MnistspecError, match=r"^out of memory in a pass without learning of 500 images at a time; "):
        evaluate(nn.Sequential(Hungry()), data.test_images, data.test_labels, mean=data.mean, std=data.std)


SCRIPT = """
import resource, sys
import torch
from mnistspec import load_dataset
from mnistspec.errors import MnistspecError
from mnistspec.language.vocabulary.optimizers import SGD, Adam
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.training.memory import available_memory
from mnistspec.training.trainer import Training
from torch import nn

torch.set_num_threads(1)
model = nn.Sequential(nn.Conv2d(1, 64, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
steps = Training(model, load_dataset("mnist"), Train(batch_size=1000), torch.device("cpu")).run()
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 100 * 2**20, -1))
assert available_memory(torch.device("cpu")) <= 100 * 2**20
try:
    next(steps)
except MnistspecError as error:
    print(error)
try:
    Training(model, load_dataset("mnist"), Train(batch_size=1000), torch.device("cpu"))
except MnistspecError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_limit_of_the_process() -> None:
    """An allocation really fails, and the next training is refused beforehand."""
    found = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    lines = found.stdout.splitlines()
    assert lines[0] == "out of memory in a step of 1,000 images; lower train.batch_size to 500", found.stderr[-2000:]
    assert lines[1].startswith("a step of 1,000 images needs about 526 MB of memory, and there are ")
    assert "; lower train.batch_size to " in lines[1]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_estimate_is_near_the_peak() -> None:
    """Far enough to be sure on every machine; docs/speed.md has the figures of one."""
    estimated, measured = measure("[conv: 32, relu, bn, maxpool, conv: 32, gelu, gap, fc: 10]", 1000, "adam: 0.001", 1)
    assert 0.6 * measured < estimated < 1.5 * measured
