"""What has changed since a run began: its resolved spec, which stops it, or its environment, which is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.language.dump import write_value
from mnistspec.language.yaml.composer import read_bytes
from mnistspec.language.yaml.diagnostics import Collector
from mnistspec.language.yaml.tree import plain
from mnistspec.wording import dotted_keys, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistspec.runs.models import Environment

_LONGEST = 60
# Where these differ, the same spec and seed may give other bytes.
_EXACT_PACKAGES = ("mnistspec", "torch", "numpy")
_EXACT = ("device", "device_name", "threads", "machine", "cpu")


def find_drift(before: Environment, now: Environment) -> list[str]:
    """Return, in words, in what two environments differ so that results may not be equal to the bit."""
    old, new = _exact(before), _exact(now)
    return [f"{key} was {old[key][:_LONGEST]}, is {new[key][:_LONGEST]}" for key in new if old[key] != new[key]]


def _exact(environment: Environment) -> dict[str, str]:
    packages = {name: str(environment.packages.get(name)) for name in _EXACT_PACKAGES}
    return packages | {name: str(getattr(environment, name)) for name in _EXACT}


def describe_change(before: str, now: str) -> str:
    """Return the first field in which two resolved specs differ, with both of its values; the first may be any text."""
    old, new = _leaves(before), _leaves(now)
    for key in dict.fromkeys([*new, *old]):
        if old.get(key) != new.get(key):
            return f"{key} was {_quote(old.get(key))}, is {_quote(new.get(key))}"
    return "the text differs, the values do not"


def _leaves(text: str) -> dict[str, str]:
    tree = read_bytes(text.encode(errors="replace"), "", Collector(""))
    return dict(_walk(plain(tree))) if tree is not None else {}


def _walk(data: object, path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in dotted_keys(data, path):
        if isinstance(value, tuple):
            for index, item in enumerate(value, start=1):
                yield from _walk(item, f"{key}[{index}]")
        else:
            yield key, write_value(value)


def _quote(value: str | None) -> str:
    return "nothing" if value is None else f'"{printable(value[:_LONGEST])}"'
