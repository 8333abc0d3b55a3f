"""`extends:` and `--set`: one tree laid over another by JSON Merge Patch (RFC 7396), every value keeping its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistspec.errors import UsageError
from mnistspec.language.spec import KEYS
from mnistspec.language.yaml.composer import UnreadableFileError, read_bytes, read_source, read_text
from mnistspec.language.yaml.diagnostics import SETTING, Collector, Override, Source, Span
from mnistspec.language.yaml.tree import Entry, Mapping, Scalar, is_null
from mnistspec.wording import quote

if TYPE_CHECKING:
    from pathlib import Path

MAX_PARENTS = 16

_SUFFIXES = (".yaml", ".yml")
_LONGEST = 200  # characters of a path in a note

# A spec's own words about itself: a child that said nothing would repeat its parent's.
_NOT_INHERITED = ("name", "title", "notes", "targets", "reference")
# Here one key is a tag: {sgd: ...} laid over {adam: ...} replaces it.
_TAGGED = (("data",), ("train", "optimizer"), ("train", "scheduler"))


def read_extended(
    path: Path, source: bytes, collector: Collector, *, extends: bool = True, within: Path | None = None
) -> Mapping | None:
    """Return the tree of a spec with everything that it extends merged in, or None where the collector says why not.

    ``source`` is what the file at ``path`` holds; its parents are read here. With ``extends=False`` (a spec from a run
    folder) the key is an error: a stranger's folder reads no other file. They may not leave the folder ``within``.
    """
    return _with_parents(_read_mapping(path, source, collector), _Chain((path,), collector, extends, within))


@dataclass(frozen=True)
class _Chain:
    """The files from the first one to the one that is being read, and what its parents may be."""

    files: tuple[Path, ...]
    collector: Collector
    extends: bool
    within: Path | None

    def read_parent(self, node: Scalar) -> Mapping | None:
        """Return the tree of the file that the last one names, with its parents, or None with the reason noted."""
        folder = self.files[-1].parent
        parent = folder / node.text
        shown = quote(str(parent))
        own = Collector(self.collector.file)
        try:
            problem = self._refuse(parent)
            tree = None if problem else _read_mapping(parent, read_source(parent, only_files=True), own)
        except (UnreadableFileError, OSError, RuntimeError, ValueError) as error:
            reason = (
                error.reason if isinstance(error, UnreadableFileError) else UnreadableFileError(parent, error).reason
            )
            help_text = f"the path is relative to the folder of this file, {quote(str(folder))}"
            problem = f"cannot read {shown}, which this spec extends: {reason}", help_text
        if not problem and (tree is None or not is_spec(tree)):
            first = next(iter(own.diagnostics.values()), None)
            why = f"cannot be read ({first.code} on line {first.span.line})" if first else "is no spec"
            problem = f"{shown}, which this spec extends, {why}", f"mnistspec validate {parent} says more"
        chain = replace(self, files=(*self.files, parent))
        if problem:
            names = " -> ".join(map(_shorten, chain.files))
            self.collector.add("E209", problem[0], node.span, problem[1], (f"the chain is {names}",))
            return None
        self.collector.take(own)
        return _with_parents(tree, chain)

    def _refuse(self, parent: Path) -> tuple[str, str] | None:
        """Return why a file may not be extended, and what to do; None if it may."""
        if parent.suffix.lower() not in _SUFFIXES:
            return f"extends takes a .yaml or .yml file, not {quote(parent.name)}", "write extends: other.yaml"
        real = parent.resolve()
        if real in [path.resolve() for path in self.files]:
            return "extends goes in a circle", "let one of them stand alone"
        if len(self.files) > MAX_PARENTS:
            return f"at most {MAX_PARENTS} specs may extend one another", "write some of them in one file"
        if self.within and not real.is_relative_to(self.within.resolve()):
            message = f"{quote(str(parent))} is outside {quote(str(self.within))}, which --within does not allow"
            return message, "copy it there, or write the layers into this file"
        return None


def _shorten(path: Path) -> str:
    text = str(path)
    return text if len(text) <= _LONGEST else f"...{text[-_LONGEST:]}"


def _read_mapping(path: Path, source: bytes, collector: Collector) -> Mapping | None:
    """Return the tree of one file, or None where the collector says why not."""
    tree = read_bytes(source, str(path), collector)
    if tree is None or isinstance(tree, Mapping):
        return tree
    if is_null(tree):
        collector.add("E104", "the file is empty", tree.span, "a spec has at least layers:, the list of its blocks")
    else:
        collector.add("E203", "a spec is a mapping of keys to values", tree.span, "begin with a key, such as layers:")
    return None


def is_spec(tree: Mapping) -> bool:
    """Return whether a file is a spec, right or wrong: of any other that a spec names, nothing may be shown."""
    keys = tree.entries.keys()
    return not keys.isdisjoint({"layers", "extends"}) or keys <= set(KEYS)


def _with_parents(tree: Mapping | None, chain: _Chain) -> Mapping | None:
    """Return the tree of a chain's last file merged with those that it extends."""
    if tree is None or "extends" not in tree.entries:
        return tree
    key, node = tree.entries["extends"].key, tree.entries["extends"].node
    parent = None
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
        chain.collector.add("E209", "extends takes the path of one spec", key, "write extends: other.yaml")
    elif not chain.extends:
        message = "a spec in a run folder may not extend another file"
        chain.collector.add("E209", message, key, "train the spec that it came from")
    else:
        parent = chain.read_parent(node)
    if parent is None:
        return None
    inherited = {key: value for key, value in parent.entries.items() if key not in _NOT_INHERITED}
    own = {key: value for key, value in tree.entries.items() if key != "extends"}
    return merge(Mapping(inherited, parent.span), Mapping(own, tree.span))


