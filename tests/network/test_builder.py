"""The built network is a plain nn.Sequential, bit for bit the one that people write by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mnistspec.language.loader import load_spec
from mnistspec.language.shapes import trace
from mnistspec.language.spec import Spec
from mnistspec.language.vocabulary.block import Block
from mnistspec.network.builder import build_model
from tests.language.corpus_files import GOOD, settings_of
from tests.language.strategies import networks, pinned
from tests.network.by_hand import STEPS
from tests.places import SPECS
from tests.profiles import examples


@pytest.mark.parametrize("step", range(7))
def test_the_steps_are_those_written_by_hand(step: int) -> None:
    spec = load_spec(SPECS / f"step{step}.yaml")
    torch.manual_seed(spec.train.seed)
    built = build_model(spec)
    after = torch.get_rng_state()
    torch.manual_seed(spec.train.seed)
    by_hand = STEPS[step]()
    assert torch.equal(after, torch.get_rng_state()), "the training that follows draws the same"
    assert [repr(module) for module in built] == [repr(module) for module in by_hand]
    for ours, theirs in zip(built.state_dict().values(), by_hand.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    images = torch.randn(2, 1, 28, 28)
    assert torch.equal(built.eval()(images), by_hand.eval()(images))


def test_names_are_readable() -> None:
    model = build_model(load_spec(SPECS / "step6.yaml"))
    names = [name for name, _ in model.named_children()]
    assert names[:9] == ["conv1", "relu1", "bn1", "dropout1", "conv2", "relu2", "bn2", "dropout2", "maxpool1"]
    assert names[9:11] == ["pointwise1", "conv3"]
    assert names[-7:] == ["gap1", "flatten1", "fc1", "relu6", "bn6", "dropout6", "fc2"]
    assert list(model.state_dict())[:4] == ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean"]


def test_it_is_plain_torch() -> None:
    for path in GOOD:
        model = build_model(load_spec(path, settings_of(path)))
        assert type(model) is nn.Sequential
        for child in model:
            assert type(child).__module__.startswith("torch.nn.modules.")
            assert not list(child.children())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_good_spec_takes_a_step(path: Path) -> None:
    model = build_model(load_spec(path, settings_of(path)))
    logits = model(torch.randn(2, 1, 28, 28))
    assert logits.shape == (2, 10)
    nn.functional.cross_entropy(logits, torch.tensor([3, 7])).backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_groups_and_repeats_have_parameters_of_their_own() -> None:
    (path,) = (path for path in GOOD if path.stem == "repeat")
    model = build_model(load_spec(path))
    parameters = [id(parameter) for parameter in model.parameters()]
    assert len(parameters) == len(set(parameters))


@examples(40)
@given(blocks=networks())
@pinned
def test_arithmetic_is_torchs(blocks: tuple[Block, ...]) -> None:
    spec = Spec(name="drawn", layers=blocks)
    layers = list(trace(blocks, (1, 28, 28)))
    model = build_model(spec)
    assert sum(layer.params for layer in layers) == sum(parameter.numel() for parameter in model.parameters())
    images = torch.randn(2, 1, 28, 28)
    for layer in layers:
        for name, _ in layer.modules:
            images = model.get_submodule(name)(images)
        assert tuple(images.shape[1:]) == layer.output_shape
        assert layer.params == sum(
            p.numel() for name, _ in layer.modules for p in model.get_submodule(name).parameters()
        )
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.eval()(torch.zeros(1, 1, 28, 28))
    assert sum(layer.macs for layer in layers) * 2 == counter.get_total_flops()
