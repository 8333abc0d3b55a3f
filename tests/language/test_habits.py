"""What people write who come from Keras, PyTorch or fastai is answered once, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.habits import BLOCK_KEYS, RECIPE_KEYS, WORDS
from mnistspec.language.loader import load_document
from mnistspec.language.spec import KEYS
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.language.yaml.diagnostics import Diagnostic, InvalidSpecError
from mnistspec.wording import fold

NET = "layers: [conv: 8, gap, fc: 10]\n"
SCORES = "leave it out: the loss takes the scores of the last layer as they are"
KNOWN = "leave it out: it is known from what comes in"

# A spec, and for each of its errors the part of the message or the help that says what to write.
HABITS = {
    "lr in the recipe": (NET + "train: {lr: 0.01}\n", ["write optimizer: {sgd: {lr: 0.01}}"]),
    "its long name": (NET + "train: {learning_rate: 0.01}\n", ["write optimizer: {sgd: {lr: 0.01}}"]),
    "an optimizer's other keys": (
        NET + "train: {optimizer: sgd, momentum: 0.9, weight_decay: 1e-4}\n",
        ["write optimizer: {sgd: {momentum: 0.9}}", "write optimizer: {sgd: {weight_decay: 1e-4}}"],
    ),
    "a schedule's key": (NET + "train: {lr_max: 0.1}\n", ["write scheduler: {onecycle: {max_lr: 0.1}}"]),
    "a schedule's key in the optimizer": (
        NET + "train: {optimizer: {sgd: {pct_start: 0.2}}}\n", ["write scheduler: {onecycle: {pct_start: 0.2}}"],
    ),
    "fit_one_cycle": (NET + "train: {fit_one_cycle: 5}\n", ["write scheduler: {onecycle: {max_lr: 0.1}} under train:"]),
    "a recipe at the top": (
        NET + "epochs: 3\nbatch: 64\noptimizer: adam\nlr: 0.01\n",
        ["write epochs: under train:", "write batch_size: under train:", "write optimizer: under train:",
         "write train: {optimizer: {sgd: {lr: 0.01}}}"],
    ),
    "targets at the top": (NET + "max_params: 8000\n", ["write max_params: under targets:"]),
    "a section in the recipe": (NET + "train: {targets: {max_params: 8000}}\n", ["write targets: at the beginning"]),
    "loss and loader": (
        NET + "train: {loss: ce, metrics: [accuracy], shuffle: true, num_workers: 4, device: cuda}\n",
        ["cross-entropy", "measured in each epoch", "drawn anew in each epoch", "in memory", "--device"],
    ),
    "sizes of the data": (NET + "num_classes: 10\ninput_shape: [1, 28, 28]\n", ["come from data:", "comes from data:"]),
    "softmax": ("layers: [conv: 8, gap, fc: 10, softmax]\n", [SCORES]),
    "log softmax": ("layers: [conv: 8, gap, fc: 10, LogSoftmax: {dim: 1}]\n", [SCORES]),
    "input channels": (
        "layers: [conv: {in_channels: 1, out_channels: 8}, gap, fc: {in_features: 8, out_features: 10}]\n",
        [KNOWN, KNOWN],
    ),
    "in words": ("layers: [conv: {input channels: 1, out_channels: 8}, gap, fc: 10]\n", [KNOWN]),
    "an activation within": (
        "layers: [conv: {out_channels: 8, activation: relu, batch_norm: true, dropout: 0.1}, gap, fc: 10]\n",
        ["write the activation as a block of its own", "this one: - bn", "this one: - dropout"],
    ),
    "arguments by position": (
        "layers: [conv: [1, 8, 3], gap, fc: 10]\n", ["write one number; the other arguments have names"],
    ),
    "a square kernel": ("layers: [conv: {out_channels: 8, kernel_size: [3, 3]}, gap, fc: 10]\n", ["write 3"]),
    "a call": (
        "layers: ['nn.Conv2d(1, 8, 3)', nn.ReLU(), conv: 8, 'torch.nn.BatchNorm2d(8)', gap, fc: 10]\n",
        ['did you mean "conv"?', 'did you mean "relu"?', 'did you mean "bn"?'],
    ),
    "classes of torch": (
        NET + "train: {optimizer: {torch.optim.Adam: {lr: 1}}, scheduler: {StepLR: {step: 3}}}\n",
        ['did you mean "adam"?', 'did you mean "step"?'],
    ),
    "a type key": (
        "layers:\n- {type: Conv2d, out_channels: 8}\n- gap\n- fc: 10\ntrain: {optimizer: {name: adam, lr: 0.1}}\n",
        ["write conv: {out_channels: ...}", "write adam: {lr: ...}"],
    ),
    "a whole network of Keras": (
        ("layers:\n- Input: {shape: [28, 28, 1]}\n- Conv2D: {filters: 32, kernel_size: [3, 3], activation: relu}\n"
        "- MaxPooling2D: {pool_size: [2, 2]}\n- Flatten\n- Dense: {units: 10, activation: softmax}\n"),
        ["size of the images", '"conv"?', '"maxpool"?', '"flatten"?', '"fc"?'],
    ),
    "steps of torchvision": (
        NET + "train: {augment: [ToTensor, Normalize: {mean: 0.1, std: 0.3}]}\n", ["images are tensors", "normalised"],
    ),
    "a model with layers": ("model: {layers: [conv: 8, gap, fc: 10]}\nhparams: {lr: 1}\n", ['"layers"?', '"train"?']),
    "a wrong guess": (
        NET + "train: {augment: [random_crop: {size: 28, padding: 4, fill: 0}]}\n", ['did you mean "rotation"?'],
    ),
    "a wrong guess in the network": (
        "layers: [conv: 8, conw: {out: 3, 'true': [1]}, gap, fc: 10]\n", ['did you mean "conv"?'],
    ),
    "a key that was guessed": ("layers: [conv: {filters: many, padding: 1}, gap, fc: 10]\n", ['"out_channels"?']),
    "defaults that were guessed": ("defaults: {conf: {biass: 3}}\n" + NET, ['did you mean "conv"?']),
    "a list of parameters": (
        ("blocks: {sep: {parameters: [a, b], layers: [conv: $a, bn, 1x1: $b]}}\n"
        "layers: [sep: {a: 8, b: 8}, sep: {a: 8, b: 8}, gap, fc: 10]\n"),
        ["write parameters: {a, b}"],
    ),
    "a group's reference that was guessed": (
        "blocks: {g: {parameters: {width: 8}, layers: [conv: $widht]}}\nlayers: [g: 8, g: {width: 8}, gap, fc: 10]\n",
        ['did you mean "width"?'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HABITS)
def test_each_habit_is_answered_once(name: str, tmp_path: Path) -> None:
    text, answers = HABITS[name]
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path)
    found: tuple[Diagnostic, ...] = caught.value.diagnostics
    assert [answer in f"{error.message} {error.help}" for error, answer in zip(found, answers, strict=True)] == [
        True for _ in answers
    ], str(caught.value)


def test_what_does_not_hang_on_a_guess_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("layers: [conb: 8, maxpool: 30, gap, fc: 10]\ntrain: {epochs: 0}\n", encoding="utf-8")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path)
    assert [error.code for error in caught.value.diagnostics] == ["E204", "E301", "E203"]
    assert "gets 8x26x26" in caught.value.diagnostics[1].message


def test_no_word_of_the_language_is_refused_as_a_habit() -> None:
    for family, words in WORDS.items():
        known = {fold(name) for member in family.members.values() for name in (member.word, *member.aliases)}
        assert known.isdisjoint(words)
    assert {fold(key) for member in Block.members.values() for key in member.model_fields}.isdisjoint(BLOCK_KEYS)
    assert {fold(key) for key in (*KEYS, *Train.model_fields)}.isdisjoint(RECIPE_KEYS)
    assert all(fold(word) == word for words in (*WORDS.values(), BLOCK_KEYS, RECIPE_KEYS) for word in words)
