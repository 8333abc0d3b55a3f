"""A spec as one Python file that needs torch and torchvision only: the network, the data, the recipe and the loop."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from torch import nn, optim
from torch.optim import lr_scheduler

from mnistspec.errors import UsageError
from mnistspec.language.vocabulary.datasets import NamedData
from mnistspec.language.vocabulary.schedulers import ConstantLR
from mnistspec.network.expressions import WIDTH, Call, Symbol, render, write_call, write_value
from mnistspec.wording import write_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.language.spec import Spec
    from mnistspec.language.vocabulary.augmentations import Augmentation
    from mnistspec.language.vocabulary.block import Module
    from mnistspec.language.vocabulary.recipe import Train
    from mnistspec.language.vocabulary.schedulers import Scheduler, Warmup


def write_code(spec: Spec) -> str:
    """Return the file, formatted; its network has the names, the parameters and the initialisation of the spec's.

    Raises UsageError for pictures of one's own.
    """
    data = spec.data
    if not isinstance(data, NamedData):
        raise UsageError(
            f"{spec.name}: code writes programs for data sets with a name, not for pictures in {data.display_name}"
        )
    environment = Environment(  # noqa: S701 - it makes Python, not HTML
        loader=PackageLoader("mnistspec", "network"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("program.py.jinja").render(
        title=_write_prose(spec.heading),
        params=f"{spec.params:,}",
        macs=f"{spec.macs:,}",
        data_class=data.torch_class,
        has_label_records=data.has_label_records,
        train=spec.train,
        classes=len(spec.data.class_names),
        class_weights=_write_class_weights(spec),
        layers="\n".join(line for layer in spec.trace() for line in _write_layer(layer)),
        augmentation=_write_augmentation(spec.train.augment),
        optimizer=_write_optimizer(spec),
        schedule=_write_schedule(spec.train, data.train_images),
    )


def _write_prose(text: str) -> str:
    """Return free text as lines that may stand in a docstring."""
    lines = textwrap.wrap(_one_line(text), WIDTH - len('"""'), break_on_hyphens=False)
    # Escaped after it is wrapped: a line that ended within an escape would not be Python.
    return "\n".join(lines).replace("\\", "\\\\").replace('"', "'")


def _one_line(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def _write_class_weights(spec: Spec) -> str:
    """Return the items of a dict from labels to weights, in the order of the labels; nothing without such weights."""
    weights, names = spec.train.class_weights, spec.data.class_names
    if not isinstance(weights, dict):
        return ""
    items = sorted((names.index(name), weight, _one_line(name)) for name, weight in weights.items())
    return "\n".join(f"    {label}: {weight!r},  # {name}" for label, weight, name in items)


def _write_layer(layer: TracedLayer) -> Iterator[str]:
    """Yield the lines of a block's modules; a comment shows its output for one image."""
    *inner, (name, module) = layer.modules
    for other, other_module in inner:
        yield render(_write_module(other_module), 12, f"{other}=", ",")
    shape = write_shape(layer.output_shape)
    comment = f"# {shape}, field {layer.receptive_field}"
    line = render(_write_module(module), 12, f"{name}=", f",  {comment}")
    if "\n" in line:
        yield f"            {comment}"
        line = render(_write_module(module), 12, f"{name}=", ",")
    yield line


def _write_module(module: Module) -> Call:
    arguments = dict(module.arguments)
    if arguments.get("stride") == arguments.get("kernel_size") and module.torch_class.endswith("Pool2d"):
        arguments.pop("stride", None)  # a pool's own default
    return write_call(f"nn.{module.torch_class}", getattr(nn, module.torch_class), arguments)


def _write_augmentation(augmentations: tuple[Augmentation, ...]) -> str:
    """Return the transform as a statement; nothing without augmentations."""
    if not augmentations:
        return ""
    return render(Call("v2.Compose", (Call("", tuple(map(_write_transform, augmentations)), "[]"),)), 4, "return ")


def _write_transform(augmentation: Augmentation) -> Call:
    """Return torchvision's transform of the same name; a tensor in [0, 1] is interpolated and black outside."""
    fields = type(augmentation).model_fields
    arguments = [
        write_value(_plain(value), f"{name}=")
        for name, value in augmentation.model_dump().items()
        if name == "degrees" or value != fields[name].default
    ]
    if "degrees" in fields:
        arguments += ["interpolation=bilinear", "fill=None"]
    return Call(f"v2.{augmentation.torch_class}", tuple(arguments))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever an argument can be
    """Return a value with whole numbers as integers, which are shorter to read."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write_optimizer(spec: Spec) -> str:
    recipe = spec.train.optimizer
    torch_class = getattr(optim, recipe.torch_class)
    call = write_call(f"torch.optim.{recipe.torch_class}", torch_class, recipe.model_dump(), "model.parameters()")
    if not any(str(argument).startswith("lr=") for argument in call.arguments):
        first, *rest = call.arguments  # the learning rate is worth its line even where it is torch's own
        call = Call(call.name, (first, f"lr={recipe.lr!r}", *rest))
    return render(call, 4, "return ")


def _write_schedule(train: Train, images: int) -> str:
    """Return the body of the function that makes the schedule, in which what counts in steps is a product.

    Nothing for a learning rate that stays as it is.
    """
    warmup: Warmup | None = getattr(train.scheduler, "warmup", None)
    steps = Symbol(-(-(images - (0 if train.holdout == "val" else train.holdout)) // train.batch_size), "steps")
    total = Symbol(train.epochs * steps, "epochs * steps")
    if warmup is None:
        is_constant = isinstance(train.scheduler, ConstantLR)
        return "" if is_constant else render(_write_scheduler(train.scheduler, total, steps), 4, "return ")
    # Of these two the names alone count: what they are is worked out where the code runs.
    rise, rest = Symbol(steps, "rise"), Symbol(total, "max(1, epochs * steps - rise)")
    arguments = {"start_factor": warmup.start_factor, "total_iters": rise}
    linear = write_call("lr_scheduler.LinearLR", lr_scheduler.LinearLR, arguments, "optimizer", by_name=True)
    both = Call("", (linear, _write_scheduler(train.scheduler, rest, steps)), "[]")
    sequence = Call("lr_scheduler.SequentialLR", ("optimizer", both, "milestones=[rise]"))
    return f"    rise = max(1, round({warmup.epochs!r} * steps))\n{render(sequence, 4, 'return ')}"


def _write_scheduler(recipe: Scheduler, total: Symbol, steps: Symbol) -> Call:
    torch_class = getattr(lr_scheduler, recipe.torch_class)
    arguments = recipe.arguments(total, steps)
    return write_call(f"lr_scheduler.{recipe.torch_class}", torch_class, arguments, "optimizer", by_name=True)