def merge(base: Mapping, patch: Mapping, path: tuple[str, ...] = ()) -> Mapping:
    """Return ``base`` with ``patch`` laid over it: mappings merge, scalars and lists replace, null removes."""
    merged = dict(base.entries)
    if path in _TAGGED and merged.keys() != patch.entries.keys():
        merged = {}
    # A group's parameter without a default is a key with nothing behind it: here null is a value.
    is_parameters = path[:1] == ("blocks",) and path[2:] == ("parameters",)
    for key, entry in patch.entries.items():
        if is_null(entry.node) and not is_parameters:
            merged.pop(key, None)
        elif isinstance(entry.node, Mapping):
            below = merged[key].node if key in merged else None
            if not isinstance(below, Mapping):
                below = Mapping({}, entry.node.span)
            merged[key] = Entry(entry.key, merge(below, entry.node, (*path, key)))
        else:
            merged[key] = entry
    return Mapping(merged, patch.span)


def read_setting(setting: str, collector: Collector) -> Mapping | None:
    """Return the tree of one ``--set key.of.the.spec=value``; a setting of another form is a UsageError.

    Its places point into the setting itself. An empty value is null: it removes the key.
    """
    path, equals, _ = setting.partition("=")
    keys = path.split(".")
    if not equals or not all(keys) or path != path.strip():
        raise UsageError(f"--set takes key=value, such as train.epochs=3, not {quote(setting)}")
    source = Source(SETTING, setting)
    if isinstance(setting, Override):
        source = Source(f"{setting.option} {setting[len(path) + 1 :]}", setting, is_option=True)
    tree = read_text(source, collector, skip=len(path) + 1)
    column = len(path) + 1
    for key in reversed(keys):
        column -= len(key) + 1
        place = Span(source, 1, column + 1, len(key))
        if tree is not None:
            tree = Mapping({key: Entry(place, tree)}, place)
    if keys == ["extends"]:
        collector.add(
            "E209", "extends cannot be set: what a spec extends is read before", place, "write it into the file"
        )
        return None
    return tree if isinstance(tree, Mapping) else None
