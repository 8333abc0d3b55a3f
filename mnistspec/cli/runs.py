"""The run that a command is about, found from the path that the user gave, and the data that it was made with."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from mnistspec.cli.console import print_message, print_warning
from mnistspec.cli.reading import check_data, read_data
from mnistspec.errors import UsageError
from mnistspec.wording import plural

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.data.dataset import Dataset
    from mnistspec.runs.folder import RunDir

_MANY = 20  # that are listed


class Need(Enum):
    """What the runs below a folder need, so that they are meant; its value says what others lack."""

    NOTHING = ""
    WEIGHTS = "none of them has finished an epoch"
    REST = "all of them have ended"

    def is_met(self, run: RunDir) -> bool:
        """Whether a run has it."""
        if self is Need.REST:
            return not (run.path / "result.json").is_file()
        return self is Need.NOTHING or (run.path / "model.safetensors").is_file()


def choose_run(path: Path, need: Need = Need.WEIGHTS, *, latest: bool = False) -> RunDir:
    """Return the run at a path, or the only one below it that meets a need, with ``latest`` the newest of them.

    Raises UsageError where there is none, or more than one; torch is not needed for that.
    """
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.listing import find_runs

    found = [RunDir(folder) for folder in find_runs(path)]
    if [run.path for run in found] == [path]:
        return found[0]
    runs = sorted(filter(need.is_met, found), key=lambda run: run.path.name, reverse=True)
    if not runs:
        what = (
            f"{plural(len(found), 'run')} below this folder, but {need.value}"
            if found
            else "not a run folder, and none is below it"
        )
        raise UsageError(f"{path}: {what}")
    if len(runs) > 1 and not latest:
        lines = [f"  {run.path}" for run in runs[:_MANY]]
        more = [f"  and {len(runs) - _MANY} more"] if len(runs) > _MANY else []
        head = f"{path}: {len(runs)} runs are below this folder; give one of them, or take the newest with --latest"
        raise UsageError("\n".join([head, *lines, *more]))
    print_message(f"taking {runs[0].path}")
    return runs[0]


def load_run_data(run: RunDir, data_dir: Path | None) -> Dataset:
    """Return the data set of a run, from a folder if one is given, else from where the run had it.

    It is reported if it is other data than the run's, which a network can be tested on, but which its figures are not
    of.
    """
    name = run.spec.data.display_name
    check_data(run.spec.data, data_dir)

    from mnistspec.runs.environment import find_data_dir
    from mnistspec.runs.trained import load_data

    data = load_data(run, data_dir, read_data)
    if run.data_digest not in {None, data.digest}:
        had = f", which were in {remembered}" if (remembered := find_data_dir(run)) else ""
        print_warning(f"these are other files of {name} than those that the run was made with{had}")
    return data
