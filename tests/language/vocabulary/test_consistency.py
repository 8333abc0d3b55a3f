"""Values that each are right and do not go together, and those beside them that do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mnistspec.language.vocabulary.block import Block, ShapeError, Window, map_size
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.language.vocabulary.schedulers import MultiStepLR, OneCycleLR, Scheduler, Warmup

HALF = "may have a padding of at most half its kernel_size, 1, not 2"
PHASES = "three_phase needs a pct_start below 0.5"
NESTEROV = "nesterov needs a momentum above 0 and no dampening"


@pytest.mark.parametrize(
    ("family", "word", "arguments", "problem"),
    [
        (Block, "maxpool", {"kernel_size": 2, "padding": 1}, ""),
        (Block, "maxpool", {"kernel_size": 2, "padding": 2}, f"maxpool {HALF}"),
        (Block, "avgpool", {"kernel_size": 3, "padding": 1}, ""),
        (Block, "avgpool", {"kernel_size": 3, "padding": 2}, f"avgpool {HALF}"),
        (Optimizer, "sgd", {"nesterov": True, "momentum": 0.1}, ""),
        (Optimizer, "sgd", {"nesterov": True}, NESTEROV),
        (Optimizer, "sgd", {"nesterov": True, "momentum": 0.1, "dampening": 0.1}, NESTEROV),
        (Optimizer, "sgd", {"dampening": 0.1}, ""),
        (Scheduler, "onecycle", {"max_lr": 0.1, "three_phase": True, "pct_start": 0.49}, ""),
        (Scheduler, "onecycle", {"max_lr": 0.1, "three_phase": True, "pct_start": 0.5}, PHASES),
        (Scheduler, "onecycle", {"max_lr": 0.1, "pct_start": 0.5}, ""),
        (Scheduler, "multistep", {"milestones": (1, 2, 3)}, ""),
        (Scheduler, "multistep", {"milestones": (1, 2, 2)}, "milestones must rise"),
        (Scheduler, "multistep", {"milestones": (2, 1)}, "milestones must rise"),
        (Scheduler, "multistep", {"milestones": (5,)}, ""),
    ],
)
def test_arguments_go_together(family: Any, word: str, arguments: dict[str, Any], problem: str) -> None:
    if not problem:
        family.members[word].model_validate(arguments)
        return
    with pytest.raises(ValidationError) as caught:
        family.members[word].model_validate(arguments)
    (detail,) = caught.value.errors()
    assert problem in detail["msg"]
    assert detail["ctx"]["field"] in arguments


@pytest.mark.parametrize(("epochs", "fits"), [(2.9, True), (3, False), (3.1, False)])
def test_a_warmup_ends_before_the_training_does(epochs: float, fits: bool) -> None:
    scheduler = MultiStepLR(milestones=(1,), warmup=Warmup(epochs=epochs))
    if fits:
        assert Train(epochs=3, scheduler=scheduler).scheduler is scheduler
    else:
        with pytest.raises(ValidationError, match="as long as the whole run of 3"):
            Train(epochs=3, scheduler=scheduler)


@pytest.mark.parametrize(
    ("size", "window", "found"),
    [
        (5, Window(5), (1, 1)), (4, Window(5), None), (3, Window(5, padding=1), (1, 1)),
        (2, Window(5, padding=1), None),
        (1, Window(5, padding=3), (3, 3)), (9, Window(3, stride=2), (4, 4)), (10, Window(3, stride=2), (4, 4)),
        (5, Window(3, dilation=2), (1, 1)), (4, Window(3, dilation=2), None), (7, Window(), (7, 7)),
    ],
)  # fmt: skip
def test_how_far_a_window_fits(size: int, window: Window, found: tuple[int, int] | None) -> None:
    if found:
        assert map_size("conv", (8, size, size), window, "advice") == found
        return
    least = window.reach - 2 * window.padding
    with pytest.raises(
        ShapeError, match=f"needs a map of at least {least}x{least}, but gets 8x{size}x{size}"
    ) as caught:
        map_size("conv", (8, size, size), window, "advice")
    assert caught.value.help == "advice"


@pytest.mark.parametrize(
    ("pct_start", "total", "written"), [(0.1, 10, 0.1 + 1e-9), (0.1, 11, 0.1), (0.3, 10, 0.3), (0.5, 2, 0.5 + 1e-9)]
)
def test_a_rise_of_one_step_does_not_divide_by_zero(pct_start: float, total: int, written: float) -> None:
    arguments = OneCycleLR(max_lr=0.1, pct_start=pct_start).arguments(total, 5)
    assert (arguments["total_steps"], arguments["pct_start"]) == (total, written)
