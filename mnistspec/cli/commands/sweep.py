"""``mnistspec sweep``."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mnistspec.cli.console import print_json, print_message, print_prose, print_table, print_warnings
from mnistspec.cli.interruption import Interrupted, interruption
from mnistspec.cli.options import DataDir, Device, Epochs, Json, SpecFiles, StrictTargets, TensorBoard
from mnistspec.cli.reading import check_data, read_data
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError
from mnistspec.language.yaml.diagnostics import Override
from mnistspec.wording import plural

if TYPE_CHECKING:
    from mnistspec.sweeps.cluster.transfer import Requirements
    from mnistspec.sweeps.engine import Engine, LocalEngine
    from mnistspec.sweeps.grid import Job
    from mnistspec.sweeps.sweep import Run, Sweep

    Show = Callable[[Run | None], None]

Choices: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE,...",
        help="Override a value of the specs; of several, separated by commas, each is tried; repeatable.",
    ),
]
Cluster: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Train on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786, not here; --data-dir is then a "
        "folder of theirs. Connect only to a scheduler that you trust: its messages can run code.",
        show_default=False,
    ),
]
Retries: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="With --cluster: repeat a run whose worker is lost at most N times.",
        show_default="2",
    ),
]
Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Number of runs at a time.",
        show_default="one a core, or one on an accelerator",
    ),
]
_LOCK = ".sweep.lock"


@command(
    Panel.TRAIN,
    2,
    "Train a grid of runs, specs x settings x seeds, several at a time, here or on a cluster.\n\n"
    "To resume an interrupted sweep, give the same command again. The results are in DIR/sweep.csv and DIR/sweep.json.",
    example="mnistspec sweep specs/step6.yaml --seeds 0-4 --set train.batch_size=64,128",
)
def sweep(
    specs: SpecFiles,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Seeds, such as 0-9 or 0,2,5.", show_default="each spec's own"),
    ] = None,
    settings: Choices = None,
    epochs: Epochs = None,
    jobs: Jobs = None,
    threads: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="CPU threads of each run; two runs of one thread are faster than one of two."
        ),
    ] = 1,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the run folders and tables.")] = Path(
        "runs/sweep"
    ),
    data_dir: DataDir = None,
    device: Device = None,
    cluster: Cluster = None,
    retries: Retries = None,
    tensorboard: TensorBoard = None,
    strict_targets: StrictTargets = False,
    as_json: Json = False,
) -> None:
    from mnistspec.cli.cluster import make_engine, open_cluster
    from mnistspec.runs.lock import lock_folder
    from mnistspec.sweeps.grid import make_grid, parse_seeds
    from mnistspec.sweeps.sweep import Sweep

    fixed = [] if epochs is None else [Override("--epochs", f"train.epochs={epochs}")]
    _check_options(cluster, jobs, retries, tensorboard)
    chosen = () if seeds is None else parse_seeds(seeds)
    grid = make_grid(specs, [*(settings or ()), *fixed], chosen, strict_targets=strict_targets)
    print_warnings(warning for job in grid for warning in job.warnings)
    needs = _find_needs(grid, data_dir, device, cluster)
    with (
        open_cluster(cluster, needs) if cluster else nullcontext((None, _read_digests(grid, data_dir))) as (
            client,
            digests,
        ),
        lock_folder(runs, _LOCK) as lock,
    ):
        work = Sweep(runs, grid, digests)
        _tell_plan(work)
        if not all(run.is_over for run in work.runs):
            with (
                make_engine(client, work, needs, threads, 2 if retries is None else retries)
                if client
                else _open_machine(work, needs, threads, jobs, lock, tensorboard)
            ) as engine:
                _execute(work, engine)
        else:
            work.write()
    _print_results(work, as_json=as_json)
    if not all(run.is_done for run in work.runs):
        raise typer.Exit(1)


def _tell_plan(work: Sweep) -> None:
    from mnistspec.views.terminal.sweeps import plan_line, run_line

    print_message(plan_line(work))
    if others := sum(run.has_other_targets for run in work.runs):
        print_message(f"{plural(others, 'run')} ended under other targets than now; tables show what they met of those")
    for run in work.runs:
        if run.is_over and not run.is_done:
            print_message(run_line(run, work))


def _check_options(cluster: str | None, jobs: int | None, retries: int | None, tensorboard: Path | None) -> None:
    """Raise UsageError for an option of one kind of sweep with the other."""
    if cluster is not None and jobs is not None:
        raise UsageError("--jobs is for this machine: on a cluster each thread of a worker (--nthreads) is a run")
    if cluster is not None and tensorboard is not None:
        raise UsageError("--tensorboard is for this machine: a cluster's runs write no log for TensorBoard")
    if cluster is None and retries is not None:
        raise UsageError("--retries is for runs whose worker is lost: give it with --cluster")


def _find_needs(grid: list[Job], data_dir: Path | None, device: str | None, cluster: str | None) -> Requirements:
    """Return what each run needs; raise UsageError for data that are not here, unless they are a cluster's."""
    from mnistspec.language.vocabulary.image_sets import OwnData
    from mnistspec.sweeps.cluster.transfer import Requirements

    names = {}
    for job in grid:
        names[job.spec.data.word] = job.spec.data
        check_data(job.spec.data, None if cluster else data_dir)
        if cluster and isinstance(job.spec.data, OwnData):
            raise UsageError(
                f"{job.spec.name} trains on pictures in {job.spec.data.path}, which the workers of a cluster do not "
                "have: --cluster is for data sets with a name"
            )
    return Requirements(tuple(sorted(names)), str(data_dir) if data_dir else None, device)


