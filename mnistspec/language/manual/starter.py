"""A new spec to begin with: the text of another one, without what that says about itself, and with comments."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mnistspec.errors import UsageError
from mnistspec.language.loader import load_spec
from mnistspec.language.manual.shipped import list_shipped, refer_to_schema
from mnistspec.language.spec import is_name
from mnistspec.language.yaml.composer import read_file, read_text
from mnistspec.language.yaml.diagnostics import Collector, Source
from mnistspec.language.yaml.tree import Entry, Mapping, Scalar
from mnistspec.wording import did_you_mean, quote, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = Path(__file__).with_name("starter.yaml")

_DROPPED = ("name", "title", "notes", "reference")  # what a spec says about itself
_SCHEMA_LINE = "# yaml-language-server:"
_COMMENTS = {
    "extends": ("Another spec, relative to this file: what is written here is laid over it.",),
    "defaults": ("Arguments for every block of a kind, so that no line has to repeat them.",),
    "blocks": ("Groups of layers with names of their own, used like blocks.",),
    "layers": (
        "The network, one block a line, in order; `conv: 8` is short for `conv: {out_channels: 8}`.",
        "What can be inferred is never written: input channels, flattened sizes, the window of gap.",
    ),
    "train": ("The recipe. `mnistspec blocks train` tells its keys, `mnistspec blocks sgd` those of an optimizer.",),
    "targets": ("What the run is held against: with --check-targets a missed one makes `train` exit with 1.",),
}
_HEAD = """\
{schema}
# Every key but layers has a default. `mnistspec blocks` tells all words, `mnistspec blocks conv` all about one.
#   mnistspec validate {path}
#   mnistspec build {path} --summary
#   mnistspec train {path}

title: {title}
# notes: {{target: what it is meant to reach, analysis: what its run showed}}
"""


def draft_spec(path: Path, like: str | None = None) -> str:
    """Return the text of a new spec for this path, like a spec that ships or another one's file."""
    check_name(path)
    source = _find(like) if like is not None else TEMPLATE
    spec = load_spec(source)
    title = spec.title if source == TEMPLATE else f"Begun from {spec.name}"
    head = write_head(path, title)
    tree = read_file(source, Collector(str(source)))
    if not (isinstance(tree, Mapping) and all(entry.key.column == 1 for entry in tree.entries.values())):
        tree = read_text(Source(str(source), spec.as_yaml()), Collector(str(source)))  # {...} has no lines to work with
    return head + "\n".join(_body(tree, path)).rstrip("\n") + "\n" if isinstance(tree, Mapping) else head


def check_name(path: Path) -> None:
    """Raise UsageError for a path that cannot name a spec."""
    if not is_name(path.stem):
        message = f"{quote(path.stem)} cannot name a spec: take letters, digits, dot, - and _, first a letter or digit"
        raise UsageError(message)


def write_head(path: Path, title: str) -> str:
    """Return the first lines of a new spec: its schema, what can be done with it, its title."""
    return _HEAD.format(schema=refer_to_schema(path), path=path, title=json.dumps(title, ensure_ascii=False))


def _find(like: str) -> Path:
    """Return the file of a spec that ships, by its name, or of any other, by its path."""
    shipped = list_shipped()
    if like in shipped:
        return shipped[like]
    if not Path(like).exists():
        known = did_you_mean(suggest(like, shipped)) or f"; there are {', '.join(shipped)}"
        raise UsageError(f"no spec that ships and no file is called {quote(like)}{known}")
    return Path(like)


def _body(tree: Mapping, path: Path) -> Iterator[str]:
    """Yield the lines of a spec whose keys begin lines, without what it says about itself, with a comment a section."""
    starts = {entry.key.line: key for key, entry in tree.entries.items()}
    is_kept, is_commented = True, False
    for number, line in enumerate(tree.span.source.lines, 1):
        key = starts.get(number)
        if key:
            is_kept = key not in _DROPPED
            if key in _COMMENTS and not is_commented:
                yield from ("", *(f"# {text}" for text in _COMMENTS[key]))
        elif line.startswith(("#", "%", "---")):
            is_kept = line.startswith("#") and not line.startswith(_SCHEMA_LINE)
        if is_kept and (line.strip() or not key):
            yield _with_new_path(line, tree.entries[key], path) if key == "extends" else line
        is_commented = is_kept and line.startswith("#")


def _with_new_path(line: str, entry: Entry, path: Path) -> str:
    """Return the line of `extends:` with the path as it is from the new file."""
    if not isinstance(entry.node, Scalar):
        return line
    span = entry.node.span
    target = Path(span.source.name).parent / entry.node.text
    new = json.dumps(Path(os.path.relpath(target, path.parent)).as_posix(), ensure_ascii=False)
    return f"{line[: span.column - 1]}{new}{line[span.column - 1 + span.length :]}"
