"""Whether a training can be done: model and data belong together, no batch is too small, and memory suffices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from mnistspec.errors import UsageError
from mnistspec.training.evaluation import compute_logits
from mnistspec.training.footprint import count_parameter_bytes, measure_footprint
from mnistspec.training.loss import weigh_classes
from mnistspec.training.memory import available_memory, write_bytes
from mnistspec.training.state import expected_moments
from mnistspec.wording import plural

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset
    from mnistspec.language.vocabulary.recipe import Train
    from mnistspec.training.footprint import Footprint


def check_model(model: nn.Sequential, data: Dataset, device: torch.device) -> None:
    """Raise UsageError for a model of another shape than the data's; its mode and buffers stay as they are."""
    if next(model.parameters(), None) is None:
        raise UsageError("the model has no parameters to train")
    images = data.train_images[:1].to(device)
    try:
        scores = compute_logits(model, images, mean=data.mean, std=data.std)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        size, reason = "x".join(map(str, images.shape[1:])), str(error).partition("\n")[0]
        raise UsageError(f"the model does not take the images of {data.name}, {size}: {reason}") from None
    if scores.shape != (1, len(data.class_names)):
        found = "x".join(map(str, scores.shape[1:])) or 1
        raise UsageError(
            f"the model turns an image of {data.name} into {found} scores, "
            f"not one for each of the {len(data.class_names)} classes"
        )


def check_training(model: nn.Sequential, data: Dataset, recipe: Train, device: torch.device) -> None:
    """Raise UsageError where the training images, as they are split, cannot be learned from on this device."""
    weigh_classes(recipe.class_weights, data)  # refuses weights of classes that these data lack
    count = len(data.train_labels)
    label, *others = set(data.train_labels.tolist())
    if not others:
        raise UsageError(
            f"{data.path or data.name}: {plural(count, 'training image')}, all of class "
            f"{data.class_names[label]}: there is nothing to tell apart"
        )
    where = next((parameter.device for parameter in model.parameters()), device)
    footprint = measure_footprint(model, torch.zeros(1, *data.train_images.shape[1:], device=where))
    if footprint.single and (recipe.batch_size == 1 or count % recipe.batch_size == 1):
        problem = f"{count:,} images in batches of {recipe.batch_size:,} leave one over"
        raise UsageError(
            f"{footprint.single} cannot normalise a batch of one image: "
            f"{problem if recipe.batch_size > 1 else 'train.batch_size is 1'}; choose another train.batch_size",
            "E303",
        )
    _check_memory(model, footprint, recipe, count, device)


def _check_memory(model: nn.Sequential, footprint: Footprint, recipe: Train, count: int, device: torch.device) -> None:
    """Raise UsageError where a step needs more memory than there is; what the model takes already is not counted."""
    free, batch = available_memory(device), min(recipe.batch_size, count)
    if free is None:
        return
    moments = expected_moments(recipe, model, steps=2, done=2)
    fixed = count_parameter_bytes(model, moments)
    need = fixed + footprint.learning * batch
    if need > free:
        raise UsageError(
            f"a step of {plural(batch, 'image')} needs about {write_bytes(need)} of memory, and there are "
            f"{write_bytes(free)}; {advise_batch_size(max(0, free - fixed) // footprint.learning)}"
        )


def advise_batch_size(size: int) -> str:
    """Return what to do about a step that is too large: batches of this size, or another network if that is 0."""
    if not size:
        return "make the network smaller, or free memory"
    digits = 10 ** max(0, len(str(size)) - 2)
    return f"lower train.batch_size to {size // digits * digits:,}"
