"""Named groups of layers under `blocks:`, with parameters that their layers refer to as `$name`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistspec.language.phrases import describe
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.containers import Container
from mnistspec.language.yaml.tree import Entry, Mapping, Node, Scalar, Sequence, is_null, plain
from mnistspec.wording import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as AnyMapping

    from mnistspec.language.reader import Reader
    from mnistspec.language.yaml.diagnostics import Span

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Group:
    """A named list of layers; a parameter without a default has an entry with nothing in it."""

    name: str
    place: Span
    parameters: dict[str, Entry]
    layers: Entry | None  # None: it could not be read, and the reason was noted

    def bind(self, argument: Node | None, place: Span, reader: Reader) -> dict[str, Node] | None:
        """Return the value of each parameter for one use of the group, or None with the reasons noted."""
        if self.layers is None:
            return None  # what it takes is not known
        given: dict[str, Entry] = {}
        if isinstance(argument, Mapping):
            given = reader.keys(self.name, argument.entries, self.parameters)
        elif argument is not None and not is_null(argument):
            if not self.parameters:
                message = f"{self.name} takes no value, but gets {describe(argument)}"
                reader.error("E203", message, argument.span, "remove it, or give the group a parameter")
                return None
            given = {next(iter(self.parameters)): Entry(argument.span, argument)}
        values = {name: given.get(name, default).node for name, default in self.parameters.items()}
        missing = [name for name, node in values.items() if is_null(node)]
        for name in missing:
            reader.error("E202", f'{self.name} needs the key "{name}"', place, f"write {self.name}: {{{name}: ...}}")
        return None if missing else values


def read_groups(node: Node, span: Span, reader: Reader) -> dict[str, Group]:
    """Return the groups of `blocks:` by name."""
    mapping = reader.mapping(node, "blocks", span)
    groups = {}
    for name, entry in mapping.entries.items() if mapping else ():
        if name in {*Block.members, *Container.members}:
            message = f"{quote(name)} is a block of its own; a group needs another name"
            reader.error("E207", message, entry.key, "rename the group")
        else:
            if not NAME.fullmatch(name):
                _reject_name(name, "group", entry.key, reader)
            groups[name] = _read_group(name, entry, reader)
    return groups


def _reject_name(name: str, what: str, place: Span, reader: Reader) -> None:
    message = f"{quote(name)} cannot name a {what}"
    reader.error("E207", message, place, "a name has letters, digits, - and _, and begins with a letter")


def _read_group(name: str, entry: Entry, reader: Reader) -> Group:
    broken = Group(name, entry.key, {}, None)
    form = f"{name}: {{parameters: {{width: 8}}, layers: [...]}}"
    body = reader.mapping(entry.node, f"the group {quote(name)}", entry.key, f"write {form}")
    if body is None:
        return broken
    kept = reader.keys(f"the group {quote(name)}", body.entries, ("parameters", "layers"))
    parameters: dict[str, Entry] = {}
    if "parameters" in kept:
        help_text = 'write "width: 8" for a parameter with a default, "width:" for one without'
        names = plain(kept["parameters"].node)
        if isinstance(names, tuple) and all(isinstance(each, str) and NAME.fullmatch(each) for each in names):
            help_text = f"write parameters: {{{', '.join(map(str, names))[:60]}}}"
        mapping = reader.mapping(kept["parameters"].node, "parameters", kept["parameters"].key, help_text)
        if mapping is None:
            return broken
        parameters = mapping.entries
    if "layers" not in kept:
        reader.error("E202", f'the group {quote(name)} needs the key "layers"', entry.key)
        return broken
    known = _check_references(name, parameters, kept["layers"].node, reader)
    return Group(name, entry.key, parameters, kept["layers"] if known else None)


def _check_references(name: str, parameters: AnyMapping[str, Entry], layers: Node, reader: Reader) -> bool:
    """Hold the group's `$name` references against its parameters, both ways; return whether each has one."""
    used = set()
    known = True
    for scalar in _references(layers):
        reference = scalar.text[1:]
        meant = reader.collector.suggest(reference, parameters)
        used |= {reference, meant}
        if reference not in parameters:
            known = False
            message = f"the group {quote(name)} has no parameter {quote(reference)}{did_you_mean(meant)}"
            reader.error("E207", message, scalar.span, "" if meant else f'add "{reference}:" under its parameters:')
    for parameter, entry in parameters.items():
        if not NAME.fullmatch(parameter):
            _reject_name(parameter, "parameter", entry.key, reader)
        elif parameter not in used:
            message = f"the parameter {quote(parameter)} of the group {quote(name)} is never used"
            reader.error("E208", message, entry.key, f"write ${parameter} where it belongs, or remove it")
    return known


def _is_reference(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str) and node.text.startswith("$")


def _references(node: Node) -> Iterator[Scalar]:
    """Yield the scalars of a tree that refer to a parameter."""
    if isinstance(node, Scalar):
        if _is_reference(node):
            yield node
    else:
        below = node.items if isinstance(node, Sequence) else tuple(entry.node for entry in node.entries.values())
        for child in below:
            yield from _references(child)


def substitute(node: Node, values: AnyMapping[str, Node]) -> Node:
    """Return the tree with each `$name` replaced by its value; what was put in is not looked at again."""
    if isinstance(node, Scalar):
        return values.get(node.text[1:], node) if _is_reference(node) else node
    if isinstance(node, Sequence):
        return replace(node, items=tuple(substitute(item, values) for item in node.items))
    return replace(node, entries={key: Entry(e.key, substitute(e.node, values)) for key, e in node.entries.items()})
