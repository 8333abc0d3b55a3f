"""From nodes with places to checked models: pydantic says what is wrong, this module says it to people, with the place."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mnistspec.spec.diagnostics import Collector, Span, did_you_mean, quote, suggest
from mnistspec.spec.source import Entry, Mapping, Node, Scalar, Sequence, Value
from mnistspec.spec.units import Model, Unit

M = TypeVar("M", bound=Model)

# Words of other frameworks, for the did-you-mean of a key.
_KEY_ALIASES = {
    "learning_rate": "lr",
    "filters": "out_channels",
    "channels": "out_channels",
    "units": "out_features",
    "rate": "p",
    "prob": "p",
    "kernel": "kernel_size",
    "size": "kernel_size",
    "strides": "stride",
    "pad": "padding",
    "use_bias": "bias",
    "wd": "weight_decay",
    "decay": "weight_decay",
    "batch": "batch_size",
    "lr_scheduler": "scheduler",
    "augmentation": "augment",
    "augmentations": "augment",
    "transforms": "augment",
    "dataset": "data",
    "network": "layers",
    "model": "layers",
    "groups": "blocks",
    "accuracy": "min_test_accuracy",
}

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "string_too_long": "at most {max_length:,} characters long",
    "expected": "{expected}",
}


@dataclass
class Reader:
    """Reads nodes into models and notes what is wrong with the collector; ``notes`` go with every error (the group that is read)."""

    collector: Collector
    notes: tuple[str, ...] = ()

    def error(self, code: str, message: str, span: Span, help: str = "") -> None:  # noqa: A002 - see Collector.add
        """Note an error."""
        self.collector.add(code, message, span, help=help, notes=self.notes)

    def mapping(self, node: Node, what: str, span: Span) -> Mapping | None:
        """Return the node if it is a mapping; otherwise note that ``what`` must be one."""
        if isinstance(node, Mapping):
            return node
        self.error("E203", f"{what} must be a mapping of keys to values, not {describe(node)}", span)
        return None

    def sequence(self, node: Node, what: str, span: Span) -> Sequence | None:
        """Return the node if it is a list; otherwise note that ``what`` must be one."""
        if isinstance(node, Sequence):
            return node
        self.error("E203", f"{what} must be a list, not {describe(node)}", span)
        return None

    def keys(self, what: str, entries: AnyMapping[str, Entry], known: list[str]) -> dict[str, Entry]:
        """Return the entries whose keys are known; the others are noted, and read as what was probably meant."""
        kept = {key: entry for key, entry in entries.items() if key in known}
        for key, entry in entries.items():
            if key in known:
                continue
            meant = suggest(key, known, _KEY_ALIASES)
            help_text = "" if meant else f"keys of {what}: {', '.join(known)}" if known else f"{what} takes no keys"
            self.error("E201", f"{what} has no key {quote(key)}{did_you_mean(meant)}", entry.key, help_text)
            if meant and meant not in kept:
                kept[meant] = entry
        return kept

    def model(self, cls: type[M], what: str, entries: AnyMapping[str, Entry], span: Span, **ready: object) -> M | None:
        """Return the model that the entries make, or None with the reasons noted.

        ``what`` names it in messages, ``span`` is where a missing key is reported, ``ready`` are fields that were read already.
        """
        known = [name for name in cls.model_fields if name not in ready]
        kept = self.keys(what, entries, known)
        data = {key: plain(entry.node) for key, entry in kept.items()}
        try:
            return cls.model_validate({**data, **ready})
        except ValidationError as error:
            bad = {self._explain(detail, what, kept, span) for detail in error.errors(include_url=False)}
            return self._recover(cls, {**data, **ready}, bad)

    def _recover(self, cls: type[M], data: dict[str, object], bad: set[str]) -> M | None:
        """Return the model without its bad values, so that what comes after it can still be checked."""
        try:
            return cls.model_validate({key: value for key, value in data.items() if key not in bad})
        except ValidationError:
            return None

    def _explain(self, detail: ErrorDetails, what: str, entries: AnyMapping[str, Entry], span: Span) -> str:
        """Note one of pydantic's errors in our words; return the key that it is about."""
        loc, context = detail["loc"], detail.get("ctx", {})
        key = str(loc[0]) if loc else str(context.get("field", ""))
        place, node = locate(entries, loc or (key,), span)
        path = _path(loc) or key
        if detail["type"] == "missing":
            owner = _path(loc[:-1])
            self.error("E202", f'{owner or what} needs the key "{loc[-1]}"' if isinstance(loc[-1], str) else
                       f"{path} is missing: {owner} is too short", place)  # fmt: skip
        elif detail["type"] == "extra_forbidden":
            self.error("E201", f"{_path(loc[:-1]) or what} has no key {quote(str(loc[-1]))}", place)
        elif detail["type"] == "consistency":
            self.error("E205", detail["msg"], place)
        elif detail["type"] in {"too_long", "too_short"}:
            limit = context.get("max_length", context.get("min_length"))
            bound = "at most" if detail["type"] == "too_long" else "at least"
            self.error("E203", f"{path} must have {bound} {limit} value{'s' if limit != 1 else ''}", place)
        else:
            expected = _EXPECTED[detail["type"]].format(**_tidy(context)) if detail["type"] in _EXPECTED else detail["msg"]
            self.error("E203", f"{path} must be {expected}, not {describe(node)}", place, _hint(detail["type"], node))
        return key

    def unit(self, family: type[Unit], node: Node, span: Span) -> Unit | None:
        """Return the member of a family that a node names, as ``word``, ``word: scalar`` or ``word: {key: value}``."""
        tagged = self.tagged(node, family.family, span)
        if tagged is None:
            return None
        word, place, argument = tagged
        member = self.member(family, word, place)
        if member is None:
            return None
        return self.model(member, word, self.arguments(member, word, argument, place), place)

    def tagged(self, node: Node, what: str, span: Span) -> tuple[str, Span, Node | None] | None:
        """Return the word of a tagged value, its place and its argument; None with the reason noted if it is none."""
        if isinstance(node, Scalar) and isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
            return node.text, node.span, None
        if isinstance(node, Mapping) and len(node.entries) == 1:
            (word, entry), = node.entries.items()
            return word, entry.key, entry.node
        if isinstance(node, Mapping) and node.entries:
            second = list(node.entries.values())[1]
            words = ", ".join(quote(word) for word in list(node.entries)[:3])
            self.error("E206", f"one {what} at a time, not {words} together", second.key,
                       f"begin a new line with a dash for each {what}, and indent its keys further than its name")  # fmt: skip
            return None
        self.error("E206", f"expected a {what}, not {describe(node)}", node.span if isinstance(node, Scalar) else span)
        return None

    def member(self, family: type[Unit], word: str, place: Span, extra: tuple[str, ...] = ()) -> type[Unit] | None:
        """Return the member named ``word``; an unknown word is noted, and what was probably meant is returned."""
        if word in family.members:
            return family.members[word]
        aliases = {alias: name for name, member in family.members.items() for alias in member.aliases}
        choices = [*family.members, *extra]
        meant = suggest(word, choices, aliases)
        help_text = "" if meant else f"{family.family}s: {', '.join(choices)}"
        self.error("E204", f"unknown {family.family} {quote(word)}{did_you_mean(meant)}", place, help_text)
        return family.members.get(meant or "")

    def arguments(self, member: type[Unit], word: str, argument: Node | None, place: Span) -> dict[str, Entry]:
        """Return a member's arguments as entries, whether they were written as a scalar, a list or a mapping."""
        if argument is None or (isinstance(argument, Scalar) and argument.value is None):
            return {}
        if isinstance(argument, Mapping):
            return argument.entries
        if member.scalar is None:
            keys = ", ".join(member.model_fields)
            help_text = f"write {word} alone, or its keys: {keys}" if keys else f"write {word} alone"
            self.error("E203", f"{word} takes no value of its own, but gets {describe(argument)}", argument.span, help_text)
            return {}
        span = argument.span if isinstance(argument, Scalar) else place
        return {member.scalar: Entry(span, argument)}


