"""``mnistspec lr-find``."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistspec.cli.console import print_json, print_message, print_result, print_written
from mnistspec.cli.options import DataDir, Device, Json, Settings, SpecFile, Threads, output_option
from mnistspec.cli.reading import check_data, read_data
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import MnistspecError, UsageError

if TYPE_CHECKING:
    from mnistspec.language.spec import Spec
    from mnistspec.training.lr_range import RangePoint


@command(
    Panel.TRAIN,
    3,
    "Suggest a learning rate: raise it over a few training steps and find where the loss falls.\n\n"
    "No run folder is written.",
    example="mnistspec lr-find specs/step6.yaml -o lr.png",
)
def lr_find(
    spec: SpecFile,
    lowest: Annotated[float, typer.Option(metavar="LR", help="Learning rate of the first step.")] = 1e-5,
    highest: Annotated[float, typer.Option(metavar="LR", help="Learning rate of the last step.")] = 10.0,
    steps: Annotated[int, typer.Option(metavar="N", min=20, max=10_000, help="Number of training steps.")] = 100,
    output: Annotated[Path | None, output_option(".png", ".svg")] = None,
    settings: Settings = None,
    device: Device = None,
    threads: Threads = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    if not 0 < lowest < highest <= 100:
        raise UsageError("the learning rates must be above 0, at most 100, and --lowest below --highest")

    from mnistspec.language.loader import load_spec

    loaded = load_spec(spec, settings or ())
    check_data(loaded.data, data_dir)

    from mnistspec.language.settings import write_lr
    from mnistspec.training.lr_range import suggest_lr
    from mnistspec.views.terminal.lr_range import suggestion_text

    points = _raise_lr(loaded, (lowest, highest, steps), device, threads, data_dir)
    found = suggest_lr(points)
    if output is not None:
        from mnistspec.views.pictures.lr_range import draw_lr_range

        draw_lr_range(points, found, title=f"{loaded.name}: learning-rate range test").save(output)
        if not as_json:
            print_written("picture", output)
    if found is None:
        last, explodes = points[-1].lr, len(points) < steps
        more = f"--highest {last:.1g} --steps {4 * steps}" if explodes else f"--steps {4 * steps}"
        raise MnistspecError(
            f"no suggestion: the loss does not fall by a tenth between {lowest:g} and {last:.3g}"
            f"{', where it explodes' if explodes else ''}; try {more}, or a network that learns faster (bn)"
        )
    lr = float(f"{found.valley:.2g}")
    advice = write_lr(spec, settings or (), lr)
    if as_json:
        print_json({
            "name": loaded.name, "suggested": lr, **asdict(found), "setting": advice.setting, "line": advice.line,
            "picture": output and str(output), "points": [asdict(point) for point in points],
        })  # fmt: skip
    else:
        print_result(suggestion_text(points, found, advice.line, f"--set {shlex.quote(advice.setting)}"))


def _raise_lr(
    spec: Spec, course: tuple[float, float, int], device: str | None, threads: int | None, data_dir: Path | None
) -> list[RangePoint]:
    """Train from the spec's initialisation; ``course`` is the lowest rate, the highest, and the number of steps."""
    import torch

    from mnistspec.network.builder import build_model
    from mnistspec.training.device import choose_device
    from mnistspec.training.lr_range import raise_lr

    if threads is not None:
        torch.set_num_threads(threads)
    chosen, data = choose_device(device), read_data(spec.data, data_dir)
    lowest, highest, steps = course
    print_message(f"{spec.name}: {steps} steps of {spec.train.batch_size} images on {chosen.type}")
    torch.manual_seed(spec.train.seed)
    model = build_model(spec)
    return list(raise_lr(model, data, spec.train, chosen, lowest=lowest, highest=highest, steps=steps))
