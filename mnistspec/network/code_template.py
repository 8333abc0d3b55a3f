"""The file that a spec is written out as: what is the same for every spec, with marks where they differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A line that ends with "#? word" is there only if the spec has that; one with "#? no word" only if it has not.
_CONDITION = re.compile(r"  #\? (?P<no>no )?(?P<word>\w+)$")
_GAP = re.compile(r"\n{4,}")  # where a function was left out
_PLACE = re.compile(r"@(\w+)@")

TEMPLATE = '''\
"""@title@

@size@
Written by mnistspec; it needs torch and torchvision only.

    python FILE                trains on @data_class@, downloaded into the folder data
    python FILE --data DIR     ... on the four IDX files in a folder, packed or not
    python FILE --epochs 1     ... for one epoch

The network has the parameters that mnistspec's has under the same seed, and takes the
weights of its runs: model.load_state_dict(safetensors.torch.load_file(FILE)). What is
random while it learns is drawn by torch, so accuracies differ by a little.
"""

import argparse
import gzip
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler  #? schedule
from torchvision import datasets
from torchvision.transforms import v2  #? augment

EPOCHS = @epochs@
BATCH_SIZE = @batch_size@
SEED = @seed@
HOLDOUT = @holdout@  # training images that take the test set's place  #? holdout


@network@


def read_idx(folder: Path, name: str) -> Tensor:
    """Return the values of an IDX file as bytes; of larger integers the lowest."""
    path = folder / f"{name}.gz"
    if path.exists():
        content = gzip.decompress(path.read_bytes())
    else:
        content = (folder / name).read_bytes()
    first = 4 + 4 * content[3]
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, first, 4)]
    values = torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=first)
    return values.view(*shape, -1)[..., -1]


def load_data(folder: Path | None, train: bool) -> tuple[Tensor, Tensor]:
    """Return images in [0, 1], (n, 1, 28, 28), and their labels, (n)."""
    if folder is None:
        split = datasets.@data_class@("data", train=train, download=True)
        images, labels = split.data, split.targets
    else:
        part = "train" if train else "t10k"  #? no qmnist
        images = read_idx(folder, f"{part}-images-idx3-ubyte")  #? no qmnist
        labels = read_idx(folder, f"{part}-labels-idx1-ubyte")  #? no qmnist
        part = "train" if train else "test"  #? qmnist
        images = read_idx(folder, f"qmnist-{part}-images-idx3-ubyte")  #? qmnist
        labels = read_idx(folder, f"qmnist-{part}-labels-idx2-int")  #? qmnist
    return images.float().div(255).unsqueeze(1), labels.long()  #? no qmnist
    return images.float().div(255).unsqueeze(1), labels[:, 0].long()  #? qmnist


@augmentation@  #? augment


@optimizer@


@schedule@  #? schedule


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: lr_scheduler.LRScheduler,  #? schedule
    images: Tensor,
    labels: Tensor,
    mean: Tensor,
    std: Tensor,
) -> tuple[float, float]:
    """Learn from every image once; return the mean loss and the accuracy in percent."""
    device = next(model.parameters()).device
    augment = make_augmentation()  #? augment
    model.train()
    total_loss, right = 0.0, 0
    for batch in torch.randperm(len(images)).split(BATCH_SIZE):
        inputs = images[batch]
        inputs = torch.stack([augment(image) for image in inputs])  #? augment
        inputs, targets = ((inputs - mean) / std).to(device), labels[batch].to(device)
        logits = model(inputs)
        loss = nn.functional.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()  #? schedule
        total_loss += loss.item() * len(batch)
        right += int((logits.argmax(1) == targets).sum())
    return total_loss / len(images), 100 * right / len(images)


@torch.no_grad()
def test(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the mean loss and the accuracy in percent on normalised images."""
    device = next(model.parameters()).device
    model.eval()
    logits = torch.cat([model(part.to(device)).cpu() for part in images.split(500)])
    accuracy = 100 * int((logits.argmax(1) == labels).sum()) / len(labels)
    return float(nn.functional.cross_entropy(logits, labels)), accuracy


def main() -> None:
    """Train, with a test pass after each epoch."""
    parser = argparse.ArgumentParser(description="Train the network of this file.")
    parser.add_argument("--data", type=Path, metavar="DIR", help="of IDX files")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--save", type=Path, metavar="FILE", help="where weights go")
    options = parser.parse_args()

    images, labels = load_data(options.data, train=True)
    mean, std = images.mean(), images.std()
    test_images, test_labels = load_data(options.data, train=False)  #? no holdout
    images, test_images = images[:-HOLDOUT], images[-HOLDOUT:]  #? holdout
    labels, test_labels = labels[:-HOLDOUT], labels[-HOLDOUT:]  #? holdout
    test_images = (test_images - mean) / std

    torch.manual_seed(SEED)
    model = build_model().to("cuda" if torch.cuda.is_available() else "cpu")
    optimizer = make_optimizer(model)
    steps = -(-len(images) // BATCH_SIZE)  #? schedule
    schedule = make_schedule(optimizer, options.epochs, steps)  #? schedule
    for epoch in range(1, options.epochs + 1):
        train_loss, train_accuracy = train_epoch(
            model, optimizer, schedule, images, labels, mean, std  #? schedule
            model, optimizer, images, labels, mean, std  #? no schedule
        )
        test_loss, test_accuracy = test(model, test_images, test_labels)
        print(
            f"epoch {epoch}"
            f"  train loss {train_loss:.4f}, accuracy {train_accuracy:.2f} %"
            f"  test loss {test_loss:.4f}, accuracy {test_accuracy:.2f} %"
        )
    if options.save:
        torch.save(model.state_dict(), options.save)


if __name__ == "__main__":
    main()
'''


def fill_in(conditions: Mapping[str, bool], parts: Mapping[str, str]) -> str:
    """Return the file for a spec that has what ``conditions`` says, with its parts in their places."""
    lines = []
    for line in TEMPLATE.split("\n"):
        found = _CONDITION.search(line)
        if found is None:
            lines.append(line)
        elif conditions[found["word"]] != bool(found["no"]):
            lines.append(line[: found.start()])
    text = _PLACE.sub(lambda place: parts[place[1]], "\n".join(lines))
    return _GAP.sub("\n\n\n", text)
