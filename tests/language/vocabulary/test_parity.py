"""Names, arguments and defaults are torch's and torchvision's own."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from torch import nn, optim
from torch.optim import lr_scheduler
from torchvision import transforms

from mnistspec.language.loader import load_document
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.schedulers import Scheduler
from mnistspec.language.vocabulary.unit import Unit
from mnistspec.language.yaml.diagnostics import InvalidSpecError
from tests.places import PACKAGE

# Where a spec says more, or something else, than torch, and why.
NO_DEFAULT_IN_TORCH = {
    ("conv", "kernel_size"): "3, as in every network of the course",
    ("maxpool", "kernel_size"): "2, the pool that everybody means",
    ("avgpool", "kernel_size"): "2, the pool that everybody means",
    ("affine", "degrees"): "0: an affine change need not turn the image",
    ("cosine", "eta_min"): "the same as torch's, 0, written as a float",
}
OTHER_IN_TORCH = {
    ("affine", "translate"): "None and (0, 0) are the same",
    ("affine", "scale"): "None and (1, 1) are the same",
    ("affine", "shear"): "None and (0, 0, 0, 0) are the same",
    ("color_jitter", "brightness"): "0 and the range (1, 1) are the same",
    ("color_jitter", "contrast"): "0 and the range (1, 1) are the same",
}
NOT_IN_TORCH = {("warmup",): "a LinearLR before the schedule"}
TRANSFORMS = {
    "rotation": transforms.RandomRotation,
    "affine": transforms.RandomAffine,
    "color_jitter": transforms.ColorJitter,
}


def _torch_class(member: type[Unit]) -> Any:
    if issubclass(member, Block):
        example: dict[str, Any] = {name: 4 for name, field in member.model_fields.items() if field.is_required()}
        return getattr(nn, member(**example).modules((4, 8, 8))[0].torch_class)
    if issubclass(member, Optimizer):
        return getattr(optim, member.torch_class)
    if member.word == "exponential":
        return lr_scheduler.ExponentialLR  # stepped every batch it is a StepLR
    return getattr(lr_scheduler, member.torch_class) if issubclass(member, Scheduler) else TRANSFORMS[member.word]


def _fields() -> list[tuple[type[Unit], str]]:
    families = (Block, Optimizer, Scheduler, Augmentation)
    return [
        (member, name)
        for family in families
        for member in family.members.values()
        for name in member.model_fields
        if (name,) not in NOT_IN_TORCH
    ]


@pytest.mark.parametrize(
    ("member", "name"), _fields(), ids=lambda value: value if isinstance(value, str) else value.word
)
def test_argument_exists_and_has_the_same_default(member: type[Unit], name: str) -> None:
    parameters = inspect.signature(_torch_class(member)).parameters
    assert name in parameters
    theirs, ours = parameters[name].default, member.model_fields[name].default
    if theirs is inspect.Parameter.empty:
        assert ours is PydanticUndefined or (member.word, name) in NO_DEFAULT_IN_TORCH
    elif (member.word, name) in OTHER_IN_TORCH:
        assert theirs in {None, 0}
    else:
        assert ours == theirs


@pytest.mark.parametrize(
    "member", [*Block.members.values(), *Optimizer.members.values()], ids=lambda member: member.word
)
def test_unwritten_arguments_are_torchs_own(member: type[Unit]) -> None:
    """What a spec cannot say must have a default in torch."""
    parameters = inspect.signature(_torch_class(member)).parameters.values()
    inferred = {"in_channels", "in_features", "num_features", "output_size", "params", "kernel_size"}
    for parameter in parameters:
        required = parameter.default is inspect.Parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert not required or parameter.name in {*member.model_fields, *inferred}


@pytest.mark.parametrize("member", list(Optimizer.members.values()), ids=lambda member: member.word)
def test_every_optimizer_is_accepted_by_torch(member: type[Unit]) -> None:
    parameters = [nn.Parameter(nn.Linear(1, 1).weight)]
    optimizer = _torch_class(member)(parameters, **member().model_dump())
    assert optimizer.defaults["lr"] == member.model_fields["lr"].default


def test_every_augmentation_has_its_transform() -> None:
    assert set(TRANSFORMS) == set(Augmentation.members)


def test_no_type_that_classes_share_holds_a_field() -> None:
    """Pydantic 2.10.0 to 2.11.4 lets a Field within a shared type carry the default of one class to the next."""
    for path in sorted((PACKAGE / "language").rglob("*.py")):
        module = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
        for name, value in vars(module).items():
            if get_origin(value) is Annotated:
                assert not any(isinstance(part, FieldInfo) for part in get_args(value)[1:]), f"{module.__name__}.{name}"


@pytest.mark.parametrize("word", ["conv", "1x1", "fc"])
def test_a_required_key_has_no_default(word: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(f"layers: [{word}: {{}}]\n", encoding="utf-8")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path)
    assert "E202" in [error.code for error in caught.value.diagnostics]
