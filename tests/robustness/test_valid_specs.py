"""Promise 14: every valid spec builds, trains a step, and is the same when it was dumped and loaded."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given

from mnistspec.data.dataset import Dataset
from mnistspec.errors import NotFiniteError
from mnistspec.language.loader import load_spec
from mnistspec.language.spec import Spec
from mnistspec.network.builder import build_model
from mnistspec.training.fast.dropout import draw_positions
from mnistspec.training.trainer import Training
from tests.language.strategies import specs
from tests.profiles import examples

IMAGES = 34  # a last batch of two, whatever the size: batch norm on features refuses one
DATA = Dataset(
    name="mnist",
    train_images=torch.arange(IMAGES * 784).view(IMAGES, 1, 28, 28).to(torch.uint8),
    train_labels=torch.arange(IMAGES) % 10,
    test_images=torch.zeros(10, 1, 28, 28, dtype=torch.uint8),
    test_labels=torch.arange(10),
    class_names=tuple("0123456789"),
    mean=(0.5,),
    std=(0.3,),
    digest="",
)


def check(spec: Spec, folder: Path) -> None:
    path = folder / "spec.yaml"
    path.write_text(spec.as_yaml(), encoding="utf-8")
    assert load_spec(path) == spec
    torch.manual_seed(spec.train.seed)
    training = Training(
        build_model(spec), replace(DATA, class_names=spec.data.class_names), spec.train, torch.device("cpu")
    )
    before = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
    with contextlib.suppress(NotFiniteError):  # a recipe may be valid and yet no good
        progress = next(training.run())
        assert progress.step == training.step == 1
        assert progress.meter.loss >= 0
        assert before.keys() == training.model.state_dict().keys()


@pytest.mark.parametrize("p", [5e-324, 5.2e-232, 1e-38, 1e-18, 1e-9])
def test_dropout_that_hardly_ever_happens(p: float) -> None:
    assert draw_positions(np.random.default_rng(1), p, 1000).tolist() == []


@examples(40)
@given(spec=specs())
def test_valid_specs_train_a_step(spec: Spec, tmp_path: Path) -> None:
    check(spec, tmp_path)


@pytest.mark.slow
@examples(600)
@given(spec=specs())
def test_many_valid_specs_train_a_step(spec: Spec, tmp_path: Path) -> None:
    check(spec, tmp_path)
