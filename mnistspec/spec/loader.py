"""From a file to a Spec: read, merge, expand, validate, check the shapes; every error of the file at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mnistspec.spec.blocks import Block, Shape, ShapeError, describe_shape
from mnistspec.spec.datasets import DATASETS, DatasetInfo
from mnistspec.spec.diagnostics import Collector, Span, did_you_mean, quote, suggest
from mnistspec.spec.layers import Expander, PlacedBlock
from mnistspec.spec.merge import merge, read_extended, read_setting
from mnistspec.spec.reader import Reader
from mnistspec.spec.recipe import Augmentation, Optimizer, Scheduler, Train
from mnistspec.spec.schema import Spec
from mnistspec.spec.shapes import MAX_MACS, MAX_PARAMS, Layer, trace
from mnistspec.spec.source import Entry, Mapping, Scalar, Sequence


@dataclass(frozen=True)
class Document:
    """A spec together with the places that its blocks have in the file."""

    spec: Spec
    lines: tuple[int, ...]
    layers: tuple[Layer, ...]


def load_spec(path: str | Path, settings: Iterable[str] = ()) -> Spec:
    """Return the spec in a file, with ``key=value`` settings laid over it; raise InvalidSpecError with every error of it."""
    return load_document(path, settings).spec


def load_document(path: str | Path, settings: Iterable[str] = (), *, extends: bool = True) -> Document:
    """Return the spec in a file with the places of its blocks; raise InvalidSpecError with every error of it."""
    path = Path(path)
    collector = Collector(str(path))
    tree = read_extended(path, collector, extends=extends)
    for setting in settings:
        patch = read_setting(setting, collector)
        if tree is not None and patch is not None:
            tree = merge(tree, patch)
    if tree is None:
        collector.raise_if_any()
    document = _Assembly(Reader(collector), path.stem).document(cast("Mapping", tree))
    collector.raise_if_any()
    return cast("Document", document)


@dataclass
class _Assembly:
    """Reads the parts of one merged tree."""

    reader: Reader
    default_name: str

    def document(self, tree: Mapping) -> Document | None:
        known = [*Spec.model_fields, "defaults", "blocks", "extends"]
        entries = self.reader.keys("a spec", tree.entries, known)
        info = self._dataset(entries.pop("data", None))
        placed = self._blocks(entries, tree.span)
        train = self._train(entries.pop("train", None))
        layers = self._check_shapes(placed, info, train)
        parts = {key: entry for key, entry in entries.items() if key not in {"layers", "defaults", "blocks", "extends"}}
        if "name" not in parts:
            parts["name"] = Entry(tree.span, Scalar(self.default_name, self.default_name, tree.span))
        blocks = tuple(p.block for p in placed if p.block is not None)
        ready = {"data": info.name if info else "mnist", "layers": blocks, "train": train or Train()}
        spec = self.reader.model(Spec, "a spec", parts, tree.span, **ready)
        self._check_targets(parts.get("targets"), spec)
        lines = tuple(p.span.line for p in placed)
        return Document(spec, lines, tuple(layers)) if spec else None

    def _dataset(self, entry: Entry | None) -> DatasetInfo | None:
        if entry is None:
            return DATASETS["mnist"]
        node = entry.node
        if isinstance(node, Scalar) and node.text in DATASETS:
            return DATASETS[node.text]
        span = node.span if isinstance(node, Scalar) else entry.key
        name = node.text if isinstance(node, Scalar) else "..."
        meant = suggest(name, DATASETS, {"fashion": "fashion-mnist", "fmnist": "fashion-mnist", "kuzushiji-mnist": "kmnist"})
        help_text = "" if meant else f"data sets: {', '.join(DATASETS)}"
        self.reader.error("E204", f"unknown data set {quote(name)}{did_you_mean(meant)}", span, help_text)
        return DATASETS.get(meant or "")

    def _blocks(self, entries: dict[str, Entry], span: Span) -> list[PlacedBlock]:
        expander = Expander(self.reader)
        if "defaults" in entries:
            expander.read_defaults(entries["defaults"].node, entries["defaults"].key)
        if "blocks" in entries:
            expander.read_groups(entries["blocks"].node, entries["blocks"].key)
        if "layers" not in entries:
            self.reader.error("E202", 'a spec needs the key "layers"', span, "layers: is the list of blocks, one a line")
            return []
        placed = expander.expand(entries["layers"].node, entries["layers"].key)
        defaults = entries["defaults"].node if "defaults" in entries else None
        if isinstance(defaults, Mapping):
            expander.report_unused_defaults(defaults.entries)
        return placed

    def _train(self, entry: Entry | None) -> Train | None:
        """Read `train:`; None where it is wrong."""
        if entry is None:
            return Train()
        mapping = self.reader.mapping(entry.node, "train", entry.key)
        if mapping is None:
            return None
        entries = self.reader.keys("train", mapping.entries, list(Train.model_fields))
        ready: dict[str, object] = {}
        for key, family in (("optimizer", Optimizer), ("scheduler", Scheduler)):
            if key in entries:
                part = entries.pop(key)
                if (unit := self.reader.unit(family, part.node, part.key)) is not None:
                    ready[key] = unit
        if "augment" in entries:
            part = entries.pop("augment")
            items = self.reader.sequence(part.node, "augment", part.key)
            units = [self.reader.unit(Augmentation, item, item.span) for item in (items or Sequence((), part.key)).items]
            ready["augment"] = tuple(unit for unit in units if unit is not None)
        return self.reader.model(Train, "train", entries, entry.key, **ready)

    def _check_shapes(self, placed: list[PlacedBlock], info: DatasetInfo | None, train: Train | None) -> list[Layer]:
        """Trace the blocks up to the first that does not fit, which is noted with what it gets and from where."""
        blocks: list[Block] = []
        for p in placed:
            if p.block is None:
                break  # what comes after is not known
            blocks.append(p.block)
        layers: list[Layer] = []
        if info is None or not blocks:
            return layers
        try:
            for layer in trace(blocks, info.input_shape):
                layers.append(layer)  # noqa: PERF402 - what was traced before an error is needed
                self._check_batch_remainder(layer, placed[layer.index], info, train)
        except ShapeError as error:
            at = placed[len(layers)]
            origin = f" from line {placed[len(layers) - 1].span.line}" if layers else " from the data set"
            message = f"{error}{origin}" if "gets" in str(error) else str(error)
            self._shape_error("E301", message, at, error.help)
            return layers
        if len(blocks) == len(placed):
            self._check_whole(layers, placed[-1], info)
        return layers

    def _shape_error(self, code: str, message: str, at: PlacedBlock, help: str) -> None:  # noqa: A002 - see Collector.add
        self.reader.collector.add(code, message, at.span, help=help, notes=at.notes)

    def _check_whole(self, layers: list[Layer], last: PlacedBlock, info: DatasetInfo) -> None:
        """Check what only the whole network shows: its output and its size."""
        classes, shape = len(info.class_names), layers[-1].output_shape
        if shape != (classes,):
            head = "gap or flatten" if len(shape) == 3 and shape[0] == classes else f"gap, then fc: {classes}"
            help_text = f"end the layers with {head}" if len(shape) == 3 else f"write fc: {classes}"
            message = f"the last layer must give one score for each of the {classes} classes of {info.name}, not "
            self._shape_error("E302", message + describe_shape(shape), last, help_text)
        for what, total, limit in (
            ("parameters", sum(layer.params for layer in layers), MAX_PARAMS),
            ("multiply-accumulates an image", sum(layer.macs for layer in layers), MAX_MACS),
        ):
            if total > limit:
                message = f"the network would have {total:,} {what}; at most {limit:,} are allowed"
                self._shape_error("E304", message, last, "make it smaller")

    def _check_batch_remainder(self, layer: Layer, at: PlacedBlock, info: DatasetInfo, train: Train | None) -> None:
        """Batch norm needs more than one value a channel; a last batch of a single image may not have them."""
        if train is None or layer.block.word != "bn" or any(size > 1 for size in layer.output_shape[1:]):
            return
        images = info.train_images - train.holdout
        if train.batch_size == 1 or images % train.batch_size == 1:
            message = f"bn on {describe_shape(layer.output_shape)} cannot normalise the last batch: {images:,} images in batches of "
            help_text = "choose a batch_size that leaves no single image over"
            self._shape_error("E303", f"{message}{train.batch_size} leave one image", at, help_text)

    def _check_targets(self, entry: Entry | None, spec: Spec | None) -> None:
        """Note targets that nothing is held against."""
        if spec is None or entry is None or not isinstance(entry.node, Mapping):
            return
        last = entry.node.entries.get("last_epochs")
        if last is not None and spec.targets.min_test_accuracy is None:
            self.reader.error("E208", "last_epochs says nothing without min_test_accuracy", last.key, "add it, or remove this")
        if spec.targets.min_test_accuracy is not None and spec.targets.last_epochs > spec.train.epochs:
            place = (last or entry).key
            message = f"last_epochs is {spec.targets.last_epochs}, but the run has {spec.train.epochs} epochs"
            self.reader.error("E205", message, place, "lower it, or train for longer")
