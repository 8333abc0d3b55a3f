"""``mnistspec train``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from mnistspec.cli.completion import complete_runs, complete_specs
from mnistspec.cli.console import print_json, print_message, print_result, print_warning, print_warnings
from mnistspec.cli.interruption import Interrupted, interruption
from mnistspec.cli.options import (
    DataDir,
    Device,
    Epochs,
    Json,
    Settings,
    StrictTargets,
    TensorBoard,
    Threads,
)
from mnistspec.cli.reading import check_data, read_data
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import Need, choose_run
from mnistspec.errors import MnistspecError, NotFiniteError, UsageError
from mnistspec.language.yaml.diagnostics import Override
from mnistspec.wording import place_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistspec.runs.execution import Execution
    from mnistspec.runs.models import Result


Resume: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN",
        help="Resume an interrupted run, or the only one below a folder.",
        show_default=False,
        autocompletion=complete_runs,
    ),
]


CheckpointEvery: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="STEPS", min=1, help="Save checkpoints within epochs, too.", show_default=False),
]


@command(
    Panel.TRAIN,
    1,
    "Train the networks of one or more specs, each into a run folder of its own.",
    example="mnistspec train specs/step6.yaml --epochs 1",
)
def train(
    specs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SPEC", help="Spec files.", show_default=False, autocompletion=complete_specs),
    ] = None,
    epochs: Epochs = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Override the seed.", show_default=False)] = None,
    device: Device = None,
    threads: Threads = None,
    settings: Settings = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the run folders.")] = Path("runs"),
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Override the run's name.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    check_targets: Annotated[bool, typer.Option("--check-targets", help="Exit with 1 if a target is missed.")] = False,
    strict_targets: StrictTargets = False,
    resume: Resume = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="With --resume: remove what the run has done, and begin it anew.")
    ] = False,
    latest: Annotated[
        bool, typer.Option("--latest", help="With --resume: of several interrupted runs below RUN, take the newest.")
    ] = False,
    checkpoint_every: CheckpointEvery = None,
    tensorboard: TensorBoard = None,
    as_json: Json = False,
) -> None:
    overrides = {"train.epochs": ("--epochs", epochs), "train.seed": ("--seed", seed), "name": ("--name", name)}
    changes = [
        *(settings or ()),
        *(Override(option, f"{key}={value}") for key, (option, value) in overrides.items() if value is not None),
    ]
    if resume is not None and (specs or changes or strict_targets):
        wrong = "spec, --set, --epochs, --seed, --name or --strict-targets"
        raise UsageError(f"--resume continues a run as it was started: give no {wrong} with it")
    if resume is None and not specs:
        raise UsageError("give a spec to train, such as specs/step6.yaml, or --resume RUN")
    if latest and resume is None:
        raise UsageError("--latest chooses an interrupted run: name a folder with --resume RUN")
    if restart and resume is None:
        raise UsageError("--restart begins a run anew: name the run with --resume RUN")
    options = _Options(
        runs, data_dir, device, threads, tensorboard, checkpoint_every, latest, restart, strict_targets, as_json
    )
    executions = _resume(resume, options) if resume is not None else _start(specs or [], changes, options)
    results = [_run(execution, options) for execution in executions]
    if as_json:
        print_json(results[0] if len(results) == 1 else results)
    if check_targets and not all(target["met"] for result in results for target in result["targets"]):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Options:
    """How runs are trained, beside what their specs say."""

    runs: Path
    data_dir: Path | None
    device: str | None
    threads: int | None
    tensorboard: Path | None
    checkpoint_every: int | None
    latest: bool
    restart: bool
    strict_targets: bool
    as_json: bool


def _start(specs: list[Path], changes: list[str], options: _Options) -> Iterator[Execution]:
    """Yield a new run for each spec, once all of them are known to be right."""
    from mnistspec.language.loader import load_documents

    documents = load_documents(((path, changes) for path in specs), strict_targets=options.strict_targets)
    print_warnings(warning for document in documents for warning in document.warnings)
    for document in documents:
        check_data(document.spec.data, options.data_dir)
    _prepare(options, ", ".join(document.spec.name for document in documents))

    from mnistspec.network.summary import summarize
    from mnistspec.runs.execution import Execution, check_start
    from mnistspec.training.device import choose_device
    from mnistspec.views.terminal.tables import render_text, summary_table

    chosen = choose_device(options.device)
    loaded = {data: read_data(data, options.data_dir) for data in dict.fromkeys(each.spec.data for each in documents)}
    for document in documents:
        check_start(document.spec, loaded[document.spec.data], chosen)
    for document in documents:
        data = loaded[document.spec.data]
        summary = render_text(summary_table(summarize(document.spec, document.lines)), width=80)
        yield Execution.start(options.runs, document.spec, document.source, data, chosen, summary)


def _resume(path: Path, options: _Options) -> Iterator[Execution]:
    """Yield the run that is resumed."""
    from mnistspec.runs.result import refuse_ended

    folder = choose_run(path, Need.REST, latest=options.latest)
    check_data(folder.spec.data, options.data_dir)
    refuse_ended(folder)
    _prepare(options, str(folder.path))

    from mnistspec.runs.execution import Execution
    from mnistspec.runs.trained import load_data
    from mnistspec.training.device import choose_device

    data = load_data(folder, options.data_dir, read_data)
    yield Execution(folder, data, choose_device(options.device), restart=options.restart)


def _prepare(options: _Options, what: str) -> None:
    """Make the folder for logs, say what is begun, for torch takes seconds to load, and set its threads."""
    if options.tensorboard is not None:
        from mnistspec.runs.tensorboard import prepare_log

        print_message(prepare_log(options.tensorboard))
    print_message(f"{what}: loading torch ...")
    if options.threads is not None:
        import torch

        torch.set_num_threads(options.threads)


def _run(execution: Execution, options: _Options) -> dict[str, Any]:
    """Train to the end and return the result, which is printed here unless it is to be JSON."""
    with execution:
        result = _train(execution, options)
    if not options.as_json:
        from mnistspec.views.terminal.results import result_text

        print_result(result_text(result, execution.folder.path))
    interruption.check()
    return {"run": str(execution.folder.path), **result.as_data()}


def _train(execution: Execution, options: _Options) -> Result:
    """Train to the end, showing progress; on Ctrl-C or SIGTERM save a checkpoint and say how to resume."""
    from mnistspec.cli.progress import show_progress
    from mnistspec.views.painting import paint_run

    shown = 0
    steps = execution.run(paint_run, options.checkpoint_every)
    if options.tensorboard is not None:
        from mnistspec.runs.tensorboard import log_epochs

        steps = log_epochs(steps, execution, options.tensorboard)
    interruption.busy = lambda: execution.busy
    try:
        for _ in show_progress(steps, execution):
            interruption.check()
            shown = _show_warnings(execution, shown)
    except Interrupted:
        execution.save()
        training = execution.training
        _say_how_to_resume(execution, f"interrupted in epoch {training.epoch + 1} after step {training.step}")
        raise
    except NotFiniteError:
        raise
    except MnistspecError:
        _say_how_to_resume(execution, "stopped")
        raise
    finally:
        interruption.busy = lambda: False
        _show_warnings(execution, shown)
    return execution.folder.figures


def _say_how_to_resume(execution: Execution, what: str) -> None:
    if execution.can_resume:
        print_message(place_path(f"{what}; resume with:", f"mnistspec train --resume {execution.folder.path}"))


def _show_warnings(execution: Execution, shown: int) -> int:
    for warning in execution.warnings[shown:]:
        print_warning(warning)
    return len(execution.warnings)
