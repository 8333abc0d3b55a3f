"""What only the whole spec shows: shapes from block to block, the output, the size, and targets without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.language.shapes import MAX_MACS, MAX_PARAMS, TooLargeError, TracedLayer, trace
from mnistspec.language.vocabulary.block import Block, Shape, ShapeError, describe_shape
from mnistspec.language.yaml.diagnostics import Diagnostic
from mnistspec.language.yaml.tree import Entry, Mapping, Scalar
from mnistspec.wording import did_you_mean, plural, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as AnyMapping

    from mnistspec.language.expansion import PlacedBlock
    from mnistspec.language.reader import Reader
    from mnistspec.language.spec import Spec, Targets
    from mnistspec.language.vocabulary.datasets import Data
    from mnistspec.language.vocabulary.recipe import Train
    from mnistspec.language.yaml.diagnostics import Collector, Span

_SHOWN = 20  # classes that a message names


UNREACHABLE = "E401"  # the code of targets that no training can reach


def check_shapes(placed: list[PlacedBlock], data: Data, train: Train | None, collector: Collector) -> list[TracedLayer]:
    """Return the layers up to the first that does not fit or could not be read; one that does not fit is noted."""
    blocks: list[Block] = []
    for each in placed:
        if each.block is None:
            break  # what comes after is not known
        blocks.append(each.block)
    layers: list[TracedLayer] = []
    try:
        for layer in trace(blocks, data.input_shape):
            layers.append(layer)
            _check_batch(layer, placed[layer.index], train, collector)
        if layers and len(layers) == len(placed):
            _check_output(layers[-1].output_shape, placed[-1], data, collector)
            _check_size(layers)
    except ShapeError as error:
        at = placed[min(len(layers), len(placed) - 1)]
        origin = "" if isinstance(error, TooLargeError) else _origin(placed[len(layers) - 1] if layers else None, at)
        collector.add(error.code, f"{error}{origin}", at.span, error.help, at.notes)
    return layers


def _origin(before: PlacedBlock | None, at: PlacedBlock) -> str:
    """Return where a shape came from, for the end of "gets ..."."""
    if before is None:
        return " from the data set"
    span = before.span
    return f" from line {span.line}" if span.source is at.span.source else f" from {span.source.name}:{span.line}"


def _check_output(shape: Shape, last: PlacedBlock, data: Data, collector: Collector) -> None:
    classes = len(data.class_names)
    if shape == (classes,):
        return
    if len(shape) == 1:
        help_text = f"end with fc: {classes}"
    elif shape == (classes, 1, 1):
        help_text = "end with flatten or gap"
    else:
        help_text = "end with gap" if shape[0] == classes else f"end with gap, then fc: {classes}"
    message = f"the last layer must give one score for each of the {classes} classes of {data.word}, but gives "
    collector.add("E302", message + describe_shape(shape), last.span, help_text, last.notes)


def _check_size(layers: list[TracedLayer]) -> None:
    for what, total, limit in (
        ("parameters", sum(layer.params for layer in layers), MAX_PARAMS),
        ("multiply-accumulates an image", sum(layer.macs for layer in layers), MAX_MACS),
    ):
        if total > limit:
            message = f"the network would have {total:,} {what}; at most {limit:,} are allowed"
            raise TooLargeError(message, "make it smaller")


def _check_batch(layer: TracedLayer, at: PlacedBlock, train: Train | None, collector: Collector) -> None:
    """Batch norm needs more than one value a channel, which a batch of one image may not have."""
    if train is not None and train.batch_size == 1 and _needs_images(layer):
        message = f"{layer.block.word} on {describe_shape(layer.output_shape)} cannot normalise a batch of one image"
        collector.add("E303", message, at.span, "choose a larger batch_size", at.notes)


def find_last_batch(
    spec: Spec, layers: Sequence[TracedLayer], placed: Sequence[PlacedBlock], count: int | None
) -> Iterator[Diagnostic]:
    """Yield a warning for each batch norm whose last batch has one image, if the data set's own files are trained on.

    ``count`` is the number of training images that were found. Other files may have another number, which shows when
    they are read.
    """
    size, total = spec.train.batch_size, spec.data.train_count if count is None else count
    images = None if total is None else total - (0 if spec.train.holdout == "val" else spec.train.holdout)
    if images is None or size == 1 or images % size != 1:
        return
    for layer in filter(_needs_images, layers):
        at = placed[layer.index]
        problem = f"the last batch of {spec.data.display_name}: {images:,} images in batches of {size:,} leave one over"
        message = f"{layer.block.word} on {describe_shape(layer.output_shape)} cannot normalise {problem}"
        help_text = "choose a batch_size that does not leave a single image"
        yield Diagnostic("E303", message, at.span, help_text, at.notes, is_warning=True)


def _needs_images(layer: TracedLayer) -> bool:
    """Whether a layer normalises over images alone, since each of its channels has one value an image."""
    return layer.block.normalizes_batch and all(size == 1 for size in layer.output_shape[1:])


def check_holdout(train: Entry | None, data: Data, counts: AnyMapping[str, int], reader: Reader) -> None:
    """Note a validation part that the data set does not have, and more images to hold out than there are."""
    holdout = train.node.entries.get("holdout") if train and isinstance(train.node, Mapping) else None
    if holdout is None or not isinstance(holdout.node, Scalar):
        return
    value = holdout.node.value
    if value == "val" and "val" not in counts and (counts or data.train_count is not None):
        message = f"{data.display_name} has no validation part"
        reader.error("E205", message, holdout.node.span, "give a number of training images to hold out")
    elif isinstance(value, int) and value >= counts.get("train", value + 1):
        message = f"holdout is {value:,}, but {data.display_name} has only {counts['train']:,} training images"
        reader.error("E205", message, holdout.node.span, "hold out fewer")


def check_class_weights(train: Entry | None, data: Data, reader: Reader) -> None:
    """Note weights of classes that the data set does not have."""
    weights = train.node.entries.get("class_weights") if train and isinstance(train.node, Mapping) else None
    if weights is None or not isinstance(weights.node, Mapping):
        return
    names = data.class_names
    for name, entry in weights.node.entries.items():
        if name not in names:
            meant = reader.collector.suggest(name, names)
            more = ", ..." if len(names) > _SHOWN else ""
            help_text = "" if meant else f"classes of {data.word}: {', '.join(names[:_SHOWN])}{more}"
            message = f"{data.word} has no class {quote(name)}{did_you_mean(meant)}"
            reader.error("E201", message, entry.key, help_text)


def check_targets(targets: Targets, entry: Entry | None, reader: Reader) -> None:
    """Note targets that nothing is held against."""
    if entry is None or not isinstance(entry.node, Mapping):
        return
    last = entry.node.entries.get("last_epochs")
    if last is not None and "min_test_accuracy" not in entry.node.entries and targets.min_test_accuracy is None:
        message = "last_epochs says nothing without min_test_accuracy"
        reader.error("E208", message, last.key, "add min_test_accuracy, or remove this")


def find_unreachable(spec: Spec, entry: Entry | None) -> Iterator[Diagnostic]:
    """Yield a warning for each target that is missed whatever the training does."""
    if entry is None or not isinstance(entry.node, Mapping):
        return
    targets, epochs = spec.targets, spec.train.epochs
    shorter = f"train for at most {targets.max_epochs} epochs, or raise the target"
    last = targets.last_epochs if targets.min_test_accuracy is not None else None
    for key, wanted, sign, got, what, help_text in (
        (
            "max_params",
            targets.max_params,
            1,
            spec.params,
            "parameter",
            "make the network smaller, or raise the target",
        ),
        ("max_epochs", targets.max_epochs, 1, epochs, "epoch", shorter),
        ("last_epochs", last, -1, epochs, "epoch", "train for longer, or lower the target"),
    ):
        if wanted is not None and sign * got > sign * wanted:
            message = f"{key} is {wanted:,}, but there {'is' if got == 1 else 'are'} {plural(got, what)}"
            yield Diagnostic(UNREACHABLE, message, _value_of(entry.node, key), help_text, is_warning=True)


def _value_of(mapping: Mapping, key: str) -> Span:
    """Return the place of a key's value, or of the key if the value has none of its own."""
    entry = mapping.entries[key]
    return entry.node.span if isinstance(entry.node, Scalar) and entry.node.text else entry.key
