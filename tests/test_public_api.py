"""The names that ``import mnistspec`` offers: listed without torch; a wrong call is a sentence, not a traceback."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import mnistspec
from tests.places import PACKAGE, ROOT, SPECS
from tests.small_mnist import write_mnist

STEP1 = mnistspec.load_spec(str(SPECS / "step1.yaml"))
MNIST = mnistspec.load_dataset("mnist")


def test_the_homes_are_those_that_a_type_checker_reads() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "mnistspec." in str(node.module)]
    homes = {alias.name: str(node.module).removeprefix("mnistspec.") for node in imports for alias in node.names}
    assert homes == mnistspec._HOMES
    assert sorted(homes) == mnistspec.__all__


def test_names_are_listed_without_torch() -> None:
    program = "import sys, mnistspec; print(dir(mnistspec) == mnistspec.__all__, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
    assert all(getattr(mnistspec, name) for name in mnistspec.__all__)
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        mnistspec.fitt  # noqa: B018 - the look is what is tested


def test_paths_may_be_text(tmp_path: Path) -> None:
    data = mnistspec.load_dataset("mnist", data_dir=str(write_mnist(tmp_path, 20, 10)))
    assert len(data.train_images) == 20
    path = next((ROOT / "docs" / "results" / "step1").iterdir())
    assert mnistspec.RunDir(str(path)).spec == mnistspec.RunDir(path).spec


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.binary(max_size=9),
    st.text(max_size=9).map(lambda text: f"{text}?"),
    st.text(max_size=9).map(lambda text: Path(f"{text}?".replace("\0", "0"))),
    st.lists(st.integers(), max_size=2),
    st.just("a" * 5000),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.just(STEP1.train),
    st.just(object()),
    st.just(np.zeros(3)),
    st.just(nn.Linear),
    st.just(nn.Linear(2, 2)),
)


def is_wrong(value: Any) -> Any:
    """Return the value, or a number where None or nothing at all would be right."""
    return 3 if value is None or isinstance(value, list | dict | bytes) else value


def small_fit(**arguments: Any) -> None:
    right = {"model": mnistspec.build_model(STEP1), "data": MNIST, "recipe": STEP1.train}
    mnistspec.fit(**{**right, **arguments})


CALLS: dict[str, Callable[[Any], object]] = {
    "RunDir": mnistspec.RunDir,
    "build_model": mnistspec.build_model,
    "fit: data": lambda value: small_fit(data=value),
    "fit: device": lambda value: small_fit(device=is_wrong(value)),
    "fit: model": lambda value: small_fit(model=value),
    "fit: recipe": lambda value: small_fit(recipe=STEP1 if value is STEP1.train else value),
    "load_dataset": mnistspec.load_dataset,
    "load_dataset: cache_dir": lambda value: mnistspec.load_dataset("mnist", cache_dir=is_wrong(value)),
    "load_dataset: data_dir": lambda value: mnistspec.load_dataset("mnist", data_dir=is_wrong(value)),
    "load_spec": mnistspec.load_spec,
    "load_spec: settings": lambda value: mnistspec.load_spec(SPECS / "step1.yaml", is_wrong(value)),
    "summarize": mnistspec.summarize,
}


@pytest.mark.parametrize("call", CALLS)
@given(value=WRONG)
@settings(max_examples=40, deadline=None)
def test_a_wrong_argument_is_one_sentence(call: str, value: object) -> None:
    if call == "load_dataset: cache_dir" and isinstance(value, str | Path) and len(str(value)) < 99:
        return  # MNIST needs no cache
    with pytest.raises(mnistspec.MnistspecError) as caught:
        CALLS[call](value)
    assert str(caught.value).strip()
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Sequential(), "has no parameters to train"),
        (nn.Sequential(nn.Conv2d(1, 1, 1)), "turns an image of mnist into 1x28x28 scores"),
        (nn.Sequential(nn.Linear(3, 10)), "does not take the images of mnist, 1x28x28: "),
        (nn.Sequential(nn.Conv2d(3, 10, 28), nn.Flatten()), "does not take the images of mnist, 1x28x28: "),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 9)), "into 9 scores, not one for each of the 10 classes"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 12)), "into 12 scores"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0)), "into 1 scores"),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10).double()), "does not take the images of mnist"),
    ],
)
def test_a_model_of_another_shape_is_refused_before_training(model: nn.Sequential, words: str) -> None:
    with pytest.raises(mnistspec.MnistspecError, match=words) as caught:
        small_fit(model=model)
    assert "\n" not in str(caught.value)


def test_a_good_model_is_left_as_it_was() -> None:
    model = mnistspec.build_model(mnistspec.load_spec(SPECS / "step6.yaml"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stream = torch.get_rng_state()
    mnistspec.fit(model, MNIST, STEP1.train)
    assert model.training
    assert torch.get_rng_state().equal(stream)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