def plain(node: Node) -> object:
    """Return a node as plain Python; lists become tuples, as the strict models want them."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return tuple(plain(item) for item in node.items)
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def describe(node: Node | None) -> str:
    """Return what a node is, for the end of "must be ..., not"."""
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}" if node.items else "an empty list"
    if isinstance(node, Mapping):
        return "a mapping"
    if node is None or node.value is None:
        return "nothing"
    return f"the text {quote(node.text)}" if isinstance(node.value, str) else quote(node.text)[1:-1]


def locate(entries: AnyMapping[str, Entry], loc: tuple[str | int, ...], span: Span) -> tuple[Span, Node | None]:
    """Return the place and node of pydantic's ``loc``; an absent one has its nearest parent's place."""
    node: Node | None = None
    for depth, part in enumerate(loc):
        if depth and isinstance(node, Mapping):
            entries = node.entries
        if isinstance(part, str) and (depth == 0 or isinstance(node, Mapping)) and part in entries:
            node = entries[part].node
            span = node.span if isinstance(node, Scalar) and node.text else entries[part].key
        elif isinstance(part, int) and isinstance(node, Sequence) and part < len(node.items):
            node = node.items[part]
            span = node.span
        elif not (isinstance(part, str) and isinstance(node, Scalar | Sequence)):  # else: the tag of a union
            return (entries[part].key if isinstance(part, str) and part in entries else span), None
    return span, node


def _tidy(context: dict[str, Any]) -> dict[str, Any]:
    """Return pydantic's limits as people write them: 1 for 1.0."""
    return {key: f"{value:g}" if isinstance(value, float) else value for key, value in context.items()}


def _path(loc: tuple[str | int, ...]) -> str:
    """Return ``loc`` as a person would write it: betas[1], warmup.epochs."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def _hint(error_type: str, node: Node | None) -> str:
    """Return advice for values that look right to people but are text in YAML 1.2."""
    value: Value | Any = node.value if isinstance(node, Scalar) else None
    if not isinstance(value, str):
        return ""
    if error_type == "bool_type" and value.lower() in {"yes", "on", "y", "no", "off", "n"}:
        return f"in YAML 1.2 that is text; write {'true' if value.lower() in {'yes', 'on', 'y'} else 'false'}"
    if error_type in {"int_type", "float_type"} and value.replace("_", "").replace(",", "").isdigit():
        return f"write {value.replace('_', '').replace(',', '')}, without quotes, commas or underscores"
    if error_type in {"int_type", "float_type"} and value.endswith("%"):
        return "write the number without the percent sign"
    return ""
