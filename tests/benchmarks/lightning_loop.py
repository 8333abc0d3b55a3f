"""The same work in Lightning over a TensorDataset in memory, in its fastest ordinary set-up.

Images are normalised once, batches are taken by index (torch.utils.data's way without automatic batching), and there is
no logger, checkpoint, progress bar or summary. ``python -m tests.benchmarks.lightning_loop``
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset
from torchvision.datasets import MNIST

from tests.benchmarks.notebook import BATCH_SIZE, MAX_LR, make_network
from tests.benchmarks.pieces import print_figures, unpack


class Model(lightning.LightningModule):  # type: ignore[misc]  # mypy is shown no types of Lightning, which need not be installed
    """The yardstick's network, loss, optimizer and schedule."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.network: nn.Sequential = make_network()
        self.steps, self.seen = steps, 0
        self.right = {"train": torch.zeros(()), "test": torch.zeros(())}
        self.started = self.trained = self.ended = 0.0

    def _count(self, part: str, output: Tensor, labels: Tensor) -> None:
        self.right[part] = self.right[part].to(output.device) + output.detach().argmax(1).eq(labels).sum()

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        images, labels = batch
        output = self.network(images)
        self._count("train", output, labels)
        return F.nll_loss(output, labels)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        images, labels = batch
        self._count("test", self.network(images), labels)
        self.seen += len(labels)

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = torch.optim.SGD(self.parameters(), lr=MAX_LR, momentum=0.9)
        scheduler = OneCycleLR(optimizer, max_lr=MAX_LR, total_steps=self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        self.started = time.perf_counter()

    def on_validation_start(self) -> None:
        self.trained = time.perf_counter()

    def on_validation_end(self) -> None:
        self.ended = time.perf_counter()


def make_loader(folder: str, *, train: bool) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return batches of normalised images (n, 1, 28, 28) with their labels, from memory."""
    mnist = MNIST(folder, train=train)
    images = mnist.data.unsqueeze(1).float().div_(255).sub_(0.1307).div_(0.3081)
    dataset: Any = TensorDataset(images, mnist.targets)
    order = RandomSampler(dataset) if train else SequentialSampler(dataset)
    return DataLoader(dataset, sampler=BatchSampler(order, BATCH_SIZE, drop_last=False), batch_size=None)


def measure(data_dir: Path | None, accelerator: str) -> dict[str, float]:
    """Return the seconds of training and of the test pass, and the accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(data_dir, Path(folder))
        learned, tested = (make_loader(folder, train=train) for train in (True, False))
    model = Model(len(learned))
    trainer = lightning.Trainer(
        max_epochs=1, accelerator=accelerator, devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(model, learned, tested)
    accuracy = 100 * float(model.right["test"] / model.seen)
    return {"epoch_s": model.ended - model.started, "train_s": model.trained - model.started, "accuracy": accuracy}


def main() -> None:
    """Print the figures of one epoch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")  # it recommends worker processes, which are slower here
    torch.manual_seed(1)
    print_figures(**measure(options.data_dir, options.device))


if __name__ == "__main__":
    main()
