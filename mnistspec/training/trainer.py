"""The one generic trainer: a generator of progress that knows no files and prints nothing."""

from __future__ import annotations

import math
import time
import warnings
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from mnistspec.data.dataset import Dataset
from mnistspec.errors import NotFiniteError, check_type
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.training.augmentation import Augmentation
from mnistspec.training.device import choose_device
from mnistspec.training.evaluation import Evaluation, by_channel, evaluate, normalize
from mnistspec.training.fast.acceleration import AcceleratedNetwork
from mnistspec.training.feasibility import advise_batch_size, check_model, check_training
from mnistspec.training.loss import weigh_classes
from mnistspec.training.memory import allocating
from mnistspec.training.meter import Meter, Progress
from mnistspec.training.metrics import EpochMetrics
from mnistspec.training.optimization import make_optimizer, make_scheduler, place_scheduler
from mnistspec.training.randomness import epoch_order
from mnistspec.training.state import check_tensors, expected_moments
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECK_EVERY = 50  # steps between two checks of the loss on an accelerator, where a check waits for the device


class Training:
    """A training run in memory: model, optimizer, schedule and position, which can be saved and loaded at any step.

    Order, augmentation and dropout are functions of (seed, epoch, step), never of a stream that others might draw from.
    While ``busy`` is true its parts do not fit together; at any other moment, a signal's included, they may be saved.
    """

    def __init__(self, model: nn.Sequential, data: Dataset, recipe: Train, device: torch.device) -> None:
        self.data, self.recipe, self.device = data.hold_out(recipe.holdout).to(device), recipe, device
        self.model = model.to(device)
        check_training(self.model, self.data, recipe, device)
        self.steps = -(-len(self.data.train_labels) // recipe.batch_size)
        self.optimizer = make_optimizer(recipe.optimizer, model)
        self.scheduler = make_scheduler(recipe.scheduler, self.optimizer, recipe.epochs, self.steps)
        self.augmentation = Augmentation(recipe.augment)
        self.class_weights = weigh_classes(recipe.class_weights, self.data)
        self.network = AcceleratedNetwork(model)
        self.metrics: list[EpochMetrics] = []  # of the epochs that are done
        self.step = 0  # steps done in the next
        self.seconds = 0.0  # spent in those
        self.meter = Meter(self.steps, device)
        self.best: dict[str, Tensor] = {}  # the model after the epoch that was best on the test set
        self.evaluation: Evaluation | None = None  # of the last epoch that was trained here
        self.busy = False
        self.lr = self._next_lr()  # of the last step that was taken

    @property
    def epoch(self) -> int:
        """The number of epochs that are done."""
        return len(self.metrics)

    @property
    def kernels(self) -> Literal["accelerated", "model"]:
        """Which path computes a step: the accelerated one, which is there on the CPU, or the model itself."""
        return "accelerated" if self.device.type == "cpu" else "model"

    @property
    def best_epoch(self) -> int:
        """The first epoch with the best accuracy on the test set; 0 before the first epoch is done."""
        best = max(self.metrics, key=lambda metrics: metrics.test_accuracy, default=None)
        return best.epoch if best else 0

    def run(self) -> Iterator[Progress]:
        """Train to the end of the recipe, yielding after each step and each test pass.

        Raises NotFiniteError, with the epoch, the step and the lr, when the loss is not a finite number.
        """
        while self.epoch < self.recipe.epochs:
            order = epoch_order(len(self.data.train_labels), self.recipe.seed, self.epoch).to(self.device)
            for batch in torch.split(order, self.recipe.batch_size)[self.step :]:
                self.busy = True
                with allocating(f"a step of {plural(len(batch), 'image')}", advise_batch_size(len(batch) // 2)):
                    self._take_step(batch)
                self.busy = False
                yield Progress(self.epoch + 1, self.step, self.steps, self.lr, self.meter)
            yield self._finish_epoch()

    def _finish_epoch(self) -> Progress:
        """Test, and move on to the next epoch."""
        self._check_finite()
        start = time.perf_counter()
        meter = self.meter
        test = self.evaluate()
        if not (math.isfinite(test.loss) and self.is_finite()):
            raise self._not_finite(f"the test loss is {test.loss}", self.steps)
        self.evaluation = test
        seconds = time.perf_counter() - start
        metrics = EpochMetrics(
            epoch=self.epoch + 1,
            lr=self.lr,
            train_loss=meter.loss,
            train_accuracy=meter.accuracy,
            test_loss=test.loss,
            test_accuracy=test.accuracy,
            seconds=self.seconds + seconds,
            test_seconds=seconds,
        )
        self.busy = True
        self.metrics.append(metrics)
        if self.best_epoch == self.epoch:
            self.best = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.step, self.seconds, self.meter = 0, 0.0, Meter(self.steps, self.device)
        self.busy = False
        return Progress(self.epoch, self.steps, self.steps, self.lr, meter, metrics)

    def evaluate(self) -> Evaluation:
        """Put the images that the training is measured on through the model."""
        data = self.data
        return evaluate(self.model, data.test_images, data.test_labels, mean=data.mean, std=data.std)

    def _take_step(self, batch: Tensor) -> None:
        """Learn from the images with these indices, (n,)."""
        start = time.perf_counter()
        labels = self.data.train_labels[batch]
        images = self._prepare(self.data.train_images[batch].to(self.device))
        self.network.begin_step(self.recipe.seed, self.epoch, self.step)
        self.optimizer.zero_grad()
        logits = self.network(images)
        loss = F.cross_entropy(logits, labels, self.class_weights)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own method has no types
        self.meter.add(loss, logits, labels)
        if self.device.type == "cpu" or self.step % _CHECK_EVERY == 0:
            self._check_finite()
        self.optimizer.step()
        self._move_schedule(self.epoch * self.steps + self.step)
        self.step += 1
        self.seconds += time.perf_counter() - start

    def _next_lr(self) -> float:
        (group,) = self.optimizer.param_groups
        return float(group["lr"])

    def _move_schedule(self, step: int) -> None:
        """Advance the schedule after a step of the whole run; past a schedule's end torch would raise."""
        self.lr = self._next_lr()
        if step + 1 < self.recipe.epochs * self.steps:
            self.scheduler.step()

    def _prepare(self, images: Tensor) -> Tensor:
        """Return a batch of uint8 images (n, channels, h, w) as the network's input, augmented and normalised."""
        if self.recipe.augment:
            augmented = self.augmentation.augment(images, self.recipe.seed, self.epoch, self.step)
            return augmented.sub_(by_channel(self.data.mean, self.device)).div_(by_channel(self.data.std, self.device))
        return normalize(images, self.data.mean, self.data.std)

    def _check_finite(self) -> None:
        """Raise NotFiniteError for the first step of this epoch whose loss is not finite."""
        step = self.meter.first_not_finite()
        if step is not None:
            raise self._not_finite(f"the loss is {float(self.meter.losses[step])}", step + 1)

    def _not_finite(self, what: str, step: int) -> NotFiniteError:
        return NotFiniteError(
            f"{what} at epoch {self.epoch + 1}, step {step} of {self.steps}, with lr {self.lr:.3g}; "
            "try a lower lr or max_lr, a warm-up, or batch norm (bn) after the convolutions"
        )

    def is_finite(self) -> bool:
        """Return whether the model holds finite numbers only; a step can spoil it whose loss was still finite."""
        return all(bool(tensor.isfinite().all()) for tensor in self.model.state_dict().values())

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Return the tensors that a run resumes from; its position is ``metrics``, ``step`` and ``seconds``."""
        moments = {
            f"{index}.{key}": value
            for index, state in self.optimizer.state_dict()["state"].items()
            for key, value in state.items()
            if value is not None
        }
        model, meter = dict(self.model.state_dict()), self.meter.state_dict()
        return {"model": model, "best": self.best, "optimizer": moments, "meter": meter}

    def load_state_dict(
        self, state: dict[str, dict[str, Tensor]], *, metrics: list[EpochMetrics], step: int, seconds: float
    ) -> None:
        """Resume from a state saved at this position; the schedule, which has no state of its own, is moved there.

        Raises ValueError for a state or a position that this training cannot have.
        """
        done = len(metrics) * self.steps + step
        if not (0 <= step <= self.steps and done <= self.recipe.epochs * self.steps):
            raise ValueError(f"epoch {len(metrics) + 1}, step {step} is beyond the end")
        model = self.model.state_dict()
        check_tensors(state["model"], model)
        check_tensors(state["best"], model if metrics else {})
        check_tensors(state["optimizer"], expected_moments(self.recipe, self.model, self.steps, done))
        self.meter.load_state_dict(state["meter"], step)
        self.model.load_state_dict(state["model"])
        self.best = {name: tensor.to(self.device) for name, tensor in state["best"].items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in state["optimizer"].items():
            index, _, key = name.partition(".")
            moments.setdefault(int(index), {})[key] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        self.metrics, self.step, self.seconds = list(metrics), step, seconds
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of a schedule that is ahead of its optimizer
            first = max(0, len(metrics) * self.steps - 1)  # an epoch's last step, whose lr was kept
            if metrics:
                place_scheduler(self.scheduler, first, metrics[-1].lr)
            for past in range(first, done):
                self._move_schedule(past)


def fit(
    model: nn.Sequential, data: Dataset, recipe: Train, device: torch.device | str | None = None
) -> Iterator[EpochMetrics]:
    """Train a model, yielding the metrics of each epoch; stop iterating to stop training.

    Raises UsageError at once for a model that does not turn these images into a score for each of their classes.
    """
    check_type("the model", model, nn.Sequential)
    check_type("the data", data, Dataset)
    check_type("the recipe", recipe, Train)
    check_type("the device", device, torch.device, str, type(None))
    chosen = device if isinstance(device, torch.device) else choose_device(device)
    check_model(model.to(chosen), data, chosen)
    training = Training(model, data, recipe, chosen)
    return (progress.metrics for progress in training.run() if progress.metrics)
