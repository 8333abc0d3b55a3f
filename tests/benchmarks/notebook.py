"""The yardstick: one epoch in the way of the course's notebooks, and its test pass.

Every sample goes through torchvision's ToTensor and Normalize on its own, a DataLoader makes batches, a progress bar is
fed with the loss of each, and SGD follows OneCycleLR. ``python -m tests.benchmarks.notebook``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor
from tqdm import tqdm

from tests.benchmarks.pieces import print_figures, unpack

DROPOUT = 0.03
MAX_LR = 0.015
BATCH_SIZE = 128


def make_network() -> nn.Sequential:
    """Return the course's last network, 6,720 parameters: images (n, 1, 28, 28) to log-probabilities (n, 10)."""
    modules: list[nn.Module] = []

    def convolve(inputs: int, outputs: int, kernel: int = 3) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, bias=False)
        modules.extend((convolution, nn.ReLU(), nn.BatchNorm2d(outputs), nn.Dropout(DROPOUT)))

    convolve(1, 8)
    convolve(8, 16)
    modules.extend((nn.MaxPool2d(2), nn.Conv2d(16, 8, 1, bias=False)))
    convolve(8, 10)
    convolve(10, 16)
    convolve(16, 18)
    modules.append(nn.AvgPool2d(6))
    convolve(18, 16, 1)
    modules.extend((nn.Conv2d(16, 10, 1, bias=False), nn.Flatten(), nn.LogSoftmax(dim=1)))
    return nn.Sequential(*modules)


Loader = DataLoader[tuple[Tensor, Tensor]]


def train(model: nn.Sequential, loader: Loader, device: torch.device) -> None:
    """Learn for an epoch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=MAX_LR, momentum=0.9)
    scheduler = OneCycleLR(optimizer, max_lr=MAX_LR, epochs=1, steps_per_epoch=len(loader))
    model.train()
    right = seen = 0
    bar = tqdm(loader)
    for batch in bar:
        images, labels = (tensor.to(device) for tensor in batch)
        optimizer.zero_grad()
        output = model(images)
        loss = F.nll_loss(output, labels)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own method has no types
        optimizer.step()
        scheduler.step()
        right += int(output.argmax(1).eq(labels).sum().item())
        seen += len(labels)
        bar.set_description(f"loss {loss.item():.4f} accuracy {100 * right / seen:.2f}")


@torch.no_grad()
def test(model: nn.Sequential, loader: Loader, device: torch.device) -> float:
    """Return the accuracy in percent."""
    model.eval()
    right = seen = 0
    for batch in loader:
        images, labels = (tensor.to(device) for tensor in batch)
        right += int(model(images).argmax(1).eq(labels).sum().item())
        seen += len(labels)
    return 100 * right / seen


def measure(data_dir: Path | None, device: torch.device) -> dict[str, float]:
    """Return the seconds of training and of the test pass, and the accuracy."""
    transform = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    with tempfile.TemporaryDirectory() as folder:
        unpack(data_dir, Path(folder))
        learned, tested = (
            DataLoader(MNIST(folder, train=train, transform=transform), batch_size=BATCH_SIZE, shuffle=True)
            for train in (True, False)
        )
    model = make_network().to(device)
    start = time.perf_counter()
    train(model, learned, device)
    trained = time.perf_counter()
    accuracy = test(model, tested, device)
    end = time.perf_counter()
    return {"epoch_s": end - start, "train_s": trained - start, "accuracy": accuracy}


def main() -> None:
    """Print the figures of one epoch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    options = parser.parse_args()
    torch.manual_seed(1)
    print_figures(**measure(options.data_dir, options.device))


if __name__ == "__main__":
    main()
