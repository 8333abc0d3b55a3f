"""Hypothesis strategies for specs that are valid by construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from hypothesis import example
from hypothesis import strategies as st

from mnistspec.language.spec import Notes, Reference, Spec, Targets
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block, ShapeError
from mnistspec.language.vocabulary.datasets import Data, list_named
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.recipe import ClassWeights, Train
from mnistspec.language.vocabulary.schedulers import Scheduler

MAX_CHANNELS = 12

_channels = st.integers(1, MAX_CHANNELS)
_rates = st.floats(1e-6, 1.0)
_fractions = st.floats(0, 0.99)
_factors = st.tuples(st.floats(0.01, 2), st.floats(0.01, 2)).map(lambda pair: tuple(sorted(pair)))
_degrees = st.tuples(st.floats(-89, 89), st.floats(-89, 89)).map(lambda pair: tuple(sorted(pair)))
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def _block_arguments(word: str, channels: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return arguments for a block that gets a map or features with so many channels; its shape may still not fit."""
    if word == "conv":
        groups = st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0])
        return groups.flatmap(
            lambda g: st.fixed_dictionaries(
                {"out_channels": st.integers(1, max(1, MAX_CHANNELS // g)).map(lambda n: n * g), "groups": st.just(g)},
                optional={
                    "kernel_size": st.integers(1, 5),
                    "stride": st.integers(1, 2),
                    "padding": st.integers(0, 2),
                    "dilation": st.integers(1, 2),
                    "bias": st.booleans(),
                },
            )
        )
    if word in {"maxpool", "avgpool"}:
        return st.integers(1, 4).flatmap(
            lambda k: st.fixed_dictionaries(
                {"kernel_size": st.just(k)}, optional={"stride": st.integers(1, 3), "padding": st.integers(0, k // 2)}
            )
        )
    fixed: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "1x1": {"out_channels": _channels, "bias": st.booleans()},
        "fc": {"out_features": _channels, "bias": st.booleans()},
        "bn": {"eps": st.floats(1e-7, 1e-2), "momentum": st.floats(0.01, 1), "affine": st.booleans()},
        "dropout": {"p": _fractions},
        "leaky_relu": {"negative_slope": st.floats(0, 1)},
        "elu": {"alpha": st.floats(0.1, 10)},
    }
    return st.fixed_dictionaries({}, optional=fixed.get(word, {})).map(lambda a: {**_needed(word), **a})


def _needed(word: str) -> dict[str, int]:
    return {"1x1": {"out_channels": 6}, "fc": {"out_features": 6}}.get(word, {})


@st.composite
def networks(draw: st.DrawFn, words: tuple[str, ...] = (), max_size: int = 8) -> tuple[Block, ...]:
    """Draw the blocks of a network for 28x28 images of one channel with ten scores; ``words`` limits the blocks."""
    choices = words or tuple(word for word in Block.members if word not in {"gap", "flatten"})
    shape: tuple[int, ...] = (1, 28, 28)
    blocks: list[Block] = []
    for word in draw(st.lists(st.sampled_from(choices), max_size=max_size)):
        block = Block.members[word](**draw(_block_arguments(word, shape[0])))
        try:
            shape = block.output_shape(shape)
        except ShapeError:
            continue
        blocks.append(block)
    if draw(st.booleans()):
        blocks += [Block.members["1x1"](out_channels=10), Block.members["gap"]()]
    else:
        blocks += [Block.members[draw(st.sampled_from(["gap", "flatten"]))](), Block.members["fc"](out_features=10)]
    return tuple(blocks)


def block(word: str, **arguments: Any) -> Block:
    """Return a block by its word."""
    made: Block = Block.members[word](**arguments)
    return made


def _conv(**arguments: Any) -> Block:
    return block("conv", **{"out_channels": 4, **arguments})


_HEAD = (block("gap"), block("fc", out_features=10))
# A network for each rule that a drawn one may leave out.
PINNED = {
    "dilation": (_conv(dilation=2), block("maxpool"), _conv(dilation=3), *_HEAD),
    "batch norm without affine": (_conv(), block("bn", affine=False), block("relu"), *_HEAD),
    "groups": (_conv(), _conv(out_channels=8, groups=4), _conv(out_channels=6, groups=2, bias=False), *_HEAD),
    "padding": (_conv(kernel_size=5, padding=2), _conv(padding=2), _conv(kernel_size=1, padding=1), *_HEAD),
    "stride with a remainder": (_conv(stride=2), _conv(kernel_size=2, stride=3, padding=1), *_HEAD),
    "padded pools": (
        block("maxpool", kernel_size=3, stride=2, padding=1), block("avgpool", kernel_size=4, stride=3, padding=2),
        *_HEAD,
    ),
    "pools with a remainder": (block("maxpool", kernel_size=3), block("avgpool", kernel_size=2, stride=3), *_HEAD),
    "the smallest map that padding allows": (
        _conv(kernel_size=28), _conv(padding=1), _conv(dilation=2, padding=2), block("maxpool", padding=1), *_HEAD,
    ),
    "features": (
        _conv(stride=4), block("flatten"), block("fc", out_features=8, bias=False), block("bn"), block("relu"),
        block("dropout", p=0.2), block("fc", out_features=10),
    ),
    "mixing": (_conv(), block("1x1", out_channels=6, bias=False), block("1x1", out_channels=10), block("gap")),
}  # fmt: skip
_Test = TypeVar("_Test", bound=Callable[..., None])


def pinned(test: _Test) -> _Test:
    """Give a test of drawn ``blocks`` or a drawn ``spec`` each pinned network, too."""
    for layers in PINNED.values():
        takes_blocks = "blocks" in test.__annotations__
        test = example(**({"blocks": layers} if takes_blocks else {"spec": Spec(name="pinned", layers=layers)}))(test)
    return test


def optimizers() -> st.SearchStrategy[Optimizer]:
    """Draw an optimizer."""
    common = {"lr": _rates, "weight_decay": st.floats(0, 1)}
    own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "sgd": {"momentum": st.floats(0.1, 0.99), "nesterov": st.booleans()},
        "adam": {"betas": st.tuples(_fractions, _fractions), "eps": st.floats(1e-10, 1e-3), "amsgrad": st.booleans()},
        "adamw": {"betas": st.tuples(_fractions, _fractions)},
        "nadam": {"momentum_decay": st.floats(0, 1)},
        "rmsprop": {"alpha": _fractions, "momentum": _fractions, "centered": st.booleans()},
    }
    return st.sampled_from(sorted(Optimizer.members)).flatmap(
        lambda word: st.fixed_dictionaries({**common, **own[word]}).map(
            lambda kwargs: Optimizer.members[word](**kwargs)
        )
    )


def schedulers(epochs: int) -> st.SearchStrategy[Scheduler]:
    """Draw a scheduler for a run of so many epochs."""
    warmups = st.none() | st.fixed_dictionaries(
        {"epochs": st.floats(0.01, epochs - 0.01)}, optional={"start_factor": st.floats(0.01, 1)}
    )
    milestones = st.sets(st.integers(1, 50), min_size=1, max_size=4).map(lambda values: tuple(sorted(values)))
    own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "constant": {"warmup": warmups},
        "onecycle": {"max_lr": _rates, "pct_start": st.floats(0.05, 0.45), "three_phase": st.booleans()},
        "cosine": {"warmup": warmups, "eta_min": st.floats(0, 1)},
        "step": {"warmup": warmups, "step_size": st.integers(1, 20)},
        "multistep": {"milestones": milestones, "gamma": st.floats(0.01, 1)},
        "exponential": {"warmup": warmups, "gamma": st.floats(0.01, 1)},
    }
    return st.sampled_from(sorted(Scheduler.members)).flatmap(
        lambda word: st.fixed_dictionaries(own[word]).map(lambda kwargs: Scheduler.members[word](**kwargs))
    )


def augmentations() -> st.SearchStrategy[Augmentation]:
    """Draw an augmentation."""
    translations = st.tuples(st.floats(0, 1), st.floats(0, 1))
    shears = st.tuples(_degrees, _degrees).map(lambda pairs: (*pairs[0], *pairs[1]))
    own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "rotation": {"degrees": _degrees},
        "affine": {"degrees": _degrees, "translate": translations, "scale": _factors, "shear": shears},
        "color_jitter": {"brightness": _factors, "contrast": _factors},
    }
    return st.sampled_from(sorted(Augmentation.members)).flatmap(
        lambda word: st.fixed_dictionaries(own[word]).map(lambda kwargs: Augmentation.members[word](**kwargs))
    )


@st.composite
def recipes(draw: st.DrawFn) -> Train:
    """Draw a recipe; its batches are larger than one and leave more than one image over."""
    epochs = draw(st.integers(1, 30))
    return Train(
        epochs=epochs,
        batch_size=draw(st.sampled_from([2, 32, 64, 128, 60_000])),
        seed=draw(st.integers(0, 2**32 - 1)),
        optimizer=draw(optimizers()),
        scheduler=draw(schedulers(epochs)),
        augment=tuple(draw(st.lists(augmentations(), max_size=3))),
    )


def class_weights(data: Data) -> st.SearchStrategy[ClassWeights | None]:
    """Draw weights for classes of a data set."""
    by_class = st.dictionaries(st.sampled_from(data.class_names), st.floats(1e-6, 1e6), min_size=1)
    balanced: st.SearchStrategy[Literal["balanced"]] = st.just("balanced")
    return st.none() | balanced | by_class


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """Draw a whole spec."""
    wanted = draw(st.none() | st.floats(0, 100))
    data = draw(st.sampled_from(sorted(list_named().items())))[1]()
    percentages = st.none() | st.floats(0, 100)
    return Spec(
        name=draw(
            st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True).filter(
                lambda n: n not in {"con", "prn", "aux", "nul"}
            )
        ),
        title=draw(_texts),
        notes=Notes(target=draw(_texts), analysis=draw(_texts)),
        data=data,
        layers=draw(networks()),
        train=draw(recipes()).model_copy(update={"class_weights": draw(class_weights(data))}),
        targets=Targets(
            max_params=draw(st.none() | st.integers(1, 10**9)),
            min_test_accuracy=wanted,
            last_epochs=1 if wanted is None else draw(st.integers(1, 5)),
            min_macro_f1=draw(percentages),
        ),
        reference=Reference(params=draw(st.none() | st.integers(0, 10**9)), test_accuracy=draw(percentages)),
    )