def _read_digests(grid: list[Job], data_dir: Path | None) -> dict[str, str]:
    """Return the digests of the data sets, which are fetched here once for all runs; raise what would stop each run."""
    sets = {job.spec.data.display_name: job.spec.data for job in grid}
    return {name: read_data(data, data_dir).digest for name, data in sets.items()}


def _open_machine(
    work: Sweep, needs: Requirements, threads: int, jobs: int | None, lock: int, tensorboard: Path | None
) -> LocalEngine:
    """Return the engine for this machine; raise what would stop each run."""
    from mnistspec.sweeps.engine import LocalEngine
    from mnistspec.training.device import choose_device

    if tensorboard is not None:
        from mnistspec.runs.tensorboard import prepare_log

        print_message(prepare_log(tensorboard))
    at_once = jobs or (_count_cores() if choose_device(needs.device).type == "cpu" else 1)
    return LocalEngine(
        work.root, jobs=at_once, threads=threads, options=needs.options, logs=tensorboard, keep_open=(lock,)
    )


def _count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _execute(work: Sweep, engine: Engine) -> None:
    """Bring the sweep to its end; on Ctrl-C or SIGTERM have the runs take their checkpoints, and say how to resume."""
    from mnistspec.cli.progress import show_sweep

    interruption.busy = lambda: True  # a signal waits for the next look, so that no table is left half written
    with show_sweep(work) as show:
        try:
            work.start(engine)
            for run in work.watch():
                show(run)
                interruption.check()
        except Interrupted:
            engine.stop()
            print_message("interrupted: the runs under way are saving checkpoints")
            for run in work.watch():
                show(run)
            print_message("stopped; to resume, give the same command again")
            raise
        finally:
            interruption.busy = lambda: False


def _print_results(work: Sweep, *, as_json: bool) -> None:
    """Print the rows as JSON, or the leaderboard of what is done."""
    if as_json:
        print_json({"folder": str(work.root), "runs": work.rows()})
        return
    from mnistspec.analysis.collection import collect_runs
    from mnistspec.analysis.comparison import compare_runs
    from mnistspec.views.terminal.leaderboard import leaderboard_table
    from mnistspec.views.terminal.sweeps import counts_line

    folders = [run.folder for run in work.runs if run.is_done and run.folder]
    if folders:
        print_table(leaderboard_table(compare_runs(collect_runs(folders).runs)))
    print_prose(f"{counts_line(work)}; the table is {work.root / 'sweep.csv'}")
