"""From nodes with places to checked models: pydantic finds what is wrong, this module says it, with the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from pydantic import ValidationError

from mnistspec.language.habits import advise_key, advise_mapping, advise_word, bare_name
from mnistspec.language.phrases import KEY_ALIASES, describe, expected, hint, path_of
from mnistspec.language.vocabulary.unit import Model, Unit
from mnistspec.language.yaml.diagnostics import SETTING, Collector, Span
from mnistspec.language.yaml.tree import Entry, Mapping, Node, Scalar, Sequence, is_null, plain
from mnistspec.wording import did_you_mean, plural, printable, quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as AnyMapping

    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=Model)
U = TypeVar("U", bound=Unit)

_BAD: Any = object()  # stands for a value whose errors were noted already


@dataclass(frozen=True)
class Reader:
    """Reads nodes into models and notes what is wrong; ``notes`` go with every error (the group that is being read)."""

    collector: Collector
    notes: tuple[str, ...] = ()

    def error(self, code: str, message: str, span: Span, help: str = "") -> None:  # noqa: A002 - see Collector.add
        """Note an error."""
        self.collector.add(code, message, span, help, self.notes)

    def mapping(self, node: Node, what: str, span: Span, advice: str = "") -> Mapping | None:
        """Return the node if it is a mapping; otherwise note that ``what`` must be one."""
        if isinstance(node, Mapping):
            return node
        if isinstance(node, Scalar) and isinstance(node.value, str) and ":" in node.value:
            advice = 'a colon needs a space behind it: "key: value"'
        self.error("E203", f"{what} must be a mapping of keys to values, not {describe(node)}", span, advice)
        return None

    def sequence(self, node: Node, what: str, span: Span) -> Sequence | None:
        """Return the node if it is a list; otherwise note that ``what`` must be one."""
        if isinstance(node, Sequence):
            return node
        is_setting = isinstance(node, Mapping) and span.source.name == SETTING
        help_text = "a setting replaces a list as a whole" if is_setting else "begin each item with a dash"
        self.error("E203", f"{what} must be a list, not {describe(node)}", span, help_text)
        return None

    def keys(
        self, what: str, entries: AnyMapping[str, Entry], known: Iterable[str], owner: type[Model] = Model
    ) -> dict[str, Entry]:
        """Return the entries whose keys are known; the others are noted, and read as what was probably meant.

        What hangs on such a guess is not checked. ``owner`` is the model that the keys are for, if there is one.
        """
        known = list(known)
        kept = {key: entry for key, entry in entries.items() if key in known}
        for key, entry in entries.items():
            if key in known:
                continue
            help_text = advise_key(owner, key, entry.node)
            meant = None if help_text else self.collector.suggest(key, known, KEY_ALIASES)
            if not (help_text or meant):
                help_text = f"keys of {what}: {', '.join(known)}" if known else f"{what} takes no keys"
            self.error("E201", f"{what} has no key {quote(key)}{did_you_mean(meant)}", entry.key, help_text)
            if meant:
                self.collector.mute(entry.key, entry.node)
                kept.setdefault(meant, entry)
        return kept

    def model(self, cls: type[M], what: str, entries: AnyMapping[str, Entry], span: Span, **ready: object) -> M | None:
        """Return the model that the entries make, or None with the reasons noted.

        ``what`` names it in messages, ``span`` is where a missing key is reported, ``ready`` are fields that were read
        already.
        """
        kept = self.keys(what, entries, [name for name in cls.model_fields if name not in ready], cls)
        data = {key: self._value(cls.model_fields[key].annotation, key, entry) for key, entry in kept.items()}
        bad = {key for key, value in data.items() if value is _BAD}
        data = {key: value for key, value in data.items() if key not in bad}
        try:
            model = cls.model_validate({**data, **ready})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                if not (detail["type"] == "missing" and detail["loc"][0] in bad):
                    bad.add(self._explain(detail, what, kept, span))
            model = None
        if model is None and all(map(cls.can_do_without, bad)):
            # Without its bad values the model still serves to check what comes after it.
            return _model_or_none(cls, {key: value for key, value in {**data, **ready}.items() if key not in bad})
        return model if all(map(cls.can_do_without, bad)) else None

    def _value(self, annotation: Any, key: str, entry: Entry) -> Any:  # noqa: ANN401 - any field of any model
        """Return what a field wants: a model, a unit, a tuple of units, or plain values for pydantic to check."""
        wanted = [_bare(arg) for arg in get_args(annotation)] or [annotation]
        node, cls = entry.node, wanted[0]
        if not (isinstance(cls, type) and issubclass(cls, Model)):
            return plain(node)
        if get_origin(annotation) is tuple:
            items = self.sequence(node, key, entry.key)
            units = [self.unit(cls, item, item.span) for item in items.items] if items and issubclass(cls, Unit) else []
            return tuple(unit for unit in units if unit is not None) if items else _BAD
        if issubclass(cls, Unit):
            value: Model | None = self.unit(cls, node, entry.key)
        elif is_null(node) and type(None) in wanted:
            return None
        else:
            mapping = self.mapping(node, key, entry.key, f"its keys: {', '.join(cls.model_fields)}")
            value = self.model(cls, key, mapping.entries, entry.key) if mapping else None
        return _BAD if value is None else value

    def _explain(self, detail: ErrorDetails, what: str, entries: AnyMapping[str, Entry], span: Span) -> str:
        """Note one of pydantic's errors in our words; return the key that it is about."""
        kind, context = detail["type"], detail.get("ctx", {})
        loc = detail["loc"] or (str(context.get("field", "")),)
        place, node = _locate(entries, loc, span)
        path, key = path_of(loc), str(loc[0])
        if kind == "missing" and len(loc) == 1:
            self.error("E202", f'{what} needs the key "{key}"', place, f"add {key}:")
        elif kind == "missing":
            self.error("E203", f"{path} is missing: {path_of(loc[:-1])} is too short", place)
        elif kind == "consistency":
            self.error("E205", detail["msg"], place)
        elif kind in {"too_long", "too_short"}:
            bound, limit = ("at most", "max_length") if kind == "too_long" else ("at least", "min_length")
            values = plural(context[limit], "value")
            self.error("E203", f"{path} must have {bound} {values}, not {context['actual_length']}", place)
        else:
            wanted = expected(kind, context, detail["msg"])
            self.error("E203", f"{path} must be {wanted}, not {describe(node)}", place, hint(kind, node))
        return key

    def unit(self, family: type[U], node: Node, span: Span) -> U | None:
        """Return the member of a family that a node names, as ``word``, ``word: scalar`` or ``word: {key: value}``."""
        tagged = self.tagged(node, family, span)
        if tagged is None:
            return None
        word, place, argument = tagged
        word = self.word(family, word, place, argument)
        return (
            self.model(family.members[word], word, self.arguments(family.members[word], argument), place)
            if word
            else None
        )

    def tagged(
        self, node: Node, family: type[Unit], span: Span, more: Iterable[str] = ()
    ) -> tuple[str, Span, Node | None] | None:
        """Return the word of a tagged value, its place and its argument; None with the reason noted if it is none."""
        what = family.family
        if isinstance(node, Scalar) and node.value is not None:
            return node.text, node.span, None
        if isinstance(node, Mapping) and len(node.entries) == 1:
            ((word, entry),) = node.entries.items()
            return word, entry.key, entry.node
        if isinstance(node, Mapping) and node.entries:
            second = list(node.entries.values())[1]
            words = " and ".join(quote(word) for word in list(node.entries)[:2])
            help_text = advise_mapping(family, node) or (
                "write one; in a list each has a dash of its own, and its keys are indented further than its name"
            )
            self.error("E206", f"one {what} at a time, not {words} together", second.key, help_text)
            return None
        place = node.span if isinstance(node, Scalar) and node.text else span
        self.error("E206", f"expected the name of {_a(what)}, not {describe(node)}", place, _list_choices(family, more))
        return None

    def word(self, family: type[Unit], word: str, place: Span, argument: Node | None, more: Iterable[str] = ()) -> str:
        """Return the word if it is a member's, or one of ``more``.

        An unknown one is noted, and what was probably meant is returned, or nothing; its argument is then not checked.
        """
        choices = [*family.members, *more]
        if word in choices:
            return word
        head, colon, rest = word.partition(":")
        if colon and head in choices:
            help_text = f'a colon needs a space behind it: "{head}: {printable(rest[:20])}"'
            self.error("E204", f"unknown {family.family} {quote(word)}", place, help_text)
            return ""
        aliases = {alias: name for name, member in family.members.items() for alias in member.aliases}
        help_text = advise_word(family, word)
        meant = None if help_text else self.collector.suggest(bare_name(word), choices, aliases)
        if not (help_text or meant):
            help_text = _list_choices(family, more)
        self.error("E204", f"unknown {family.family} {quote(word)}{did_you_mean(meant)}", place, help_text)
        if meant:
            self.collector.mute(place, argument)
        return meant or ""

    def arguments(self, member: type[Unit], argument: Node | None) -> dict[str, Entry]:
        """Return a member's arguments as entries, whether they were written as a scalar, a list or a mapping."""
        if argument is None or is_null(argument):
            return {}
        if isinstance(argument, Mapping):
            return argument.entries
        if member.scalar is not None:
            return {member.scalar: Entry(argument.span, argument)}
        word, keys = member.word, ", ".join(member.model_fields)
        help_text = f"write {word} alone, or with its keys: {keys}" if keys else f"write {word} alone"
        self.error("E203", f"{word} takes no value of its own, but gets {describe(argument)}", argument.span, help_text)
        return {}


def _list_choices(family: type[Unit], more: Iterable[str]) -> str:
    return f"{family.family}s: {', '.join([*family.members, *more])}"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - annotations have no type of their own
    """Return a type without what ``Annotated`` adds."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _model_or_none(cls: type[M], data: dict[str, object]) -> M | None:
    try:
        return cls.model_validate(data)
    except ValidationError:
        return None


def _locate(entries: AnyMapping[str, Entry], loc: tuple[str | int, ...], span: Span) -> tuple[Span, Node | None]:
    """Return the place and node of a key, or of what it holds; what is not there has its parent's place."""
    entry = entries.get(str(loc[0]))
    if entry is None:
        return span, None
    node, place = entry.node, entry.key
    for part in loc[1:]:
        if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            place = node.span
        elif isinstance(node, Mapping) and part in node.entries:
            place, node = node.entries[str(part)].key, node.entries[str(part)].node
        else:
            return place, None
    return (node.span if isinstance(node, Scalar) and node.text else place), node
