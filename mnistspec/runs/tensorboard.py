"""A run as TensorBoard shows it: the figures of each epoch, and its spec beside the others' in the HPARAMS tab.

TensorBoard is an extra, so it is imported when a log is wanted.
"""

from __future__ import annotations

import contextlib
import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.files import explain_os_error
from mnistspec.runs.measurement import Measured
from mnistspec.wording import dotted_keys, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch.utils.tensorboard import SummaryWriter

    from mnistspec.language.spec import Spec
    from mnistspec.runs.execution import Execution
    from mnistspec.training.meter import Progress
    from mnistspec.training.metrics import EpochMetrics


def name_scalars(spec: Spec) -> dict[str, str]:
    """Return the figures of an epoch by their tags; TensorBoard draws the names before a slash together."""
    measured = Measured.of(spec).word
    return {
        "train/loss": "train_loss",
        "train/accuracy": "train_accuracy",
        f"{measured}/loss": "test_loss",
        f"{measured}/accuracy": "test_accuracy",
        "lr": "lr",
        "seconds": "seconds",
    }


def prepare_log(root: Path) -> str:
    """Make the folder for logs and say how to look at it; raise MnistspecError without it or TensorBoard's package."""
    if find_spec("tensorboard") is None:
        raise MnistspecError("a log for TensorBoard needs its package: pip install 'mnistspec[tensorboard]'")
    try:
        str(root).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{root}: TensorBoard's package writes to no folder whose name is not UTF-8") from None
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, root) from None
    return f"logging for TensorBoard, which shows it with: tensorboard --logdir {root}"


def find_log(root: Path, execution: Execution) -> Path:
    """Return the folder of a run's log: ``<name>-seed-<seed>/<the run folder's name>``, the same when it is resumed."""
    spec = execution.folder.spec
    return root / f"{spec.name}-seed-{spec.train.seed}" / execution.folder.path.name


def flatten_spec(spec: Spec) -> dict[str, float | str]:
    """Return what decides a run, by dotted keys such as ``train.optimizer.sgd.lr``; lists, true and false are text.

    The words chosen for optimizer and scheduler stand under those names.
    """
    words = {"train.optimizer": spec.train.optimizer.word, "train.scheduler": spec.train.scheduler.word}
    values = {key: _as_parameter(value) for key, value in dotted_keys(spec.as_trained()) if value is not None}
    return {"params": spec.params, **words, **values}


def _as_parameter(value: object) -> float | str:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value)  # torch would write true and false as 1 and 0


def log_epochs(steps: Iterable[Progress], execution: Execution, root: Path) -> Iterator[Progress]:
    """Pass the steps of a run on, writing each epoch below ``root``, flushed, and in a resumed run those before.

    What can no longer be written costs a warning, never the run.
    """
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra

    folder = find_log(root, execution)
    try:
        # Hides what an earlier process wrote, which may be ahead of the checkpoint or behind it: all is written anew.
        writer = SummaryWriter(str(folder), purge_step=0)
        _begin(writer, execution)
    except OSError as error:
        raise explain_os_error(error, folder) from None
    try:
        yield from _write_epochs(steps, execution, writer)
    finally:
        with contextlib.suppress(OSError):
            writer.close()


def _write_epochs(steps: Iterable[Progress], execution: Execution, writer: SummaryWriter) -> Iterator[Progress]:
    failed = False

    @contextlib.contextmanager
    def tolerate() -> Iterator[None]:
        nonlocal failed
        try:
            yield
        except OSError as error:
            failed = True
            problem = explain_os_error(error, Path(writer.log_dir))
            execution.warnings.append(f"{problem}; the log for TensorBoard ends here")

    for step in steps:
        if step.metrics and not failed:
            with tolerate():
                _add(writer, execution.folder.spec, step.metrics, time.time())
        yield step
    if not failed:
        with tolerate():
            _write(writer, _make_session(execution.folder.spec)[-1])


def _begin(writer: SummaryWriter, execution: Execution) -> None:
    """Write the hyper-parameters, and the epochs that are done, as if they had followed without a break until now."""
    experiment, start, _ = _make_session(execution.folder.spec)
    _write(writer, experiment, start)
    training = execution.training
    ended = time.time() - training.seconds - sum(epoch.seconds for epoch in training.metrics)
    for epoch in training.metrics:
        ended += epoch.seconds
        _add(writer, execution.folder.spec, epoch, ended)
    writer.flush()


def _add(writer: SummaryWriter, spec: Spec, metrics: EpochMetrics, ended: float) -> None:
    """Write an epoch that ended at a time in seconds since 1970."""
    for tag, name in name_scalars(spec).items():
        writer.add_scalar(tag, getattr(metrics, name), metrics.epoch, ended)
    writer.flush()


def _make_session(spec: Spec) -> tuple[object, object, object]:
    """Return what the HPARAMS tab reads: names, values, and the end; a run's figures are the scalars' last."""
    from torch.utils.tensorboard import summary  # noqa: PLC0415 - an extra

    make: Any = summary.hparams  # torch gives it no types
    names, values, end = make(flatten_spec(spec), dict.fromkeys(name_scalars(spec)))
    return names, values, end


def _write(writer: Any, *summaries: object) -> None:  # noqa: ANN401 - torch gives its file writer no type
    for summary in summaries:
        writer.file_writer.add_summary(summary)
    writer.flush()
