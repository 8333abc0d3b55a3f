"""A new spec to begin with: the text of another one, without what that says about itself, and with comments."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mnistspec.errors import UsageError
from mnistspec.spec.diagnostics import Collector, did_you_mean, quote, suggest
from mnistspec.spec.dump import dump_spec
from mnistspec.spec.loader import load_spec
from mnistspec.spec.schema import is_name
from mnistspec.spec.shipped import list_shipped, refer_to_schema
from mnistspec.spec.source import read_file
from mnistspec.spec.tree import Entry, Mapping

TEMPLATE = Path(__file__).with_name("template.yaml")

_DROPPED = ("name", "title", "notes", "reference")  # what a spec says about itself
_SCHEMA_LINE = "# yaml-language-server:"
_COMMENTS = {
    "extends": "Another spec, relative to this file: what is written here is laid over it.",
    "defaults": "Arguments for every block of a kind, so that no line has to repeat them.",
    "blocks": "Groups of layers with names of their own, used like blocks.",
    "layers": "The network, one block a line, in order. `conv: 8` is short for `conv: {out_channels: 8}`; what can be\n"
    "# inferred is never written: input channels, flattened sizes, the window of gap.",
    "train": "The recipe. `mnistspec blocks train` tells its keys, `mnistspec blocks sgd` those of an optimizer.",
    "targets": "What the run is held against: with --check-targets a missed one makes `train` exit with 1.",
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
    if not is_name(path.stem):
        message = f"{quote(path.stem)} cannot name a spec: take letters, digits, dot, - and _, first a letter or digit"
        raise UsageError(message)
    source = _find(like) if like is not None else TEMPLATE
    spec = load_spec(source)
    title = spec.title if source == TEMPLATE else f"Begun from {spec.name}"
    head = _HEAD.format(schema=refer_to_schema(path), path=path, title=json.dumps(title, ensure_ascii=False))
    return head + (_edit(source, path) or _without_itself(dump_spec(spec), path))


def _find(like: str) -> Path:
    """Return the file of a spec that ships, by its name, or of any other, by its path."""
    shipped = list_shipped()
    if like in shipped:
        return shipped[like]
    if not Path(like).exists():
        known = did_you_mean(suggest(like, shipped)) or f"; there are {', '.join(shipped)}"
        raise UsageError(f"no spec that ships and no file is called {quote(like)}{known}")
    return Path(like)
