"""The grid of a sweep: specs x settings x seeds as jobs, every one of them validated before anything starts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from mnistspec.errors import UsageError
from mnistspec.files import hash_text
from mnistspec.language.loader import Document, load_documents
from mnistspec.language.settings import shorten
from mnistspec.language.yaml.diagnostics import Override
from mnistspec.wording import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mnistspec.language.spec import Spec
    from mnistspec.language.yaml.diagnostics import Diagnostic

MAX_RUNS = 10_000
_SEEDS = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?")
_MAX_SEED = 2**32 - 1
_LONGEST_NAME = 100  # of a folder; most systems allow 255 bytes
_CLOSING = {"]": "[", "}": "{"}


@dataclass(frozen=True, eq=False)
class Job:
    """One run of a grid: the file, the settings laid over it, and the spec that they make, its seed included."""

    path: Path
    settings: tuple[str, ...]
    spec: Spec
    label: str
    macs: int  # of one image: what an epoch costs beside those of other jobs
    lines: tuple[int, ...]  # of the spec's blocks in their files
    source: bytes = field(repr=False)  # the file, as it was parsed
    warnings: tuple[Diagnostic, ...] = ()  # about the spec

    @cached_property
    def resolved(self) -> str:
        """The text of the run's resolved.yaml."""
        return self.spec.as_yaml()

    @cached_property
    def id(self) -> str:
        """What tells the run from others; the data that it is trained on are not in it."""
        return identify(self.spec)

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.spec.train.seed


def identify(spec: Spec) -> str:
    """Return a short digest of what is trained: two specs that differ in prose and targets only have the same."""
    return hash_text(json.dumps(spec.as_trained()))[:12]


def parse_seeds(text: str) -> tuple[int, ...]:
    """Return the seeds of a text such as ``0-9`` or ``0-2,7``, each once; raise UsageError for any other text."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        match = _SEEDS.fullmatch(part.strip())
        if match is None:
            raise UsageError(f"--seeds takes numbers and ranges, such as 0-9 or 0,2,5, not {quote(text)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"--seeds: the range {part.strip()} falls; write {last}-{first}")
        if last > _MAX_SEED:
            raise UsageError(f"--seeds: a seed is at most {_MAX_SEED}, not {last}")
        if last - first >= MAX_RUNS:
            raise UsageError(
                f"--seeds: {part.strip()} are {last - first + 1:,} seeds; a sweep has at most {MAX_RUNS:,} runs"
            )
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return tuple(seeds)


def split_values(text: str) -> list[str]:
    """Return what stands between a text's commas; those in quotes and brackets do not count: ``[1, 2],[3]`` has two."""
    values, start, quote_mark, before = [], 0, "", ","
    open_brackets: list[str] = []
    for index, character in enumerate(text):
        if quote_mark:
            quote_mark = "" if character == quote_mark else quote_mark
        elif character in "'\"" and before in ",[{:":  # elsewhere it is a letter of a word, as in don't
            quote_mark = character
        elif character in "[{":
            open_brackets.append(character)
        elif open_brackets and _CLOSING.get(character) == open_brackets[-1]:
            open_brackets.pop()
        elif character == "," and not open_brackets:
            values.append(text[start:index])
            start = index + 1
        before = before if character.isspace() else character
    return [value.strip() for value in [*values, text[start:]]]


def expand_settings(settings: Iterable[str]) -> list[list[str]]:
    """Return for each ``key=value,value`` its ``key=value`` settings; a key that is there twice is a UsageError."""
    choices: dict[str, list[str]] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set takes key=value or key=value,value, not {quote(setting)}")
        if key in choices:
            raise UsageError(f"{key} is set twice; give all of its values in one --set, with commas between them")
        if key == "train.seed":
            raise UsageError("a sweep's seeds are given with --seeds, such as --seeds 0-4")
        values = split_values(text)
        if len(values) > 1 and not all(values):
            raise UsageError(f"--set {quote(setting)}: there is nothing between two commas, or at an end")
        choices[key] = [setting] if isinstance(setting, Override) else [f"{key}={value}" for value in values]
    return list(choices.values())


def make_grid(
    paths: Sequence[Path], settings: Iterable[str], seeds: Sequence[int] = (), *, strict_targets: bool = False
) -> list[Job]:
    """Return the jobs of specs x settings x seeds; without seeds each spec keeps its own.

    Raises SpecError with the errors of all specs under all settings, UsageError for a grid too large or with twins.
    """
    choices = expand_settings(settings)
    varied = {choice[0].partition("=")[0] for choice in choices if len(choice) > 1}
    combinations = list(product(*choices))
    count = len(paths) * len(combinations) * max(1, len(seeds))
    if count > MAX_RUNS:
        raise UsageError(f"the grid has {count:,} runs; a sweep has at most {MAX_RUNS:,}")
    jobs: list[Job] = []
    variants = list(product(paths, combinations))
    documents = load_documents(variants, strict_targets=strict_targets)
    for (path, changes), document in zip(variants, documents, strict=True):
        jobs += _seed(path, changes, document, seeds, varied)
    _reject_twins(jobs)
    return jobs


def _seed(
    path: Path, changes: tuple[str, ...], document: Document, seeds: Sequence[int], varied: set[str]
) -> Iterator[Job]:
    spec, macs = document.spec, document.spec.macs
    words = [shorten(change) for change in changes if change.partition("=")[0] in varied]
    for seed in seeds or (spec.train.seed,):
        seeded = spec.model_copy(update={"train": spec.train.model_copy(update={"seed": seed})})
        label = " ".join([spec.name, *words, f"seed {seed}"])
        yield Job(path, changes, seeded, label, macs, document.lines, document.source, document.warnings)


def _reject_twins(jobs: list[Job]) -> None:
    seen: dict[str, Job] = {}
    for job in jobs:
        twin = seen.setdefault(job.id, job)
        if twin is not job:
            raise UsageError(
                f"the grid has the same run twice: {twin.label} of {twin.path} and {job.label} of {job.path}; "
                "give each spec and each value once, and different specs different names"
            )


def name_settings(settings: Iterable[str]) -> str:
    """Return settings as the name of a folder: ``sgd.lr=0.1,batch_size=64``; without any it is ``.``, no folder."""
    text = re.sub(r"[^\w.=,+-]+", "-", ",".join(map(shorten, settings)), flags=re.ASCII)
    return text[:_LONGEST_NAME].lstrip(".-") or "."
