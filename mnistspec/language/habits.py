"""What people bring from Keras, PyTorch and fastai, and what to write here instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistspec.language.phrases import KEY_ALIASES
from mnistspec.language.spec import KEYS, Notes, Reference, Spec, Targets
from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.datasets import Data
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.recipe import Train
from mnistspec.language.vocabulary.schedulers import Scheduler
from mnistspec.language.yaml.tree import Mapping, Node, Scalar
from mnistspec.wording import fold, printable

if TYPE_CHECKING:
    from mnistspec.language.vocabulary.unit import Model, Unit

_SCORES = "leave it out: the loss takes the scores of the last layer as they are"
_NORMALIZED = "leave it out: images are normalised by the mean and deviation of the training images"
_INFERRED = "leave it out: it is known from what comes in"
# Words that need no counterpart, folded; a word of the language never stands here.
WORDS: dict[type[Unit], dict[str, str]] = {
    Block: {
        **dict.fromkeys(("softmax", "logsoftmax", "softmax2d"), _SCORES),
        **dict.fromkeys(("input", "inputlayer"), "leave it out: the size of the images comes from data:"),
        **dict.fromkeys(("sequential", "modulelist"), "leave it out: layers: is the sequence; repeat: repeats one"),
    },
    Augmentation: {
        **dict.fromkeys(("totensor", "toimage", "convertimagedtype", "todtype"), "leave it out: images are tensors"),
        **dict.fromkeys(("normalize", "normalise", "standardize", "rescale", "rescaling"), _NORMALIZED),
    },
}
# Keys that need no counterpart, in a spec and its recipe, and in a block.
RECIPE_KEYS = {
    **dict.fromkeys(("loss", "criterion", "lossfn", "lossfunction", "lossfunc"), "leave it out: it is cross-entropy"),
    **dict.fromkeys(("metric", "metrics"), "leave it out: loss and accuracy are measured in each epoch"),
    "shuffle": "leave it out: the order of the images is drawn anew in each epoch",
    **dict.fromkeys(("numworkers", "pinmemory", "dataloader"), "leave it out: the images are in memory"),
    **dict.fromkeys(("device", "gpu", "gpus", "cuda", "accelerator"), "give --device to mnistspec train instead"),
    **dict.fromkeys(("numclasses", "nclasses", "outputsize"), "leave it out: the classes come from data:"),
    **dict.fromkeys(("inputshape", "inputsize", "imagesize", "inchannels"), "leave it out: it comes from data:"),
    **dict.fromkeys(("onecycle", "fitonecycle"), "write scheduler: {onecycle: {max_lr: 0.1}} under train:"),
}
BLOCK_KEYS = {
    **dict.fromkeys(("in", "inchannels", "infeatures", "inputchannels", "inputfeatures", "inplanes"), _INFERRED),
    **dict.fromkeys(("inputdim", "inputshape", "inputsize", "numfeatures", "indim", "channelsin", "nin"), _INFERRED),
    **dict.fromkeys(
        ("activation", "act", "nonlinearity"), "write the activation as a block of its own, on the line below this one"
    ),
    "name": "leave it out: layers are named by their block and their number",
}
_SECTIONS: dict[str, type[Model]] = {"train": Train, "targets": Targets, "reference": Reference, "notes": Notes}
_TYPE_KEYS = ("type", "name", "class", "kind", "layer", "block", "class_name", "_target_")


def advise_word(family: type[Unit], word: str) -> str:
    """Return what to write instead of a word that the family does not have, or nothing."""
    if family is Data and any(mark in word for mark in "/\\."):
        suffix = word.rpartition(".")[2].lower()
        return (
            f"write the format as well: data: {{{suffix if suffix in {'csv', 'npz'} else 'folder'}: {printable(word)}}}"
        )
    return WORDS.get(family, {}).get(fold(bare_name(word)), "")


def advise_key(owner: type[Model], key: str, node: Node) -> str:
    """Return what to write instead of a key that its owner does not have, or nothing."""
    folded = fold(key)
    if issubclass(owner, Block):
        word = find_member(Block, key)
        own_line = f"write it as a block of its own, on the line below this one: - {word}" if word else ""
        return BLOCK_KEYS.get(folded, own_line)
    if owner in {Spec, Train} and folded in RECIPE_KEYS:
        return RECIPE_KEYS[folded]
    name = KEY_ALIASES.get(key.lower(), key)
    return "" if name in owner.model_fields else _find_home(owner, name, node)


def _find_home(owner: type[Model], name: str, node: Node) -> str:
    """Return where a key belongs that stands in the wrong place."""
    value = node.text[:20] if isinstance(node, Scalar) and node.text else "..."
    if owner is Spec:
        for section, model in _SECTIONS.items():
            if name in model.model_fields:
                return f"write {name}: under {section}:"
    if owner is Train and name in KEYS:
        return f"write {name}: at the beginning of a line, not under train:"
    before = "train: " if owner is Spec else ""
    for family, place in ((Optimizer, "optimizer"), (Scheduler, "scheduler")):
        if owner in {Spec, Train} or (issubclass(owner, Optimizer | Scheduler) and owner.family != family.family):
            word = next((word for word, member in family.members.items() if name in member.model_fields), "")
            if word:
                inner = f"{place}: {{{word}: {{{name}: {printable(value)}}}}}"
                return f"write {before}{{{inner}}}" if before else f"write {inner}"
    return ""


def advise_mapping(family: type[Unit], node: Mapping) -> str:
    """Return how to write ``{type: conv, out_channels: 8}``, or nothing for a mapping of another form."""
    for key in _TYPE_KEYS:
        entry = node.entries.get(key)
        if entry and isinstance(entry.node, Scalar):
            word = find_member(family, entry.node.text)
            if word:
                rest = ", ".join(f"{name}: ..." for name in node.entries if name != key)
                return f"write {word}: {{{printable(rest[:60])}}}"
    return ""


def find_member(family: type[Unit], text: str) -> str:
    """Return the member that a name from elsewhere stands for, such as ``nn.Conv2d``, or nothing."""
    folded = fold(bare_name(text))
    for word, member in family.members.items():
        if folded in {fold(name) for name in (word, *member.aliases)}:
            return word
    return ""


def bare_name(text: str) -> str:
    """Return the name of a class in Python code: ``Conv2d`` for ``torch.nn.Conv2d(1, 8, 3)``."""
    return text[:100].partition("(")[0].rpartition(".")[2].strip()
