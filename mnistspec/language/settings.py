"""Settings, as --set takes them: in few words, and what gives a spec another learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistspec.language.dump import write_value
from mnistspec.language.loader import load_spec
from mnistspec.language.yaml.diagnostics import InvalidSpecError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mnistspec.language.spec import Spec
    from mnistspec.language.vocabulary.unit import Unit


@dataclass(frozen=True)
class LrSetting:
    """The argument of --set, and the line below ``train:`` that says the same."""

    setting: str
    line: str


def write_lr(path: Path, settings: Sequence[str], lr: float) -> LrSetting:
    """Return what gives the spec in a file this learning rate: as the scheduler's largest where it has one, else as lr.

    The short setting is taken where it leaves the rest as it is; a value that is not written in the file is no part of
    what --set merges with.
    """
    spec = load_spec(path, settings)
    peak = spec.train.scheduler.peak
    key, argument = ("scheduler", peak) if peak else ("optimizer", "lr")
    unit: Unit = getattr(spec.train, key)
    changed = unit.model_copy(update={argument: lr})
    wanted = spec.model_copy(update={"train": spec.train.model_copy(update={key: changed})})
    whole = f"{{{unit.word}: {_flow(changed, argument)}}}"
    short = f"train.{key}.{unit.word}.{argument}={lr!r}"
    setting = short if _gives(path, [*settings, short], wanted) else f"train.{key}={whole}"
    return LrSetting(setting, f"{key}: {whole}")


def _flow(unit: Unit, argument: str) -> str:
    """Return the argument, and the others that are not at their defaults, as YAML on one line."""
    fields = type(unit).model_fields
    values = {
        name: value for name, value in unit.model_dump().items() if name == argument or value != fields[name].default
    }
    return write_value(values)


def _gives(path: Path, settings: Sequence[str], wanted: Spec) -> bool:
    try:
        return load_spec(path, settings) == wanted
    except InvalidSpecError:
        return False


def shorten(setting: str) -> str:
    """Return a setting with what says most of its key: ``sgd.lr=0.1`` for ``train.optimizer.sgd.lr=0.1``."""
    key, equals, value = setting.partition("=")
    return ".".join(key.removeprefix("train.").split(".")[-2:]) + equals + value
