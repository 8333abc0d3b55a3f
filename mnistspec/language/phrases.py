"""The words of error messages: what a value is, what was expected, what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistspec.language.yaml.tree import Mapping, Node, Scalar, Sequence
from mnistspec.wording import quote

if TYPE_CHECKING:
    from collections.abc import Mapping as AnyMapping

# Words of other frameworks, for the did-you-mean of a key.
KEY_ALIASES = {
    "learning_rate": "lr",
    "filters": "out_channels",
    "channels": "out_channels",
    "units": "out_features",
    "rate": "p",
    "prob": "p",
    "kernel": "kernel_size",
    "size": "kernel_size",
    "strides": "stride",
    "pad": "padding",
    "use_bias": "bias",
    "wd": "weight_decay",
    "decay": "weight_decay",
    "batch": "batch_size",
    "lr_scheduler": "scheduler",
    "augmentation": "augment",
    "augmentations": "augment",
    "transforms": "augment",
    "dataset": "data",
    "network": "layers",
    "model": "layers",
    "groups": "blocks",
    "accuracy": "min_test_accuracy",
    "base": "extends",
    "inherits": "extends",
    "params": "parameters",
    "hyperparameters": "train",
    "hparams": "train",
    "fit": "train",
    "bs": "batch_size",
    "lr_max": "max_lr",
    "n": "times",
    "count": "times",
}

# pydantic's kinds of errors that mean: this value must be ...
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a mapping of keys to values",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "string_too_long": "at most {max_length} characters long",
    "expected": "{expected}",
}
_YES, _NO = {"yes", "on", "y"}, {"no", "off", "n"}


def expected(error_type: str, context: AnyMapping[str, Any], fallback: str) -> str:
    """Return what a value must be, by pydantic's kind of error and its limits."""
    if error_type not in _EXPECTED:
        return fallback
    limits = {name: _limit(value) for name, value in context.items()}
    return _EXPECTED[error_type].format(**limits)


def _limit(value: object) -> object:
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else value


def describe(node: Node | None) -> str:
    """Return what a node is, for the end of "must be ..., not"."""
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}" if node.items else "an empty list"
    if isinstance(node, Mapping):
        return "a mapping" if node.entries else "an empty mapping"
    if node is None or node.value is None:
        return "nothing"
    return f"the text {quote(node.text)}" if isinstance(node.value, str) else quote(node.text)[1:-1]


def hint(error_type: str, node: Node | None) -> str:
    """Return advice for values that look right to people but are something else in YAML 1.2."""
    if error_type == "int_type" and isinstance(node, Sequence) and node.items:
        values = {item.text for item in node.items if isinstance(item, Scalar)}
        return f"write {values.pop()}" if len(values) == 1 else "write one number; the other arguments have names"
    if not isinstance(node, Scalar):
        return ""
    if error_type == "string_type" and node.value is not None:
        return f'write "{node.text}", in quotes'
    if (
        error_type == "int_type"
        and isinstance(node.value, float)
        and node.value.is_integer()
        and abs(node.value) < 1e15
    ):
        return f"write {node.value:.0f}"
    return _hint_for_text(error_type, node.value) if isinstance(node.value, str) else ""


def _hint_for_text(error_type: str, text: str) -> str:
    if error_type == "bool_type" and text.lower() in _YES | _NO:
        return f"in YAML 1.2 that is text; write {'true' if text.lower() in _YES else 'false'}"
    if text.startswith("$"):
        return "a parameter such as $width is known inside its group under blocks: only"
    if error_type == "int_type" and text.lower() in {"same", "valid"}:
        return "write 0" if text.lower() == "valid" else "write 1 for a kernel of 3, 2 for a kernel of 5, and so on"
    if error_type in {"int_type", "float_type"}:
        digits = text.replace("_", "").replace(",", "")
        if digits.isdigit() and digits.isascii() and len(digits) <= 20:
            return f"write {int(digits)}, without quotes, commas or underscores"
        if text.endswith("%"):
            return "write the number without the percent sign"
    return ""


def path_of(loc: tuple[str | int, ...]) -> str:
    """Return pydantic's ``loc`` as a person would write it: betas[1]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
