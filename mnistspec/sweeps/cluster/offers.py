"""What a machine offers as a worker, and whether the workers of a cluster fit a sweep."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistspec.errors import MnistspecError
from mnistspec.runs.environment import find_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnistspec.sweeps.cluster.transfer import Requirements

_PACKAGES = ("mnistspec", "torch", "numpy", "distributed")
_BITS = ("torch", "numpy", "python")  # where these differ, the same run may give other bits


def describe_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages on which a run depends, without importing them."""
    return {"python": platform.python_version(), **{name: find_version(name) for name in _PACKAGES}}


def examine_machine(needs: Requirements) -> dict[str, Any]:
    """Return versions, devices, data sets (those needed with their digests) and what this machine lacks, as data.

    A needed data set that is not here is fetched, once for all runs.
    """
    from mnistspec.data.dataset import load_dataset  # noqa: PLC0415 - torch: a worker of a cluster has no use for it
    from mnistspec.data.store import is_present  # noqa: PLC0415 - the same
    from mnistspec.language.vocabulary.datasets import list_named  # noqa: PLC0415 - the same
    from mnistspec.training.device import choose_device, list_devices  # noqa: PLC0415 - the same

    folder = None if needs.data_dir is None else Path(needs.data_dir)
    problems, digests = [], {}
    for name in needs.data:
        try:
            digests[name] = load_dataset(name, data_dir=folder).digest
        except MnistspecError as error:
            problems.append(str(error))
    try:
        choose_device(needs.device)
    except MnistspecError as error:
        problems.append(str(error))
    return {
        "versions": describe_versions(),
        "devices": list_devices(),
        "data_sets": [
            name for name, data in list_named().items() if name in digests or (folder is None and is_present(data()))
        ],
        "digests": digests,
        "problems": problems,
    }


@dataclass
class Offer:
    """What a worker offers, and why it does not fit; ``machine`` is empty where that could not be found out."""

    address: str
    name: str = ""
    threads: int = 0
    memory: int | None = None  # bytes that Dask lets the worker have; None where it sets no limit
    machine: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether runs may be sent there."""
        return not self.problems

    def as_data(self) -> dict[str, Any]:
        """Return the offer as plain data."""
        keys = ("versions", "devices", "data_sets")
        return {
            "address": self.address,
            "name": self.name,
            "threads": self.threads,
            "memory_bytes": self.memory,
            **{key: self.machine.get(key) for key in keys},
            "fits": self.fits,
            "problems": self.problems,
        }


def read_offer(address: str, answer: object) -> Offer:
    """Return the offer in a worker's answer, which is an exception where the worker has no such package."""
    if not isinstance(answer, dict):
        return Offer(address, problems=[_explain(answer)])
    return Offer(address, machine=answer.pop("machine"), **answer)


def find_misfits(offers: Iterable[Offer]) -> None:
    """Add to each offer what makes it not fit: its own lacks, another mnistspec than here, other data than the rest."""
    mine = find_version("mnistspec")
    digests: dict[str, str] = {}
    for offer in offers:
        offer.problems += offer.machine.get("problems", [])
        theirs = offer.machine.get("versions", {}).get("mnistspec", mine)
        if theirs != mine:
            offer.problems.append(explain_version(theirs, mine))
        for name, digest in offer.machine.get("digests", {}).items():
            if digests.setdefault(name, digest) != digest:
                offer.problems.append(f"its files of the data set {name} are others than those of the workers above")


def explain_version(theirs: str, mine: str) -> str:
    """Return why a worker with another version of this package does not fit."""
    return f"it has mnistspec {theirs}, not {mine}; install mnistspec=={mine} there and start it again"


def compare_versions(offers: Iterable[Offer]) -> list[str]:
    """Return, in words, where workers that fit differ from this machine so that bits may differ."""
    mine = describe_versions()
    found: dict[tuple[str, str], list[str]] = {}
    for offer in offers:
        theirs = offer.machine.get("versions", {})
        for name in _BITS:
            if offer.fits and theirs.get(name) != mine[name]:
                found.setdefault((name, str(theirs.get(name))), []).append(offer.address)
    return [
        f"{', '.join(addresses[:3])}{' and others' if len(addresses) > 3 else ''}: {name} {theirs}, here {mine[name]}: "
        "runs may differ in their last bits from those of this machine"
        for (name, theirs), addresses in found.items()
    ]


def _explain(error: object) -> str:
    """Return why a worker could not be examined."""
    mine = find_version("mnistspec")
    if isinstance(error, ImportError | AttributeError):
        return f"it has no mnistspec, or another version ({error}); install mnistspec=={mine} there and start it again"
    return f"it could not be examined: {type(error).__name__}: {error}"
