"""In which settings specs differ, in the fewest words that say it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mnistspec.language.dump import write_value
from mnistspec.language.settings import shorten
from mnistspec.language.yaml.scalars import resolve
from mnistspec.wording import dotted_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mnistspec.analysis.comparison import Series
    from mnistspec.language.spec import Spec

_SHOWN = 3  # settings that a label has room for
_LONGEST = 24


def differing_settings(specs: Sequence[Spec]) -> list[dict[str, str]]:
    """Return for each spec its values of the settings in which the specs differ; seeds, targets and prose do not count.

    Keys are paths such as ``train.optimizer.sgd.lr``; blocks of a kind share one path, as in ``layers.dropout.p``.
    """
    flats = []
    for spec in specs:
        data = spec.as_trained()
        del data["name"], data["train"]["seed"]
        flats.append(flatten(data))
    keys = dict.fromkeys(key for flat in flats for key in flat)
    differing = [key for key in keys if len({flat.get(key) for flat in flats}) > 1]
    phrases = {key: _phrase_all({flat[key] for flat in flats if key in flat}) for key in differing}
    return [{key: phrases[key][flat[key]] for key in differing if key in flat} for flat in flats]


def flatten(data: object) -> dict[str, tuple[str, ...]]:
    """Return the values of nested data by their path, in order; the places of a list share the path of the list."""
    flat: dict[str, tuple[str, ...]] = {}
    for key, value in _walk(data):
        flat[key] = (*flat.get(key, ()), value)
    return flat


def has_setting(spec: Spec, key: str, value: str) -> bool:
    """Return whether one of a spec's settings whose key is or ends with ``key`` has the value."""
    return any(
        resolve(value) in {resolve(found) for found in values}
        for path, values in flatten(spec.as_data()).items()
        if f".{path}".endswith(f".{key}")
    )


def label_series(all_series: Sequence[Series]) -> list[tuple[str, ...]]:
    """Return for each series the words of a label that no other has: its name, what it was measured on, settings."""
    several = len({series.spec.data.display_name for series in all_series}) > 1
    labels = []
    for series in all_series:
        held_out = series.spec.train.holdout
        settings = {"data": series.spec.data.display_name} if several else {}
        settings |= {"train.holdout": str(held_out)} if held_out else {}
        settings |= {key: value for key, value in series.settings.items() if key != "train.holdout"}
        words = [shorten(f"{key}={value}") for key, value in settings.items()]
        more = [f"+{len(words) - _SHOWN} more"] if len(words) > _SHOWN else []
        labels.append((series.spec.name, *words[:_SHOWN], *more))
    counts, seen = Counter(labels), Counter[tuple[str, ...]]()
    for index, label in enumerate(labels):
        seen[label] += 1
        if counts[label] > 1:
            labels[index] = (*label, f"({seen[label]})")
    return labels


def _walk(data: object, path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in dotted_keys(data, path):
        if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
            for item in value:  # blocks or augmentations: a word, or one with arguments
                yield key, item if isinstance(item, str) else next(iter(item))
                if isinstance(item, dict):
                    yield from _walk(item, key)
        else:
            yield key, write_value(value)


def _phrase_all(lists: set[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return a phrase for each list: of its values, or of those between what all begin and end with, to tell it apart.

    Two networks that differ in the order of two blocks are ``bn/relu`` and ``relu/bn``, not twice ``9 items``.
    """
    phrases = {values: _phrase(values) for values in lists}
    if len(set(phrases.values())) == len(lists):
        return phrases
    before = _count_shared(lists)
    after = _count_shared({values[before:][::-1] for values in lists})
    parts = {values: values[before : len(values) - after] for values in lists}
    return {values: _shorten("/".join(part)) for values, part in parts.items()} if all(parts.values()) else phrases


def _count_shared(lists: set[tuple[str, ...]]) -> int:
    """Return with how many values all lists begin."""
    count = 0
    for places in zip(*lists, strict=False):
        if len(set(places)) > 1:
            break
        count += 1
    return count


def _phrase(values: tuple[str, ...]) -> str:
    """Return one value if all are the same, all of them if they are short, else their number."""
    value, *others = dict.fromkeys(values)
    if not others:
        return _shorten(value)
    text = "/".join(values)
    return text if len(text) <= _LONGEST else f"{len(values)} items"


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
