"""From a file to a Spec: read, merge, expand, validate, check the shapes; every error of the file at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from mnistspec.errors import SpecError, check_type
from mnistspec.files import to_path
from mnistspec.language.checks import (
    UNREACHABLE,
    check_class_weights,
    check_holdout,
    check_shapes,
    check_targets,
    find_last_batch,
    find_unreachable,
)
from mnistspec.language.expansion import Expander, PlacedBlock, read_defaults, report_unused
from mnistspec.language.groups import read_groups
from mnistspec.language.merge import merge, read_extended, read_setting
from mnistspec.language.reader import Reader
from mnistspec.language.spec import KEYS, Spec, is_name
from mnistspec.language.surveys import place_data, survey_data
from mnistspec.language.vocabulary.datasets import MNIST, Data
from mnistspec.language.vocabulary.image_sets import OwnData
from mnistspec.language.yaml.composer import check_within, read_source
from mnistspec.language.yaml.diagnostics import Collector, InvalidSpecError
from mnistspec.language.yaml.tree import Entry, Mapping, Scalar
from mnistspec.wording import quote

if TYPE_CHECKING:
    from collections.abc import Mapping as AnyMapping
    from pathlib import Path

    from mnistspec.language.shapes import TracedLayer
    from mnistspec.language.yaml.diagnostics import Diagnostic


@dataclass(frozen=True)
class Document:
    """A spec together with the lines that its blocks have in their files, and its network by arithmetic."""

    spec: Spec
    lines: tuple[int, ...]
    layers: tuple[TracedLayer, ...]
    source: bytes  # the file, as it was parsed
    warnings: tuple[Diagnostic, ...] = ()  # of targets that no training can reach, and of a last batch of one image


def load_spec(path: str | Path, settings: Iterable[str] = ()) -> Spec:
    """Return the spec in a file, with ``key=value`` settings laid over it; raise InvalidSpecError with all errors."""
    return load_document(path, settings).spec


def load_document(
    path: str | Path,
    settings: Iterable[str] = (),
    *,
    extends: bool = True,
    survey: bool = True,
    within: Path | None = None,
    strict_targets: bool = False,
    source: bytes | None = None,
) -> Document:
    """Return the spec in a file with the places of its blocks; raise InvalidSpecError with every error of it.

    With ``extends=False`` the spec may not extend another file; with ``survey=False`` pictures of one's own are not
    looked for if it says their size and classes, as that of a run does; with ``within`` neither it nor what it extends
    may be outside that folder; with ``strict_targets=True`` a target that no training can reach is an error, too. A
    file whose ``source`` is given is not read again. A file that cannot be opened, or a setting that is no
    ``key=value``, is a UsageError.
    """
    check_type("the settings", settings, Iterable)
    path = to_path("the spec", path)
    collector = Collector(str(path))
    if within is not None:
        check_within(path, within)
    source = read_source(path) if source is None else source
    tree = read_extended(path, source, collector, extends=extends, within=within)
    for setting in settings:
        check_type("a setting", setting, str)
        patch = read_setting(setting, collector)
        if tree is not None and patch is not None:
            tree = merge(tree, patch)
    document = _Assembly(Reader(collector), path, source, survey).document(tree) if tree else None
    if strict_targets and document:
        for warning in document.warnings:
            if warning.code == UNREACHABLE:
                collector.add(warning.code, warning.message, warning.span, warning.help)
    if document is None or collector.diagnostics:
        raise InvalidSpecError(collector.file, collector.diagnostics.values())
    return document


def load_data(path: Path) -> Data:
    """Return what a spec says of its data, and look neither at the pictures nor at the rest of the spec."""
    collector = Collector(str(path))
    tree = read_extended(path, read_source(path), collector)
    entry = tree.entries.get("data") if tree else None
    reader = Reader(collector)
    data: Data | None = reader.unit(Data, entry.node, entry.key) if entry else MNIST()  # type: ignore[type-abstract]
    if data is None or collector.diagnostics:
        raise InvalidSpecError(collector.file, collector.diagnostics.values())
    return place_data(data, entry) if entry and isinstance(data, OwnData) else data


def load_documents(sources: Iterable[tuple[Path, Iterable[str]]], *, strict_targets: bool = False) -> list[Document]:
    """Return the document of each file with its settings; raise SpecError with the errors of all of them, each once."""
    documents: list[Document] = []
    problems: dict[str, str] = {}
    read: dict[Path, bytes] = {}  # each file once: it may be a pipe
    for path, settings in sources:
        try:
            source = read[path] = read[path] if path in read else read_source(path)
            documents.append(load_document(path, settings, strict_targets=strict_targets, source=source))
        except InvalidSpecError as error:
            problems[str(error)] = error.code  # a mistake in a file is the same under every setting
    if problems:
        raise SpecError("\n".join(problems), next(iter(problems.values())))
    return documents


@dataclass(frozen=True)
class _Assembly:
    """Reads the parts of one merged tree."""

    reader: Reader
    path: Path
    source: bytes
    survey: bool

    def document(self, tree: Mapping) -> Document | None:
        entries = self.reader.keys("a spec", tree.entries, KEYS, Spec)
        self._fill_in_name(entries, tree)
        data, counts = self._data(entries.pop("data", None))
        placed = self._layers(entries, tree)
        entries.pop("extends", None)  # only another word for it comes as far as this, and was noted
        ready = {
            "data": data or MNIST(),
            "layers": tuple(p.block for p in placed if p.block is not None),
        }
        if data:
            check_class_weights(entries.get("train"), data, self.reader)
            check_holdout(entries.get("train"), data, counts, self.reader)
        spec = self.reader.model(Spec, "a spec", entries, tree.span, **ready)
        layers = check_shapes(placed, data, spec.train if spec else None, self.reader.collector) if data else []
        if spec is None:
            return None
        check_targets(spec.targets, entries.get("targets"), self.reader)
        is_whole = len(layers) == len(placed) > 0
        last_batch = find_last_batch(spec, layers, placed, counts.get("train"))
        found = (find_unreachable(spec, entries.get("targets")), last_batch)
        warnings = tuple(chain.from_iterable(found)) if is_whole else ()
        return Document(spec, tuple(p.span.line for p in placed), tuple(layers), self.source, warnings)

    def _fill_in_name(self, entries: dict[str, Entry], tree: Mapping) -> None:
        """Name a spec without a name as its file."""
        if "name" in entries:
            return
        name = self.path.stem
        if not is_name(name):
            message = f"this spec has no name, and that of its file, {quote(name)}, will not do"
            self.reader.error("E202", message, tree.span, "add a name: of letters, digits, dot, - and _")
            name = "unnamed"
        entries["name"] = Entry(tree.span, Scalar(name, name, tree.span))

    def _data(self, entry: Entry | None) -> tuple[Data | None, AnyMapping[str, int]]:
        """Return the data set, and the number of images in its parts where that is known."""
        if entry is None:
            return MNIST(), {}
        data: Data | None = self.reader.unit(Data, entry.node, entry.key)  # type: ignore[type-abstract]  # of a member
        if not isinstance(data, OwnData) or not (self.survey or not data.is_complete):
            return data, {}
        placed, found = survey_data(data, entry, self.reader)
        return placed, found.counts if found else {}

    def _layers(self, entries: dict[str, Entry], tree: Mapping) -> list[PlacedBlock]:
        """Return the blocks; take what they are made of out of the entries."""
        defaults, groups, layers = (entries.pop(key, None) for key in ("defaults", "blocks", "layers"))
        expander = Expander(
            self.reader,
            defaults=read_defaults(defaults.node, defaults.key, self.reader) if defaults else {},
            groups=read_groups(groups.node, groups.key, self.reader) if groups else {},
        )
        if layers is None:
            if "extends" not in entries:
                message = 'a spec needs the key "layers"'
                self.reader.error("E202", message, tree.span, "layers: is the list of blocks, one a line")
            return []
        placed = expander.expand(layers)
        if placed:
            report_unused(expander, str(self.path))
        return placed
