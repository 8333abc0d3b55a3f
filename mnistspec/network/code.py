"""A spec as one Python file that needs torch and torchvision only: the network, the data, the recipe and the loop."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from torch import nn, optim
from torch.optim import lr_scheduler

from mnistspec.language.shapes import Layer, trace
from mnistspec.language.vocabulary.recipe import Constant
from mnistspec.network.code_template import fill_in
from mnistspec.network.expressions import WIDTH, Call, Symbol, render, write_call, write_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistspec.language.spec import Spec
    from mnistspec.language.vocabulary.block import Module
    from mnistspec.language.vocabulary.recipe import Augmentation, Scheduler, Warmup

_TRANSFORMS = {"rotation": "RandomRotation", "affine": "RandomAffine", "color_jitter": "ColorJitter"}
_QUOTES = '"""'


def write_code(spec: Spec) -> str:
    """Return the file, formatted; its network has the names, the parameters and the initialisation of the spec's."""
    train = spec.train
    warmup: Warmup | None = getattr(train.scheduler, "warmup", None)
    conditions = {
        "augment": bool(train.augment),
        "schedule": not isinstance(train.scheduler, Constant) or warmup is not None,
        "holdout": train.holdout > 0,
        "qmnist": spec.data == "qmnist",
    }
    layers = tuple(trace(spec.layers, spec.dataset.input_shape))
    size = f"{sum(layer.params for layer in layers):,} parameters, {sum(layer.macs for layer in layers):,}"
    parts = {
        "title": _prose(f"{spec.name}: {spec.title}" if spec.title else spec.name),
        "size": f"{size} multiply-accumulates an image.",
        "data_class": spec.dataset.torchvision_class,
        "epochs": str(train.epochs),
        "batch_size": str(train.batch_size),
        "seed": str(train.seed),
        "holdout": str(train.holdout),
        "network": "\n".join(_write_network(layers)),
        "augmentation": _write_augmentation(train.augment),
        "optimizer": _write_optimizer(spec),
        "schedule": _write_schedule(spec, warmup) if conditions["schedule"] else "",
    }
    return fill_in(conditions, parts)


def _prose(text: str) -> str:
    """Return free text as lines that may stand in a docstring."""
    visible = "".join(char for char in " ".join(text.split()) if char.isprintable())
    escaped = visible.replace("\\", "\\\\").replace('"', "'")
    return "\n".join(textwrap.wrap(escaped, WIDTH - len(_QUOTES), break_on_hyphens=False))


def _write_network(layers: tuple[Layer, ...]) -> Iterator[str]:
    """Yield the lines of the function that makes the network; a comment tells what a block makes of one image."""
    yield "def build_model() -> nn.Sequential:"
    yield f"    {_QUOTES}Return the network: normalised images (n, 1, 28, 28) in, logits (n, 10) out."
    yield ""
    yield "    Beside each layer: what it makes of one image, and the side of its receptive field."
    yield f"    {_QUOTES}"
    yield "    return nn.Sequential("
    yield "        OrderedDict("
    for layer in layers:
        *inner, (name, module) = layer.modules
        for other, other_module in inner:
            yield render(_write_module(other_module), 12, f"{other}=", ",")
        shape = "x".join(map(str, layer.output_shape))
        comment = f"  # {shape}, field {layer.receptive_field}"
        line = render(_write_module(module), 12, f"{name}=", f",{comment}")
        if "\n" in line:
            yield f"            # {comment.strip(' #')}"
            line = render(_write_module(module), 12, f"{name}=", ",")
        yield line
    yield "        )"
    yield "    )"


def _write_module(module: Module) -> Call:
    arguments = dict(module.arguments)
    if arguments.get("stride") == arguments.get("kernel_size") and module.torch_class.endswith("Pool2d"):
        arguments.pop("stride", None)  # a pool's own default
    return write_call(f"nn.{module.torch_class}", getattr(nn, module.torch_class), arguments)


def _write_augmentation(augmentations: tuple[Augmentation, ...]) -> str:
    transforms = Call("v2.Compose", (Call("", tuple(map(_write_transform, augmentations)), "[]"),))
    bilinear = "    bilinear = v2.InterpolationMode.BILINEAR\n"
    return (
        "def make_augmentation() -> v2.Compose:\n"
        f"    {_QUOTES}Return what changes a training image, drawn anew for each.{_QUOTES}\n"
        f"{bilinear if 'bilinear' in str(transforms) else ''}"
        f"{render(transforms, 4, 'return ')}\n"
    )  # fmt: skip


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
    return Call(f"v2.{_TRANSFORMS[augmentation.word]}", tuple(arguments))


def _plain(numbers: tuple[float, ...]) -> tuple[float, ...]:
    """Return numbers with whole ones as integers, which are shorter to read."""
    return tuple(int(number) if number.is_integer() else number for number in numbers)


def _write_optimizer(spec: Spec) -> str:
    recipe = spec.train.optimizer
    torch_class = getattr(optim, recipe.torch_class)
    call = write_call(f"torch.optim.{recipe.torch_class}", torch_class, recipe.model_dump(), "model.parameters()")
    if not any(str(argument).startswith("lr=") for argument in call.arguments):
        first, *rest = call.arguments  # the learning rate is worth its line even where it is torch's own
        call = Call(call.name, (first, f"lr={recipe.lr!r}", *rest))
    return (
        "def make_optimizer(model: nn.Module) -> torch.optim.Optimizer:\n"
        f"    {_QUOTES}Return what changes the parameters.{_QUOTES}\n"
        f"{render(call, 4, 'return ')}"
    )


def _write_schedule(spec: Spec, warmup: Warmup | None) -> str:
    """Return the function that makes the schedule; what counts in steps is written as a product."""
    train = spec.train
    steps = Symbol(-(-(spec.dataset.train_images - train.holdout) // train.batch_size), "steps")
    total = Symbol(train.epochs * steps, "epochs * steps")
    lines = [
        "def make_schedule(",
        "    optimizer: torch.optim.Optimizer, epochs: int, steps: int",
        ") -> lr_scheduler.LRScheduler:",
        f"    {_QUOTES}Return what moves the learning rate; an epoch has so many steps.{_QUOTES}",
    ]
    if warmup is None:
        return "\n".join([*lines, render(_write_scheduler(train.scheduler, total, steps), 4, "return ")])
    rise = max(1, round(warmup.epochs * steps))
    rest = Symbol(max(1, total - rise), "max(1, epochs * steps - rise)")
    arguments = {"start_factor": warmup.start_factor, "total_iters": Symbol(rise, "rise")}
    linear = write_call("lr_scheduler.LinearLR", lr_scheduler.LinearLR, arguments, "optimizer", by_name=True)
    both = Call("", (linear, _write_scheduler(train.scheduler, rest, steps)), "[]")
    sequence = Call("lr_scheduler.SequentialLR", ("optimizer", both, "milestones=[rise]"))
    return "\n".join([*lines, f"    rise = max(1, round({warmup.epochs!r} * steps))", render(sequence, 4, "return ")])


def _write_scheduler(recipe: Scheduler, total: Symbol, steps: Symbol) -> Call:
    torch_class = getattr(lr_scheduler, recipe.torch_class)
    arguments = recipe.arguments(total, steps)
    return write_call(f"lr_scheduler.{recipe.torch_class}", torch_class, arguments, "optimizer", by_name=True)
