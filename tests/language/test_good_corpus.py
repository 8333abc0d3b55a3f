"""Every good spec of the corpus, and every spec that ships, loads; dumped and loaded again it is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.loader import load_document, load_spec
from mnistspec.language.spec import Notes, Spec
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.datasets import list_named
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.schedulers import Scheduler
from mnistspec.language.vocabulary.unit import Unit
from tests.language.corpus_files import CORPUS, GOOD, settings_of
from tests.places import SPECS

SHIPPED = sorted(SPECS.glob("*.yaml"))


def good(name: str) -> Spec:
    """Return a spec of the corpus."""
    path = CORPUS / "good" / f"{name}.yaml"
    return load_spec(path, settings_of(path))


def test_there_are_seven_steps_and_one_beyond() -> None:
    assert [path.stem for path in SHIPPED] == ["beyond", *(f"step{n}" for n in range(7))]


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=lambda path: path.stem)
def test_loads_and_survives_a_dump(path: Path, tmp_path: Path) -> None:
    document = load_document(path, settings_of(path))
    assert len(document.lines) == len(document.layers) == len(document.spec.layers)
    assert document.layers[-1].output_shape == (10,)
    copy = tmp_path / "resolved.yaml"
    copy.write_text(document.spec.as_yaml(), encoding="utf-8")
    assert load_spec(copy) == document.spec
    assert load_spec(copy).as_yaml() == document.spec.as_yaml()


@pytest.mark.parametrize("family", [Block, Optimizer, Scheduler, Augmentation], ids=lambda family: family.family)
def test_every_word_is_in_the_corpus(family: type[Unit]) -> None:
    used: set[str] = set()
    for path in GOOD:
        spec = load_spec(path, settings_of(path))
        units = (*spec.layers, spec.train.optimizer, spec.train.scheduler, *spec.train.augment)
        used |= {unit.word for unit in units if isinstance(unit, family)}
    assert used == set(family.members)


def test_every_data_set_is_in_the_corpus() -> None:
    assert {load_spec(path, settings_of(path)).data.word for path in GOOD} == set(list_named())


def test_scalar_and_long_form_are_the_same() -> None:
    spec = good("scalar_forms")
    assert [block.model_dump(exclude_defaults=True) for block in spec.layers] == [
        {"out_channels": 8},
        {"negative_slope": 0.2},
        {"alpha": 0.9},
        {"p": 0.1},
        {"kernel_size": 3},
        {},
        {},
        {"out_features": 10},
    ]
    assert spec.train.optimizer.lr == 0.1
    assert spec.train.augment[0].model_dump() == {"degrees": (-8.0, 8.0)}


def test_extends_keeps_what_is_not_replaced() -> None:
    child = good("extends")
    assert (child.name, child.title, child.data.word, child.train.epochs) == ("extends", "A child", "kmnist", 7)
    assert child.train.optimizer.model_dump(exclude_defaults=True) == {"lr": 0.2, "momentum": 0.9}
    assert child.notes.target == ""
    assert child.targets.max_params is None
    assert child.reference.params is None


def test_extends_replaces_a_tag_as_a_whole_and_null_removes() -> None:
    child = good("extends_with_another_tag")
    assert child.train.optimizer.word == "adam"
    assert child.train.optimizer.model_dump(exclude_defaults=True) == {"lr": 0.002}
    assert child.train.epochs == 15


def test_a_groups_parameter_without_a_default_survives_a_merge() -> None:
    assert [block.word for block in good("extends_with_a_group").layers] == ["conv", "dropout", "gap", "fc"]


def test_settings_are_laid_over_the_file() -> None:
    spec = good("set")
    assert (spec.train.epochs, spec.train.optimizer.word, spec.data.word, spec.notes.target) == (
        2,
        "adam",
        "kmnist",
        "",
    )
    assert [block.word for block in spec.layers] == ["conv", "gap"]


def test_yaml_1_2_numbers() -> None:
    spec = good("yaml_1_2_numbers")
    assert spec.layers[0].model_dump()["out_channels"] == 10
    assert (spec.train.epochs, spec.train.seed, spec.train.optimizer.lr) == (3, 15, 0.01)


def test_lines_are_those_of_the_blocks() -> None:
    document = load_document(CORPUS / "good" / "nested_groups.yaml")
    # gelu is written where the group's parameter is given, the rest in the groups.
    assert document.lines == (2, 2, 3, 2, 2, 3, 3, 2, 2, 7, 3, 4, 4)


def test_the_largest_spec_can_be_read_back(tmp_path: Path) -> None:
    block = "conv: {out_channels: 8, kernel_size: 1, stride: 1, padding: 0, dilation: 1, groups: 1, bias: false}"
    text = "\\U000e0001" * 2_000
    path = tmp_path / "largest.yaml"
    path.write_text(
        f'title: "{text}"\nlayers: [repeat: {{times: 498, layers: [{block}]}}, conv: 10, gap]\n', encoding="utf-8"
    )
    spec = load_spec(path)
    dumped = spec.model_copy(update={"notes": Notes(target=spec.title, analysis=spec.title)}).as_yaml()
    path.write_text(dumped, encoding="utf-8")
    assert len(load_spec(path).layers) == 500
