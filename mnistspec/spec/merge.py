"""`extends:` and `--set`: one tree laid over another by JSON Merge Patch (RFC 7396), every value keeping its place."""

from __future__ import annotations

from pathlib import Path

from mnistspec.errors import UsageError
from mnistspec.spec.diagnostics import Collector, Source, Span, quote
from mnistspec.spec.source import Entry, Mapping, Node, Scalar, read_file, read_text

MAX_PARENTS = 16

# A spec's own words about itself: a child that said nothing would repeat its parent's.
_NOT_INHERITED = ("name", "title", "notes", "targets", "reference")
# Here one key is a tag: {sgd: ...} laid over {adam: ...} replaces it.
_TAGGED = (("train", "optimizer"), ("train", "scheduler"))


def read_extended(path: Path, collector: Collector, *, extends: bool = True) -> Mapping | None:
    """Return the tree of a spec with everything that it extends merged in, or None where the collector says why not.

    With ``extends=False`` (a spec from a run folder) the key is an error: a folder of a stranger's reads no file but its own.
    """
    tree = read_file(path, collector)
    return _with_parents(tree, path, collector, (path,), extends=extends)


def _with_parents(
    tree: Node | None, path: Path, collector: Collector, chain: tuple[Path, ...], *, extends: bool
) -> Mapping | None:
    if tree is None:
        return None
    if not isinstance(tree, Mapping):
        collector.add("E203", "a spec is a mapping that begins with its name, data and layers", tree.span)
        return None
    entry = tree.entries.get("extends")
    if entry is None:
        return tree
    own = Mapping({key: value for key, value in tree.entries.items() if key != "extends"}, tree.span)
    if not isinstance(entry.node, Scalar) or not isinstance(entry.node.value, str) or not entry.node.value.strip():
        collector.add("E209", "extends takes the path of one spec", entry.key)
        return own
    if not extends:
        collector.add("E209", "a spec in a run folder may not extend another file", entry.key)
        return own
    parent = _read_parent(entry.node, path, collector, chain)
    if parent is None:
        return None
    inherited = {key: value for key, value in parent.entries.items() if key not in _NOT_INHERITED}
    return merge(Mapping(inherited, parent.span), own)


def _read_parent(node: Scalar, path: Path, collector: Collector, chain: tuple[Path, ...]) -> Mapping | None:
    parent = path.parent / node.text
    names = " -> ".join(str(p) for p in (*chain, parent))
    try:
        cycle = parent.resolve() in [p.resolve() for p in chain]
        if cycle or len(chain) > MAX_PARENTS:
            why = "extends goes in a circle" if cycle else f"at most {MAX_PARENTS} specs may extend one another"
            collector.add("E209", f"{why}: {names}", node.span)
            return None
        tree = read_file(parent, collector)
    except (UsageError, OSError, ValueError) as error:
        reason = str(error).rpartition(": ")[2]
        collector.add("E209", f"cannot read the spec that this one extends, {quote(str(parent))}: {reason}", node.span,
                      help=f"the path is relative to {quote(str(path.parent))}; the chain was {names}")  # fmt: skip
        return None
    return _with_parents(tree, parent, collector, (*chain, parent), extends=True)


def merge(base: Node, patch: Node, path: tuple[str, ...] = ()) -> Mapping:
    """Return ``base`` with ``patch`` laid over it: mappings merge, scalars and lists replace, null removes."""
    below = dict(base.entries) if isinstance(base, Mapping) else {}
    if path in _TAGGED and isinstance(patch, Mapping) and below.keys() != patch.entries.keys():
        below = {}
    if not isinstance(patch, Mapping):
        raise TypeError("only a mapping can be laid over another node")
    for key, entry in patch.entries.items():
        if isinstance(entry.node, Scalar) and entry.node.value is None and not _is_quoted_empty(entry.node):
            below.pop(key, None)
        elif isinstance(entry.node, Mapping):
            under = below[key].node if key in below else Mapping({}, entry.node.span)
            below[key] = Entry(entry.key, merge(under, entry.node, (*path, key)))
        else:
            below[key] = entry
    return Mapping(below, patch.span)


def _is_quoted_empty(node: Scalar) -> bool:
    return isinstance(node.value, str)


def read_setting(setting: str, collector: Collector) -> Mapping | None:
    """Return the tree of one ``--set key.of.the.spec=value``; a setting of another form is a UsageError."""
    path, equals, text = setting.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise UsageError(f"--set takes key=value, such as train.epochs=3, not {quote(setting)}")
    name = f"--set {path.strip()}"
    value = read_text(text, name, collector) if text.strip() else Scalar(None, "", Span(Source(name, text), 1, 1))
    if value is None:
        return None
    for key in reversed(keys):
        place = Span(value.span.source, 1, 1, len(text))
        value = Mapping({key: Entry(place, value)}, place)
    return value if isinstance(value, Mapping) else None
